// Content codings, and the recipes by which bytes are encoded in them.
//
// A recipe is part of an ETag: two answers whose ETags differ in nothing but the
// recipe's name hold the same representation in different bytes, so a range of one
// never continues the other.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/digest.h"

namespace skerry::asset {

enum class Coding : uint8_t {
  kIdentity,
  kGzip,    // RFC 1952
  kBrotli,  // RFC 7932
  kZstd,    // RFC 8878, window at most 8 MiB (RFC 9659)
  kDcz,     // RFC 9842: zstd with the dictionary named in its header
};

// The token of Content-Encoding and of manifests: "identity", "gzip", "br", "zstd", "dcz".
std::string_view Name(Coding coding);
// Nothing for a word that is none of these, in lower case.
std::optional<Coding> CodingOf(std::string_view token);

// What is appended to a file's name in a release directory: "", ".gz", ".br", ".zst".
// A dcz file is named by DczSuffix().
std::string_view FileSuffix(Coding coding);
// ".0123456789abcdef.dcz": the first 16 hex digits of the dictionary's SHA-256.
std::string DczSuffix(const Sha256Digest& dictionary);

struct Recipe {
  Coding coding = Coding::kIdentity;
  int level = 0;
  bool operator==(const Recipe&) const = default;
};

// Fast enough to encode while a response is on its way.
inline constexpr Recipe kFastBrotli{Coding::kBrotli, 5};
inline constexpr Recipe kFastGzip{Coding::kGzip, 6};
inline constexpr Recipe kFastZstd{Coding::kZstd, 3};
// As small as it gets, for what is encoded once and sent often. gzip 12 is libdeflate's.
inline constexpr Recipe kBestBrotli{Coding::kBrotli, 11};
inline constexpr Recipe kBestGzip{Coding::kGzip, 12};
inline constexpr Recipe kBestZstd{Coding::kZstd, 19};
inline constexpr Recipe kBestDcz{Coding::kDcz, 19};

// "br5", "gzip12", "zstd19"; "" for identity.
std::string Name(const Recipe& recipe);

// Bodies below this many bytes are sent as they are: the coded one saves no packet.
inline constexpr uint64_t kLeastWorthCompressing = 1000;

}  // namespace skerry::asset
