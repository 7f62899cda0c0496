// One shard of the RAM tier: who is in, who stays.
//
// Newcomers enter a small window in LRU order. Who falls out of the window
// contends for the main part with the entries it would push out: it gets in if
// the sketch has seen its key more often than all of theirs together, so a large
// newcomer must be worth several small ones (W-TinyLFU with aggregated victims).
// Entries that won are treated as just used, so that the next contender meets
// others. The main part is a segmented LRU: entered on probation, protected when
// used. docs/why/ram-policy.md has the measurements behind the constants.
//
// While the main part has room, what lies on the disk, too, and was asked for once does not
// get it: it would be new memory, and most of that is never asked for again. If it is, it is
// read from the disk once. So long the window of a large tier is a small one, too: the same
// memory is used again while the processor's caches have it.
//
//   Offer ─▶ window ─(contest)─▶ probation ─(use)─▶ protected
//                 └─▶ dropped ◀──────┘ ◀─(overflow: back to probation)
//
// Thread: any; one mutex, nothing is called while it is held and no entry is
// destroyed under it.
#pragma once

#include <cstddef>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/thread.h"
#include "core/cache/frequency_sketch.h"
#include "core/cache/ram.h"
#include "core/cache/ram_nodes.h"

namespace skerry::cache {

class RamShard {
 public:
  struct Limits {
    ByteCount capacity;
    ByteCount largest_object;
    size_t variants_per_key;
    uint64_t table_seed;
  };
  // Entries that left; the caller lets them go after the lock.
  struct Dropped {
    std::vector<EntryPtr> pushed_out_after_hit;
    std::vector<EntryPtr> others;
  };

  explicit RamShard(const Limits& limits);
  RamShard(const RamShard&) = delete;
  RamShard& operator=(const RamShard&) = delete;

  std::vector<EntryPtr> Find(const Key& key) SKERRY_EXCLUDES(mutex_);
  void FindKept(const Key& key, std::vector<EntryPtr>& found) SKERRY_EXCLUDES(mutex_);
  bool AskedBefore(const Key& key) const SKERRY_EXCLUDES(mutex_);
  std::vector<EntryPtr> Peek(const Key& key) const SKERRY_EXCLUDES(mutex_);
  Offered Offer(EntryPtr entry, bool on_disk, Dropped& dropped) SKERRY_EXCLUDES(mutex_);
  bool Replace(const EntryPtr& old, EntryPtr fresh, Dropped& dropped) SKERRY_EXCLUDES(mutex_);
  size_t Remove(const Key& key, Dropped& dropped) SKERRY_EXCLUDES(mutex_);
  bool Remove(const EntryPtr& entry, Dropped& dropped) SKERRY_EXCLUDES(mutex_);
  // Adds the entries from `bucket` on until `seen` has `enough`; false at the end.
  bool Walk(size_t& bucket, size_t enough, std::vector<EntryPtr>& seen) const
      SKERRY_EXCLUDES(mutex_);

  ByteCount bytes() const SKERRY_EXCLUDES(mutex_);
  size_t objects() const SKERRY_EXCLUDES(mutex_);
  uint64_t variants_capped() const SKERRY_EXCLUDES(mutex_);

 private:
  void Gather(const Key& key, std::vector<EntryPtr>& found) SKERRY_REQUIRES(mutex_);
  // The node of this very entry, or of its key and variant; 0 if there is none.
  RamNodeId FindEntry(const EntryPtr& entry) const SKERRY_REQUIRES(mutex_);
  RamNodeId FindVariant(const StoredHead& head) const SKERRY_REQUIRES(mutex_);

  ByteCount main_bytes() const SKERRY_REQUIRES(mutex_) {
    return nodes_.bytes(RamSegment::kProbation) + nodes_.bytes(RamSegment::kProtected);
  }
  void ShrinkProtected() SKERRY_REQUIRES(mutex_);
  bool CanWait(const RamNode& node) const SKERRY_REQUIRES(mutex_);
  bool WindowIsOver() const SKERRY_REQUIRES(mutex_);
  void ShrinkWindow(Dropped& dropped) SKERRY_REQUIRES(mutex_);
  bool WinsPlace(const Hash128& key, ByteCount size, Dropped& dropped) SKERRY_REQUIRES(mutex_);
  RamNodeId NextVictim(RamNodeId after) const SKERRY_REQUIRES(mutex_);
  void MakeRoom(RamNodeId keep, Dropped& dropped) SKERRY_REQUIRES(mutex_);
  void CapVariants(const Key& key, Dropped& dropped) SKERRY_REQUIRES(mutex_);
  void ResizeSketch() SKERRY_REQUIRES(mutex_);
  Offered Insert(EntryPtr&& entry, ByteCount size, bool on_disk, Dropped& dropped)
      SKERRY_REQUIRES(mutex_);
  void Swap(RamNodeId id, EntryPtr fresh, ByteCount size, Dropped& dropped) SKERRY_REQUIRES(mutex_);
  void Drop(RamNodeId id, bool pushed_out, Dropped& dropped) SKERRY_REQUIRES(mutex_);

  const Limits limits_;
  const ByteCount window_capacity_;
  const ByteCount main_capacity_;
  const ByteCount protected_capacity_;

  mutable Mutex mutex_;  // lock order: last
  RamNodes nodes_ SKERRY_GUARDED_BY(mutex_);
  FrequencySketch sketch_ SKERRY_GUARDED_BY(mutex_);
  uint64_t variants_capped_ SKERRY_GUARDED_BY(mutex_) = 0;
};

}  // namespace skerry::cache
