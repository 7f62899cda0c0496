// Two fields that say what a body must be: its length and its digest.
#pragma once

#include <cstdint>
#include <optional>

#include "core/base/digest.h"
#include "core/http/message.h"

namespace skerry::gateway {

// Content-Length; nothing if absent or not a number (the session has checked it).
std::optional<uint64_t> ContentLength(const http::Fields& fields);

// The SHA-256 of Repr-Digest (RFC 9530 3); nothing if there is none. For an answer
// without Content-Range this is the digest of the bytes that come.
std::optional<Sha256Digest> ReprDigestSha256(const http::Fields& fields);

}  // namespace skerry::gateway
