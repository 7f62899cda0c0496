// What a process does until it is killed, and what must hold of the store it leaves.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/result.h"

namespace skerry::cache::disk {

inline constexpr uint64_t kCrashBudget = 64ull << 20;

// Inserts, reads, forgets, refreshes, evicts and puts control facts until killed;
// returns only on an error, with its text. Writes the number of the last control
// fact that was acknowledged to `acknowledged` (a pipe), eight bytes each.
std::string WorkUntilKilled(const std::string& directory, uint64_t seed, int acknowledged);

struct CrashVerdict {
  uint64_t objects = 0;
  uint64_t damaged = 0;      // rows that did not verify
  uint64_t wrong_bytes = 0;  // bodies other than those stored: must be none
  uint64_t facts = 0;        // the newest control fact
  double open_seconds = 0;
};
// Opens the store and reads every row whole.
Result<CrashVerdict> Examine(const std::string& directory, uint64_t seed);

}  // namespace skerry::cache::disk
