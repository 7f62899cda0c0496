// What nghttp2 takes of a PreparedHead. Private to this room.
#pragma once

#include <nghttp2/nghttp2.h>

#include <array>
#include <optional>
#include <string_view>
#include <vector>

#include "core/http/prepared_head.h"
#include "core/http/server_session.h"

namespace skerry::http {

// A field whose bytes stay where they are until nghttp2 has sent them.
inline nghttp2_nv Reference(std::string_view name, std::string_view value) {
  const auto bytes = [](std::string_view text) {
    return reinterpret_cast<uint8_t*>(const_cast<char*>(text.data()));
  };
  return {bytes(name), bytes(value), name.size(), value.size(),
          NGHTTP2_NV_FLAG_NO_COPY_NAME | NGHTTP2_NV_FLAG_NO_COPY_VALUE};
}

// Appends the fields of the lists; the last Content-Length among them, if there is one.
inline std::optional<std::string_view> AddLines(const std::array<const Fields*, 2>& lists,
                                                std::vector<nghttp2_nv>& lines) {
  std::optional<std::string_view> length;
  for (const Fields* list : lists) {
    if (list == nullptr) continue;
    for (const Field& field : *list) {
      lines.push_back(Reference(field.name, field.value));
      if (field.name == "content-length") length = field.value;
    }
  }
  return length;
}

struct PreparedHead::H2Lines {
  Decimal status;
  Decimal length;
  std::vector<nghttp2_nv> lines;
};

}  // namespace skerry::http
