// Holds work back until there is memory for it.
#pragma once

#include <cstdint>
#include <functional>
#include <map>

#include "core/base/bytes.h"
#include "core/base/thread.h"

namespace skerry::pipeline {

// Work is begun in the order in which it fits, the largest first; what is larger than the
// whole limit is begun alone. Thread: any.
class MemoryGate {
 public:
  explicit MemoryGate(ByteCount limit) : limit_(limit) {}

  // `begin` is called, at once or later, in the thread that makes room.
  void Enter(ByteCount bytes, std::function<void()> begin);
  // What was entered with `bytes` needs them no longer.
  void Leave(ByteCount bytes);

 private:
  void BeginWhatFits();

  const ByteCount limit_;
  Mutex mutex_;  // not held while work is begun
  ByteCount used_ SKERRY_GUARDED_BY(mutex_) = 0;
  std::multimap<ByteCount, std::function<void()>> waiting_ SKERRY_GUARDED_BY(mutex_);
};

}  // namespace skerry::pipeline
