// What a process does until it is killed, and what must hold of the store it leaves.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "core/base/result.h"

namespace skerry::cache::disk {

inline constexpr uint64_t kCrashBudget = 64ull << 20;

// What the worker tells its examiner, through a pipe.
struct CrashNote {
  enum Kind : uint32_t {
    kPurged,      // acknowledged: the URL of this number, at this place in the log
    kForgetting,  // said before it is done
    kLooking,     // a look at the younger half of what is stored begins
    kThere,       // found at that look
    kLooked,
  };
  uint32_t kind = 0;
  uint32_t number = 0;
  uint64_t seq = 0;
};

// Inserts, reads, forgets, refreshes, evicts and purges until killed; returns only on
// an error, with its text. Writes notes to `notes`.
std::string WorkUntilKilled(const std::string& directory, uint64_t seed, int notes);

struct CrashVerdict {
  std::vector<bool> found;  // by number: a response that verified
  uint64_t objects = 0;
  uint64_t damaged = 0;      // rows that did not verify
  uint64_t wrong_bytes = 0;  // bodies other than those stored: must be none
  uint64_t undone = 0;       // acknowledged purges the store does not know of
  double open_seconds = 0;
};
// Opens the store and reads every row whole. `purged`: what was acknowledged.
Result<CrashVerdict> Examine(const std::string& directory, const std::vector<CrashNote>& purged);

}  // namespace skerry::cache::disk
