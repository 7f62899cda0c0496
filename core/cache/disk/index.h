// Which responses are on the disk, and where: the only thing a miss asks.
//
// Rows lie in blocks in the order they were stored, as the bodies do in the log, so
// that dropping the oldest file looks at the oldest blocks alone and frees them. A
// row is 64 bytes, its place in the hash table four to eight more; rows that were
// replaced or forgotten keep theirs until their block's file is dropped, as their
// bodies do.
//
// The horizon is the position below which the log is being dropped: no row below it
// can come in, so that a commit never points into a file that is already going.
//
// Thread: any. Each shard has its own mutex; no call holds two and nothing is called
// while one is held.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "core/base/digest.h"
#include "core/base/thread.h"
#include "core/cache/disk/disk.h"

namespace skerry::cache::disk {

// A row and what only this room needs to know of it.
struct IndexRow {
  DiskRow row;
  uint64_t oldest = 0;    // the lowest position of its chunks
  bool has_more = false;  // no plain run of chunks: meta must be read as well
  bool hit = false;       // read since it was stored
};

class Index {
 public:
  Index();
  ~Index();

  // The rows of this key, the youngest first.
  std::vector<DiskRow> Find(const Hash128& key) const;
  // This very row: same fill, same position of chunk 0.
  std::optional<IndexRow> Get(const DiskRow& row) const;
  // Is there a row of this key and variant?
  bool Contains(const Hash128& key, uint64_t variant_hash) const;
  // The row of this fill; looks at all of them, for the rare damage of a later chunk.
  std::optional<DiskRow> FindFill(uint64_t fill_id) const;
  // A read of this row: what was hit is stored anew when its file is dropped.
  void MarkHit(const DiskRow& row);

  enum class Put : uint8_t {
    kDone,
    kBelowHorizon,  // its chunks are being dropped
    kChanged,       // the row it should have replaced is gone or another
    kUnfit,         // its parts lie too far apart for a row
  };
  // Puts it in place of the row of the same key and variant. With `only_if`, only if
  // that one is still there.
  Put Insert(const IndexRow& row, const DiskRow* only_if = nullptr);
  // A row read from meta: not in place of one that is there, nor if it (kChanged) was
  // forgotten since BeginLoading.
  Put InsertLoaded(const IndexRow& row);

  // False if it was not there any more.
  bool Remove(const DiskRow& row);
  std::vector<DiskRow> RemoveKey(const Hash128& key);

  // Empties the index. Until EndLoading it remembers what is forgotten.
  void BeginLoading();
  void EndLoading();
  bool loading() const { return loading_.load(std::memory_order_acquire); }

  // From now on nothing below `position` comes in; answers what is there below it.
  std::vector<IndexRow> RaiseHorizon(uint64_t position);
  uint64_t horizon() const { return horizon_.load(std::memory_order_acquire); }

  uint64_t size() const { return size_.load(std::memory_order_relaxed); }
  // Not above the stamp of any row; nothing while there is none.
  std::optional<Seq> OldestSeq() const;
  // Of rows, blocks and tables.
  ByteCount MemoryBytes() const;

 private:
  struct Slot;
  struct Block;
  class Shard;
  Shard& ShardOf(const Hash128& key) const;

  static constexpr size_t kShards = 64;
  std::unique_ptr<Shard[]> shards_;
  std::atomic<uint64_t> horizon_{0};
  std::atomic<uint64_t> size_{0};
  std::atomic<bool> loading_{false};
};

}  // namespace skerry::cache::disk
