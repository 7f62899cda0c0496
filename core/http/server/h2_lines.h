// What an HTTP/2 session takes of heads. Private to this room.
#pragma once

#include <nghttp2/nghttp2.h>

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "core/http/server/hpack_encoder.h"
#include "core/http/server/prepared_head.h"
#include "core/http/server/server_session.h"

namespace skerry::http {

// A field whose bytes stay where they are until nghttp2 has sent them.
inline nghttp2_nv Reference(std::string_view name, std::string_view value) {
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

// The same for a session whose HpackEncoder has the dynamic table to itself.
inline nghttp2_nv ReferenceUnindexed(std::string_view name, std::string_view value) {
  nghttp2_nv line = Reference(name, value);
  line.flags |= NGHTTP2_NV_FLAG_NO_INDEX;
  return line;
}

// `digits` has the code. What HPACK's static table has needs no other.
inline nghttp2_nv StatusLine(int status, const Decimal& digits) {
  for (const int known : {200, 204, 206, 304, 400, 404, 500}) {
    if (status == known) return Reference(":status", digits.view());
  }
  return ReferenceUnindexed(":status", digits.view());
}

// The last Content-Length of the lists, if there is one.
inline std::optional<std::string_view> DeclaredLength(const std::array<const Fields*, 2>& lists) {
  std::optional<std::string_view> length;
  for (const Fields* list : lists) {
    if (list == nullptr) continue;
    for (const Field& field : *list) {
      if (field.name == "content-length") length = field.value;
    }
  }
  return length;
}

// More than the lists take in a header block: HpackEncoder::MostBytes of each line.
inline size_t BlockBytesAtMost(const std::array<const Fields*, 2>& lists) {
  size_t bytes = 0;
  for (const Fields* list : lists) {
    if (list != nullptr) bytes += list->ByteSize();
  }
  return bytes;
}

struct PreparedHead::H2Lines {
  Decimal status;
  nghttp2_nv status_line{};
  HpackLines rest;
};

}  // namespace skerry::http
