#include "core/cache/disk/positions.h"

#include <utility>

namespace skerry::cache::disk {

Positions::Positions(uint64_t mark, std::function<Status(uint64_t)> reserve)
    : first_(mark), reserve_(std::move(reserve)), next_(mark), mark_(mark) {}

std::optional<uint64_t> Positions::Take(uint64_t count) {
  MutexLock lock(mutex_);
  if (mark_ - next_ < count) return std::nullopt;
  return std::exchange(next_, next_ + count);
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
