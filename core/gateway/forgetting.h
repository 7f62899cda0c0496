// Forgets generations that nothing stored and no fetch under way can meet any more, so
// that years of purges leave no more behind than what the cache holds.
//
// A walk over the RAM tier judges every entry: what is purged goes, the rest counts as
// no older than now. What is left to meet old generations is the disk tier's oldest
// row, the oldest fetch, and what was purged softly. Whatever a walk has missed (a fetch
// for one client alone) is validated before it is used: nothing forgotten is ever
// served as fresh.
#pragma once

#include <cstddef>
#include <optional>

#include "core/cache/disk/disk.h"
#include "core/cache/fill/table.h"
#include "core/cache/purge/generations.h"
#include "core/cache/ram.h"

namespace skerry::gateway {

// Owner: the cache. Thread: one at a time, not a loop's.
class Forgetting {
 public:
  struct Parts {
    cache::Generations& generations;
    cache::Ram& ram;
    const cache::FillTable& fills;
    const cache::Disk* disk = nullptr;  // null: memory only
    // A walk begins when so many scopes have come since the last. Of half a million
    // that are kept at most; a walk over a million entries takes a second.
    size_t each = 125'000;
  };
  explicit Forgetting(const Parts& parts) : parts_(parts) {}

  // The next bit of a walk, some milliseconds, if one is due or under way; to be called
  // after records were applied. False: nothing more is to be done now.
  bool Step();

 private:
  void Begin();
  void Look(const cache::EntryPtr& entry);
  void End();

  const Parts parts_;
  size_t kept_ = 0;                   // scopes after the last walk
  std::optional<cache::Seq> oldest_;  // of what this walk has seen; nothing: none is under way
  cache::Ram::Place place_;
};

}  // namespace skerry::gateway
