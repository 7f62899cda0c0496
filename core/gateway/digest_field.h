// Fields that say what a body must be: its length and its digests (RFC 9530).
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/digest.h"
#include "core/base/sha512.h"
#include "core/http/message.h"

namespace skerry::gateway {

// Content-Length; nothing if absent or not a number (the session has checked it).
std::optional<uint64_t> ContentLength(const http::Fields& fields);

struct BodyDigest {
  enum class Algorithm : uint8_t { kSha256, kSha512 };
  Algorithm algorithm = Algorithm::kSha256;
  std::string bytes;
  bool operator==(const BodyDigest&) const = default;
};

// What the bytes that come must hash to, as Content-Digest and, for an answer without
// Content-Range, Repr-Digest say: all of them, in every algorithm that we know. Others,
// and what cannot be read, say nothing.
std::vector<BodyDigest> BodyDigests(const http::Fields& fields);

// Removes Content-Digest, which is of one message's bytes and not of the stored ones.
void RemoveOfContent(http::Fields& fields);

// Compares one body with its digests, those of the head and those of the trailers, which
// the head has to announce (Trailer): nobody hashes every body because of what may follow.
class BodyCheck {
 public:
  // Nothing: there is nothing to compare with, nor announced.
  static std::optional<BodyCheck> Of(const http::Fields& head);

  // What the head says; empty: only the trailers will.
  const std::vector<BodyDigest>& expected() const { return expected_; }
  void Update(std::string_view bytes);
  // Whether all digests of head and trailers are those of the bytes so far. Begins anew.
  bool Matches(const http::Fields& trailers);

 private:
  std::vector<BodyDigest> expected_;
  bool partial_ = false;  // Repr-Digest is not of these bytes
  std::optional<Sha256Stream> sha256_;
  std::optional<Sha512Stream> sha512_;
};

}  // namespace skerry::gateway
