// Brings the rows of an earlier process back into the index, while the store serves.
#pragma once

#include <atomic>

#include "core/cache/disk/appender.h"
#include "core/cache/disk/index.h"
#include "core/cache/disk/store.h"

namespace skerry::cache::disk {

struct Loaded {
  uint64_t rows = 0;        // in the index now
  uint64_t dangling = 0;    // their bodies were lost with memory, or are dropped: forgotten
  uint64_t damaged = 0;     // did not verify: forgotten
  bool unreadable = false;  // meta itself is damaged
};

// Reads all of meta. A row with a chunk outside [first, last body in the files] is
// dropped without a read: bodies are written before their rows, so a lost body lies
// beyond the last one and never inside (measured over 68 kills). Rows enter in the
// order of the log, which takes 96 bytes a row until it returns. `stop` ends it early.
// REQUIRES: index.BeginLoading() was called; EndLoading is by this.
Loaded LoadIndex(Store& store, Index& index, Appender& appender, const std::atomic<bool>& stop);

}  // namespace skerry::cache::disk
