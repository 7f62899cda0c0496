// Places in the log that somebody is reading: eviction drops around them.
//
// Snapshots and iterators do not protect against a file that is deleted; only not
// deleting it does. A pin costs its chunks' bytes against a bound, so that slow
// readers cannot keep the whole log: a pin beyond it is empty and protects nothing.
//
// Thread: any.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/thread.h"
#include "core/cache/entry.h"

namespace skerry::cache::disk {

// Both ends belong to it.
struct PositionRange {
  uint64_t first = 0;
  uint64_t last = 0;
  bool operator==(const PositionRange&) const = default;
};

class Pins : public std::enable_shared_from_this<Pins> {
 public:
  explicit Pins(ByteCount bound) : bound_(bound) {}

  // Protects these chunks until the pointer is dropped. Null beyond the bound.
  std::shared_ptr<void> Pin(const Extents& extents);

  bool Overlaps(const PositionRange& range) const;
  // Every chunk counted as a whole one.
  ByteCount bytes() const;

 private:
  using Id = uint64_t;
  void Unpin(Id id, ByteCount bytes);

  const ByteCount bound_;
  mutable Mutex mutex_;  // lock order: last; nothing is called while it is held
  Id last_id_ SKERRY_GUARDED_BY(mutex_) = 0;
  ByteCount bytes_ SKERRY_GUARDED_BY(mutex_) = 0;
  std::map<Id, std::vector<PositionRange>> ranges_ SKERRY_GUARDED_BY(mutex_);
};

}  // namespace skerry::cache::disk
