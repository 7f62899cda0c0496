// What a shard of the RAM tier is made of: nodes, each in one list by use and in one
// bucket of a hash table. 40 bytes a node and 4 to 8 of the table: nodes lie in slabs and
// name each other by number. All links are inside the node, so a hit touches few cache
// lines. Thread: the shard's lock.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/digest.h"
#include "core/cache/entry.h"

namespace skerry::cache {

// Nodes in order of use, most recent first.
enum class RamSegment : uint8_t { kNone, kWindow, kProbation, kProtected };

// 0: none. Stays the same as long as the node is in.
using RamNodeId = uint32_t;

struct RamNode {
  EntryPtr entry;
  uint32_t mark = 0;     // of its key's hash
  uint32_t units = 0;    // its size
  RamNodeId before = 0;  // used more recently
  RamNodeId after = 0;
  RamNodeId next = 0;  // in the bucket
  RamSegment segment = RamSegment::kNone;
  bool hit = false;      // found since it was offered
  bool on_disk = false;  // the disk tier has taken it, too

  ByteCount size() const { return ByteCount{units} * kMemoryUnit; }
};

// Owns the nodes. Several may be of one key: its variants, newest first.
class RamNodes {
 public:
  // The seed keeps outsiders from aiming at one bucket; nothing else depends on it.
  explicit RamNodes(uint64_t seed);
  ~RamNodes();
  RamNodes(const RamNodes&) = delete;
  RamNodes& operator=(const RamNodes&) = delete;

  RamNode& operator[](RamNodeId id) { return slabs_[id / kSlab][id % kSlab]; }
  const RamNode& operator[](RamNodeId id) const { return slabs_[id / kSlab][id % kSlab]; }

  // The first node of that key, and the one behind `id`.
  RamNodeId Find(const Key& key) const;
  RamNodeId FindNext(RamNodeId id, const Key& key) const;
  size_t buckets() const { return buckets_.size(); }
  // The first node of a bucket: follow `next`.
  RamNodeId At(size_t bucket) const { return buckets_[bucket]; }

  // The newest of its key, in no segment. REQUIRES: `size` is a multiple of kMemoryUnit,
  // below 64 GiB.
  RamNodeId Insert(EntryPtr entry, ByteCount size);
  // Puts another entry of the same key into the node, which is its newest then, in no segment.
  // Gives back the one before.
  EntryPtr Exchange(RamNodeId id, EntryPtr entry, ByteCount size);
  // Ends the node and gives back its entry.
  EntryPtr Erase(RamNodeId id);
  size_t size() const { return size_; }

  // In front of the segment, from wherever it is.
  void Move(RamNodeId id, RamSegment to);
  RamNodeId first(RamSegment segment) const { return Of(segment).first; }
  RamNodeId last(RamSegment segment) const { return Of(segment).last; }
  ByteCount bytes(RamSegment segment) const { return Of(segment).bytes; }

 private:
  // Few enough that a small tier wastes little.
  static constexpr size_t kSlab = 256;

  struct List {
    RamNodeId first = 0;
    RamNodeId last = 0;
    ByteCount bytes = 0;
  };

  const List& Of(RamSegment segment) const { return lists_[static_cast<size_t>(segment)]; }
  uint32_t MarkOf(const Hash128& hash) const;
  RamNodeId& BucketOf(uint32_t mark) { return buckets_[mark & (buckets_.size() - 1)]; }
  RamNodeId NextOf(RamNodeId id, uint32_t mark, const Key& key) const;
  RamNodeId MakeNode();
  void PushIntoBucket(RamNodeId id);
  void Detach(RamNodeId id);
  void Unlink(RamNodeId id);
  void Grow();

  const uint64_t seed_;
  std::vector<std::unique_ptr<RamNode[]>> slabs_;
  RamNodeId free_ = 0;  // the first of those not in use, linked by `next`
  std::vector<RamNodeId> buckets_;
  size_t size_ = 0;
  std::array<List, 4> lists_;
};

}  // namespace skerry::cache
