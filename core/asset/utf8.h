// Whether bytes are well-formed UTF-8. Private to this room.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace skerry::asset {

// Unicode 15, table 3-7: no overlong forms, no surrogates, nothing above U+10FFFF.
inline bool IsUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const auto lead = static_cast<uint8_t>(text[i]);
    size_t follow = 0;
    uint8_t least = 0x80;
    uint8_t most = 0xbf;
    if (lead >= 0xc2 && lead <= 0xdf) {
      follow = 1;
    } else if (lead >= 0xe0 && lead <= 0xef) {
      follow = 2;
      if (lead == 0xe0) least = 0xa0;
      if (lead == 0xed) most = 0x9f;
    } else if (lead >= 0xf0 && lead <= 0xf4) {
      follow = 3;
      if (lead == 0xf0) least = 0x90;
      if (lead == 0xf4) most = 0x8f;
    } else if (lead >= 0x80) {
      return false;
    }
    if (follow >= text.size() - i) return false;
    for (size_t k = 1; k <= follow; ++k) {
      const auto c = static_cast<uint8_t>(text[i + k]);
      if (c < least || c > most) return false;
      least = 0x80;
      most = 0xbf;
    }
    i += follow + 1;
  }
  return true;
}

}  // namespace skerry::asset
