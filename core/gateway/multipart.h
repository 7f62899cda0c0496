// A 206 of several ranges (RFC 9110 14.6, 15.3.7.2): each part has a head of its own.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/gateway/body.h"
#include "core/http/body.h"
#include "core/http/range.h"

namespace skerry::gateway {

// Ranges nearer to each other than this are sent as one: a part's head is about as long.
inline constexpr uint64_t kPartOverhead = 128;

struct Multipart {
  std::string type;  // "multipart/byteranges; boundary=…", with a boundary of 128 random bits
  std::unique_ptr<http::BodySource> body;
};

// `part` gives the body of each range when its turn comes; `media_type` is the whole's
// Content-Type, may be empty. The body's length is known. A part that ends early fails it.
// REQUIRES: two ranges at least, inside `size`.
Multipart MakeMultipart(const std::vector<http::ByteRange>& ranges, uint64_t size,
                        std::string_view media_type,
                        std::function<std::unique_ptr<http::BodySource>(BodyPart)> part);

}  // namespace skerry::gateway
