// A response on its way into the log: what its owner, the appender and eviction
// share of it. Its chunks are in the log from the moment they are written; nothing
// finds them before the commit.
#pragma once

#include <atomic>
#include <cstdint>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <unordered_set>
#include <vector>

#include "core/base/thread.h"
#include "core/cache/disk/disk.h"

namespace skerry::cache::disk {

class Fills;

// Thread: any, but for what is said to be the appender's.
class Fill {
 public:
  ~Fill();

  const uint64_t id;  // seeds the checksums of its chunks
  const Hash128 key;
  const uint64_t variant_hash;
  const VaryNames vary;
  const Seq seq;
  const std::string head;  // encoded, for chunk 0
  // Commit only if this row is still there.
  const std::optional<DiskRow> replaces;
  // Chunks from 1 on that are in the log already: a new chunk 0 joins them.
  const std::vector<uint64_t> tail;

  std::optional<uint64_t> PositionOf(size_t index) const;
  void Written(const std::vector<uint64_t>& positions);
  std::vector<uint64_t> positions() const;

  bool abandoned() const { return abandoned_.load(std::memory_order_acquire); }
  void Abandon() { abandoned_.store(true, std::memory_order_release); }

  // The appender's alone.
  uint32_t chunks = 0;
  uint64_t bytes = 0;
  bool ended = false;  // a chunk shorter than kChunkBytes has come

 private:
  friend class Fills;
  Fill(uint64_t id, const StoredHead& head, std::optional<DiskRow> replaces,
       std::vector<uint64_t> tail, std::shared_ptr<Fills> fills);

  const std::shared_ptr<Fills> fills_;
  std::atomic<bool> abandoned_{false};
  mutable Mutex mutex_;
  std::vector<uint64_t> positions_ SKERRY_GUARDED_BY(mutex_);
};

// The fills that are under way. Owner: shared by the store and its fills. Thread: any.
class Fills : public std::enable_shared_from_this<Fills> {
 public:
  std::shared_ptr<Fill> Begin(uint64_t id, const StoredHead& head,
                              std::optional<DiskRow> replaces = {},
                              std::vector<uint64_t> tail = {});
  // The log is being dropped up to here: fills with an earlier chunk cannot be stored.
  void AbandonBelow(uint64_t position);
  void AbandonAll();
  // The oldest stamp under way.
  std::optional<Seq> OldestSeq() const;

 private:
  friend class Fill;
  void End(Fill& fill);

  mutable Mutex mutex_;  // taken before a fill's own
  std::unordered_set<Fill*> under_way_ SKERRY_GUARDED_BY(mutex_);
  std::multiset<Seq> stamps_ SKERRY_GUARDED_BY(mutex_);
};

}  // namespace skerry::cache::disk
