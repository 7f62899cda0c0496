// Hash of a scope → its generations: open addressing over slots of 32 bytes, so
// that a look-up is one cache line. Private to the room; nothing here locks.
//
// Thread: one that raises, and beside it any that find: what is raised meanwhile is found or
// not yet. The table must stay where it is as long as somebody looks (no move, and no Raise
// without HasRoom).
#pragma once

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <memory>

#include "core/cache/purge/record.h"

namespace skerry::cache {

// The newest purge of a scope in each mode; 0: none. Which clock these count is the
// owner's business.
struct Gens {
  uint64_t hard = 0;
  uint64_t soft = 0;

  uint64_t newest() const { return std::max(hard, soft); }
  bool empty() const { return newest() == 0; }
  void Raise(PurgeMode mode, uint64_t to) {
    uint64_t& gen = mode == PurgeMode::kHard ? hard : soft;
    gen = std::max(gen, to);
  }
  void Raise(const Gens& other) {
    hard = std::max(hard, other.hard);
    soft = std::max(soft, other.soft);
  }
};

struct ReleaseMemory {
  size_t mapped = 0;  // bytes; 0: of calloc
  void operator()(void* memory) const;
};

class ScopeTable {
 public:
  struct Slot {
    uint64_t hash = 0;   // 0: free
    uint64_t wider = 0;  // the scope it coarsens to (a host); 0: to everything
    Gens gens;
  };

  ScopeTable() = default;
  // With room for so many.
  explicit ScopeTable(size_t room);
  ScopeTable(ScopeTable&& other) noexcept;
  ScopeTable& operator=(ScopeTable&& other) noexcept;

  // What was raised for this hash; nothing raised is empty.
  Gens Find(uint64_t hash) const;
  // REQUIRES: hash != 0
  void Raise(uint64_t hash, uint64_t wider, const Gens& gens);

  // So many more can be raised and the table does not grow.
  bool HasRoom(size_t more) const { return (used_ + more) * 8 <= count_ * 5; }
  // The same with room for so many more.
  ScopeTable Larger(size_t more) const;
  // Brings the slot near: a look-up or two later is no wait for memory.
  void Prefetch(uint64_t hash) const {
    if (count_ != 0) __builtin_prefetch(&slots_[hash & (count_ - 1)]);
  }

  size_t size() const { return used_.load(std::memory_order_relaxed); }
  // Thread: the one that raises, or while nobody does.
  template <class Visit>
  void ForEach(Visit visit) const {
    for (size_t i = 0; i < count_; ++i) {
      if (slots_[i].hash != 0) visit(slots_[i]);
    }
  }

 private:
  using Slots = std::unique_ptr<Slot[], ReleaseMemory>;
  static Slots Free(size_t count);
  size_t IndexOf(uint64_t hash) const;

  Slots slots_;
  size_t count_ = 0;  // a power of two, at most 5/8 used
  std::atomic<size_t> used_{0};
};

}  // namespace skerry::cache
