// Fields that say what a body must be: its length and its digest.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "core/base/digest.h"
#include "core/http/message.h"

namespace skerry::gateway {

// Content-Length; nothing if absent or not a number (the session has checked it).
std::optional<uint64_t> ContentLength(const http::Fields& fields);

// What the SHA-256 of the bytes that come must be, as Content-Digest and, for an answer
// without Content-Range, Repr-Digest say (RFC 9530): all of them. Empty: nothing is said.
std::vector<Sha256Digest> BodyDigests(const http::Fields& fields);

}  // namespace skerry::gateway
