// Hash of a scope → its generations: open addressing over slots of 32 bytes, so
// that a look-up is one cache line. Private to the room; nothing here locks.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

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

class ScopeTable {
 public:
  struct Slot {
    uint64_t hash = 0;   // 0: free
    uint64_t wider = 0;  // the scope it coarsens to (a host); 0: to everything
    Gens gens;
  };

  // What was raised for this hash; nothing raised is empty.
  Gens Find(uint64_t hash) const;
  // REQUIRES: hash != 0
  void Raise(uint64_t hash, uint64_t wider, const Gens& gens);

  // So many more can be raised and the table does not grow.
  bool HasRoom(size_t more) const { return (used_ + more) * 8 <= slots_.size() * 5; }
  // The same with room for so many more.
  ScopeTable Larger(size_t more) const;
  // Brings the slot near: a look-up or two later is no wait for memory.
  void Prefetch(uint64_t hash) const {
    if (!slots_.empty()) __builtin_prefetch(&slots_[hash & (slots_.size() - 1)]);
  }

  size_t size() const { return used_; }
  template <class Visit>
  void ForEach(Visit visit) const {
    for (const Slot& slot : slots_) {
      if (slot.hash != 0) visit(slot);
    }
  }

 private:
  size_t IndexOf(uint64_t hash) const;

  std::vector<Slot> slots_;  // a power of two, at most 5/8 used
  size_t used_ = 0;
};

}  // namespace skerry::cache
