// What a shard of the RAM tier is made of: nodes, each in one list by use and in one
// bucket of a hash table. All links are inside the node, so a hit touches few cache
// lines. Thread: the shard's lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/digest.h"
#include "core/cache/entry.h"

namespace skerry::cache {

struct RamSegment;

struct RamNode {
  EntryPtr entry;
  Hash128 hash;  // of the entry's key
  ByteCount size = 0;
  bool hit = false;      // found since it was offered
  bool on_disk = false;  // the disk tier has taken it, too
  RamSegment* segment = nullptr;
  RamNode* before = nullptr;  // used more recently
  RamNode* after = nullptr;
  RamNode* next = nullptr;  // in the bucket

  bool Has(const Key& key) const { return hash == key.hash && entry->head.key == key; }
};

// Nodes in order of use, most recent first. Owns nothing.
struct RamSegment {
  RamNode* first = nullptr;
  RamNode* last = nullptr;
  ByteCount bytes = 0;

  void PushFront(RamNode* node);
  // REQUIRES: the node is in a segment.
  static void Unlink(RamNode* node);
  void MoveHere(RamNode* node) {
    Unlink(node);
    PushFront(node);
  }
};

// Owns the nodes. Several may have one hash: a key's variants, newest first.
class RamTable {
 public:
  // The seed keeps outsiders from aiming at one bucket; nothing else depends on it.
  explicit RamTable(uint64_t seed);
  ~RamTable();
  RamTable(const RamTable&) = delete;
  RamTable& operator=(const RamTable&) = delete;

  // The first node of the bucket that this hash belongs to: follow `next`, other
  // hashes are among them.
  RamNode* Bucket(const Hash128& hash) const { return buckets_[IndexOf(hash)]; }
  size_t buckets() const { return buckets_.size(); }
  RamNode* At(size_t bucket) const { return buckets_[bucket]; }
  // In front of its bucket: the newest.
  RamNode* Insert(EntryPtr entry, ByteCount size);
  void MoveToFront(RamNode* node);
  // Destroys the node and gives back its entry.
  EntryPtr Erase(RamNode* node);
  size_t size() const { return size_; }

 private:
  size_t IndexOf(const Hash128& hash) const;
  void Detach(RamNode* node);
  void Grow();

  const uint64_t seed_;
  std::vector<RamNode*> buckets_;
  size_t size_ = 0;
};

}  // namespace skerry::cache
