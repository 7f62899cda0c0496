#include "pipeline/base/memory_gate.h"

#include <utility>
#include <vector>

namespace skerry::pipeline {

void MemoryGate::Enter(ByteCount bytes, std::function<void()> begin) {
  {
    MutexLock lock(mutex_);
    waiting_.emplace(bytes, std::move(begin));
  }
  BeginWhatFits();
}

void MemoryGate::Leave(ByteCount bytes) {
  {
    MutexLock lock(mutex_);
    used_ -= bytes;
  }
  BeginWhatFits();
}

void MemoryGate::BeginWhatFits() {
  std::vector<std::function<void()>> begun;
  {
    MutexLock lock(mutex_);
    for (auto next = waiting_.end(); next != waiting_.begin();) {
      --next;
      if (used_ > 0 && used_ + next->first > limit_) continue;
      used_ += next->first;
      begun.push_back(std::move(next->second));
      next = waiting_.erase(next);
    }
  }
  for (const std::function<void()>& begin : begun) begin();
}

}  // namespace skerry::pipeline
