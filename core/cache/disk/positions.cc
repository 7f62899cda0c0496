#include "core/cache/disk/positions.h"

#include <utility>

namespace skerry::cache::disk {

Positions::Positions(uint64_t mark, std::function<Status(uint64_t)> reserve)
    : first_(mark), reserve_(std::move(reserve)), next_(mark), mark_(mark) {}

std::optional<uint64_t> Positions::Take() {
  MutexLock lock(mutex_);
  if (next_ >= mark_) return std::nullopt;
  return next_++;
}

Status Positions::Refill() {
  uint64_t wanted = 0;
  {
    MutexLock lock(mutex_);
    if (mark_ - next_ >= kBlock / 2) return {};
    wanted = mark_ + kBlock;
  }
  if (Status reserved = reserve_(wanted); !reserved) return reserved;
  MutexLock lock(mutex_);
  mark_ = wanted;
  return {};
}

}  // namespace skerry::cache::disk
