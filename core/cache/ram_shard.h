// One shard of the RAM tier: a table of keys, and the policy that says who stays.
//
// Newcomers enter a small window in LRU order. Who falls out of the window
// contends for the main part with the entries it would push out: it gets in if
// the sketch has seen its key more often than all of theirs together, so a large
// newcomer must be worth several small ones (W-TinyLFU with aggregated victims).
// The main part is a segmented LRU: entered on probation, protected when used.
// docs/why/ram-policy.md has the measurements behind the constants.
//
//   Offer ─▶ window ─(contest)─▶ probation ─(use)─▶ protected
//                 └─▶ dropped ◀──────┘ ◀─(overflow: back to probation)
//
// Thread: any; one mutex, nothing is called while it is held and no entry is
// destroyed under it.
#pragma once

#include <cstddef>
#include <memory>
#include <unordered_map>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/thread.h"
#include "core/cache/frequency_sketch.h"
#include "core/cache/ram.h"

namespace skerry::cache {

class RamShard {
 public:
  struct Limits {
    ByteCount capacity;
    ByteCount largest_object;
    size_t variants_per_key;
    uint64_t table_seed;  // keeps outsiders from aiming at one bucket; decides nothing else
  };
  // Entries that left; the caller lets them go after the lock.
  struct Dropped {
    std::vector<EntryPtr> pushed_out_after_hit;
    std::vector<EntryPtr> others;
  };

  explicit RamShard(const Limits& limits);
  ~RamShard();
  RamShard(const RamShard&) = delete;
  RamShard& operator=(const RamShard&) = delete;

  std::vector<EntryPtr> Find(const Key& key) SKERRY_EXCLUDES(mutex_);
  Offered Offer(EntryPtr entry, Dropped& dropped) SKERRY_EXCLUDES(mutex_);
  bool Replace(const EntryPtr& old, EntryPtr fresh, Dropped& dropped) SKERRY_EXCLUDES(mutex_);
  size_t Remove(const Key& key, Dropped& dropped) SKERRY_EXCLUDES(mutex_);
  bool Remove(const EntryPtr& entry, Dropped& dropped) SKERRY_EXCLUDES(mutex_);

  ByteCount bytes() const SKERRY_EXCLUDES(mutex_);
  size_t objects() const SKERRY_EXCLUDES(mutex_);
  uint64_t variants_capped() const SKERRY_EXCLUDES(mutex_);

 private:
  struct Node;
  // A list in order of use, most recent first; the nodes are owned by the table.
  struct Segment {
    Node* first = nullptr;
    Node* last = nullptr;
    ByteCount bytes = 0;
  };
  struct SeededHash {
    uint64_t seed;
    size_t operator()(const Hash128& hash) const noexcept;
  };
  // The variants of one key, newest first (of several keys, should their hashes collide).
  using Variants = std::vector<std::unique_ptr<Node>>;
  using Table = std::unordered_map<Hash128, Variants, SeededHash>;

  static void PushFront(Segment& segment, Node* node);
  static void Unlink(Node* node);
  static void MoveTo(Segment& segment, Node* node);

  void Touch(Node* node) SKERRY_REQUIRES(mutex_);
  void ShrinkProtected() SKERRY_REQUIRES(mutex_);
  void ShrinkWindow(Dropped& dropped) SKERRY_REQUIRES(mutex_);
  bool Admits(const Entry& entry, ByteCount size, std::vector<Node*>& victims) const
      SKERRY_REQUIRES(mutex_);
  void MakeRoom(const Node* keep, Dropped& dropped) SKERRY_REQUIRES(mutex_);
  Offered Insert(EntryPtr&& entry, ByteCount size, Dropped& dropped) SKERRY_REQUIRES(mutex_);
  void Swap(Node* node, EntryPtr fresh, ByteCount size, Dropped& dropped) SKERRY_REQUIRES(mutex_);
  void CapVariants(Variants& variants, const Key& key, Dropped& dropped) SKERRY_REQUIRES(mutex_);
  // Takes the node out of its segment and the table.
  void Drop(Node* node, bool pushed_out, Dropped& dropped) SKERRY_REQUIRES(mutex_);
  Variants::iterator Release(Variants& variants, Variants::iterator where, bool pushed_out,
                             Dropped& dropped) SKERRY_REQUIRES(mutex_);
  ByteCount Used() const SKERRY_REQUIRES(mutex_);

  const Limits limits_;
  const ByteCount window_capacity_;
  const ByteCount main_capacity_;
  const ByteCount protected_capacity_;

  mutable Mutex mutex_;  // lock order: last
  Table table_ SKERRY_GUARDED_BY(mutex_);
  Segment window_ SKERRY_GUARDED_BY(mutex_);
  Segment probation_ SKERRY_GUARDED_BY(mutex_);
  Segment protected_ SKERRY_GUARDED_BY(mutex_);
  FrequencySketch sketch_ SKERRY_GUARDED_BY(mutex_);
  size_t objects_ SKERRY_GUARDED_BY(mutex_) = 0;
  uint64_t variants_capped_ SKERRY_GUARDED_BY(mutex_) = 0;
};

}  // namespace skerry::cache
