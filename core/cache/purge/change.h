// A record as a node keeps it: what it names, normalised and hashed. Generations hold
// it, the journal writes it; a tenth of the bytes of the record's URLs.
//
//   batch   := "SKTAIL01" | change* | XXH3 of all before
//   change  := seq u64 | flags u8: 1 soft, 2 all | count u32, run* | count u32, prefix*
//   run     := wider u64 | count u32 | hash u64 *     neighbours with one wider scope
//   prefix  := length u32, text | wider u64
// Integers are little-endian. Private to the room, but for Generations::ChangeOf.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/cache/purge/record.h"

namespace skerry::cache {

struct Change {
  // `wider`: what it coarsens to, the host of a URL; 0: everything.
  struct Scope {
    uint64_t hash = 0;
    uint64_t wider = 0;
    bool operator==(const Scope&) const = default;
  };
  struct Prefix {
    std::string text;
    uint64_t wider = 0;
    bool operator==(const Prefix&) const = default;
  };
  Seq seq = 0;
  PurgeMode mode = PurgeMode::kHard;
  bool all = false;
  std::vector<Scope> scopes;
  std::vector<Prefix> prefixes;
  bool operator==(const Change&) const = default;
};

std::string EncodeChanges(const std::vector<Change>& changes);
// Nothing unless the bytes are exactly what EncodeChanges writes.
std::optional<std::vector<Change>> DecodeChanges(std::string_view bytes);

}  // namespace skerry::cache
