// Numbers that are never given out twice, not even after a crash: places in the
// body log, and the ids of fills.
//
// They are taken from a block of kBlock that was reserved durably before; a process
// begins at the mark its predecessor reserved, however few of those it used. So a
// body of an earlier process can never be found at a place given out by this one.
//
// Thread: any.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>

#include "core/base/result.h"
#include "core/base/thread.h"

namespace skerry::cache::disk {

class Positions {
 public:
  static constexpr uint64_t kBlock = 1'000'000;

  // Numbers below `mark` may have been used by an earlier process. `reserve` makes a
  // new mark durable before it returns.
  Positions(uint64_t mark, std::function<Status(uint64_t new_mark)> reserve);

  // The next number, larger than all before; nothing while none is reserved.
  std::optional<uint64_t> Take() { return Take(1); }
  // The first of so many that follow each other.
  std::optional<uint64_t> Take(uint64_t count);
  // Reserves a block when less than half of one is left. Blocks for a sync; called by
  // the appender, which may.
  Status Refill();
  // Where this process began.
  uint64_t first() const { return first_; }

 private:
  const uint64_t first_;
  const std::function<Status(uint64_t)> reserve_;
  Mutex mutex_;
  uint64_t next_ SKERRY_GUARDED_BY(mutex_);
  uint64_t mark_ SKERRY_GUARDED_BY(mutex_);
};

}  // namespace skerry::cache::disk
