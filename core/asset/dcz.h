// The header of a dcz body (RFC 9842 section 5). Private to this room.
#pragma once

#include <string>
#include <string_view>

#include "core/base/digest.h"

namespace skerry::asset {

// header := 5e 2a 4d 18 | 20 00 00 00 | SHA-256 of the dictionary, 32 bytes
// The first eight bytes make it a skippable zstd frame of 32 bytes.
inline constexpr std::string_view kDczMagic("\x5e\x2a\x4d\x18\x20\0\0\0", 8);

inline std::string DczHeader(const Sha256Digest& dictionary) {
  return std::string(kDczMagic) + std::string(dictionary.raw());
}

}  // namespace skerry::asset
