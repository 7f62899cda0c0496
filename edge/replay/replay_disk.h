// The disk tier as a dry run plays it: what is in it, in the order of the log, and what
// falls out at the other end. Heads and sizes only; every body is the same made-up bytes.
//
// Admission and eviction follow core/cache/disk/thresholds.h and eviction.h: whole files
// from the oldest on, of each a part stored anew where it was hit. Simpler than
// the real one: a response is there at once, nothing is merged, nothing ever fails.
#pragma once

#include <deque>
#include <memory>
#include <unordered_map>
#include <vector>

#include "core/cache/disk/disk.h"
#include "core/cache/purge/generations.h"

namespace skerry::edge {

// Bytes of a body of which only the length counts. REQUIRES: size <= kChunkBytes.
Chunk MadeUpBytes(size_t size);
// The same entry with made-up bytes for a body, which takes no memory.
cache::EntryPtr WithMadeUpBody(const cache::Entry& entry);
bool HasMadeUpBody(const cache::Entry& entry);

// Owner and thread: one replay. Budget 0: admits nothing.
class ReplayDisk : public cache::Disk {
 public:
  ReplayDisk(ByteCount budget, const cache::Generations& generations);
  ~ReplayDisk() override;

  std::vector<cache::DiskRow> Find(const Hash128& key) const override;
  void Load(const cache::DiskRow& row, const cache::Key& key, net::Loop& loop,
            OnEntry done) override;
  void Peek(const cache::DiskRow& row, const cache::Key& key, net::Loop& loop,
            OnEntry done) override;
  void ReadChunk(const cache::Extents& extents, size_t index, net::Loop& loop,
                 OnChunk done) override;
  void Look(uint16_t, const std::function<void(const cache::StoredHead&, uint64_t)>&) override {}
  std::shared_ptr<void> Pin(const cache::Extents&) override { return nullptr; }
  std::unique_ptr<cache::DiskFill> Begin(const cache::StoredHead& head,
                                         std::optional<uint64_t> length, bool seen_before) override;
  void Store(cache::EntryPtr entry) override;
  void Refresh(const cache::DiskRow& old, cache::EntryPtr updated) override;
  void Forget(const Hash128& key) override;
  void Forget(const cache::DiskRow& row) override;
  void Close() override {}
  cache::ControlStore& control() override;
  Stats stats() const override;

  // The keys of answers that were kept (here or in RAM) since this was asked last.
  std::vector<cache::Key> TakeKept();

 private:
  class Fill;
  struct Stored;
  struct File;

  bool Admits(std::optional<uint64_t> length, bool wanted) const;
  void Append(const cache::StoredHead& head, uint64_t size, http::Fields trailers,
              uint64_t fill_id);
  void DropOldest();
  std::shared_ptr<Stored> Get(const cache::DiskRow& row) const;

  const ByteCount budget_;
  const ByteCount file_bytes_;
  const cache::Generations& generations_;
  struct Rows;
  std::unique_ptr<Rows> rows_;
  std::deque<File> files_;
  ByteCount used_ = 0;
  ByteCount written_ = 0;
  uint64_t last_fill_ = 0;
  uint64_t last_position_ = 0;
  std::vector<cache::Key> kept_;
};

}  // namespace skerry::edge
