#include "edge/replay/replay_disk.h"

#include <algorithm>
#include <utility>

#include "core/cache/disk/thresholds.h"

namespace skerry::edge {
namespace {

const Chunk& Block() {
  static const Chunk block = Chunk::Copy(std::string(cache::kChunkBytes, '.'));
  return block;
}

size_t ChunkSize(uint64_t body, size_t index) {
  const uint64_t from = uint64_t{index} * cache::kChunkBytes;
  return static_cast<size_t>(std::min<uint64_t>(body - std::min(body, from), cache::kChunkBytes));
}

// What its head and its framing take beside the body, roughly.
ByteCount SizeOnDisk(const cache::StoredHead& head, uint64_t body) {
  return body + head.fields->ByteSize() + head.key.text.size() + 128;
}

}  // namespace

Chunk MadeUpBytes(size_t size) { return Block().Slice(0, size); }

cache::EntryPtr WithMadeUpBody(const cache::Entry& entry) {
  auto made_up = std::make_shared<cache::Entry>();
  made_up->head = entry.head;
  made_up->body_size = entry.body_size;
  for (size_t i = 0; i < entry.chunks.size(); ++i) {
    made_up->chunks.push_back(MadeUpBytes(ChunkSize(entry.body_size, i)));
  }
  made_up->extents = entry.extents;
  made_up->trailers = entry.trailers;
  return made_up;
}

bool HasMadeUpBody(const cache::Entry& entry) {
  return std::all_of(entry.chunks.begin(), entry.chunks.end(), [](const Chunk& chunk) {
    return chunk.empty() || chunk.data() == Block().data();
  });
}

struct ReplayDisk::Stored {
  cache::DiskRow row;
  cache::StoredHead head;
  http::Fields trailers;
  ByteCount bytes = 0;
  bool hit = false;
  bool gone = false;
};

struct ReplayDisk::File {
  std::vector<std::shared_ptr<Stored>> stored;
  ByteCount bytes = 0;
};

struct ReplayDisk::Rows {
  struct Hasher {
    size_t operator()(const Hash128& hash) const { return static_cast<size_t>(hash.low); }
  };
  std::unordered_map<Hash128, std::vector<std::shared_ptr<Stored>>, Hasher> by_key;  // newest first
  std::unordered_map<uint64_t, uint64_t> sizes;  // of bodies, by fill
  cache::MemoryControlStore control;
};

// A response on its way in: only its length is of interest.
class ReplayDisk::Fill : public cache::DiskFill {
 public:
  Fill(ReplayDisk& disk, const cache::StoredHead& head, uint64_t id)
      : disk_(disk), head_(head), id_(id) {}
  void Append(Chunk) override {}
  std::optional<uint64_t> PositionOf(size_t) const override { return std::nullopt; }
  uint64_t fill_id() const override { return id_; }
  void Commit(uint64_t body_size, http::Fields trailers, std::function<bool()> valid) override {
    if (valid && !valid()) return;
    if (body_size > cache::disk::LargestObject(disk_.budget_)) return;
    disk_.Append(head_, body_size, std::move(trailers), id_);
  }
  bool abandoned() const override { return false; }

 private:
  ReplayDisk& disk_;
  const cache::StoredHead head_;
  const uint64_t id_;
};

ReplayDisk::ReplayDisk(ByteCount budget, const cache::Generations& generations)
    : budget_(budget),
      file_bytes_(cache::disk::SegmentBytes(budget)),
      generations_(generations),
      rows_(std::make_unique<Rows>()) {}
ReplayDisk::~ReplayDisk() = default;

std::vector<cache::DiskRow> ReplayDisk::Find(const Hash128& key) const {
  std::vector<cache::DiskRow> found;
  const auto at = rows_->by_key.find(key);
  if (at == rows_->by_key.end()) return found;
  for (const auto& stored : at->second) found.push_back(stored->row);
  return found;
}

std::shared_ptr<ReplayDisk::Stored> ReplayDisk::Get(const cache::DiskRow& row) const {
  const auto at = rows_->by_key.find(row.key);
  if (at == rows_->by_key.end()) return nullptr;
  for (const auto& stored : at->second) {
    if (stored->row.fill_id == row.fill_id) return stored;
  }
  return nullptr;
}

void ReplayDisk::Load(const cache::DiskRow& row, const cache::Key& key, net::Loop& loop,
                      OnEntry done) {
  if (const auto stored = Get(row)) stored->hit = true;
  Peek(row, key, loop, std::move(done));
}

void ReplayDisk::Peek(const cache::DiskRow& row, const cache::Key&, net::Loop& loop, OnEntry done) {
  const auto stored = Get(row);
  if (stored == nullptr) {
    return loop.Post([done = std::move(done)] {
      done(Fail(Code::kNotFound, Side::kStorage, "dropped meanwhile"));
    });
  }
  auto entry = std::make_shared<cache::Entry>();
  entry->head = stored->head;
  entry->head.client_fields = nullptr;  // as the real one: what clients get depends on the rule
  entry->body_size = row.size;
  entry->trailers = stored->trailers;
  if (row.size > 0) entry->chunks.push_back(MadeUpBytes(ChunkSize(row.size, 0)));
  entry->extents.fill_id = row.fill_id;
  for (uint64_t i = 0; i == 0 || i * cache::kChunkBytes < row.size; ++i) {
    entry->extents.positions.push_back(row.position + i);
  }
  loop.Post([done = std::move(done), entry = cache::EntryPtr(std::move(entry))] { done(entry); });
}

void ReplayDisk::ReadChunk(const cache::Extents& extents, size_t index, net::Loop& loop,
                           OnChunk done) {
  const auto at = rows_->sizes.find(extents.fill_id);
  const uint64_t size = at == rows_->sizes.end() ? 0 : at->second;
  loop.Post([done = std::move(done), chunk = MadeUpBytes(ChunkSize(size, index))] { done(chunk); });
}

bool ReplayDisk::Admits(std::optional<uint64_t> length, bool wanted) const {
  if (budget_ == 0 || length.value_or(0) > cache::disk::LargestObject(budget_)) return false;
  const double full = static_cast<double>(used_) / static_cast<double>(budget_);
  return full < (wanted ? cache::disk::kBrakeAt : cache::disk::kSecondHitAt);
}

std::unique_ptr<cache::DiskFill> ReplayDisk::Begin(const cache::StoredHead& head,
                                                   std::optional<uint64_t> length,
                                                   bool seen_before) {
  kept_.push_back(head.key);
  if (!Admits(length, seen_before)) return nullptr;
  return std::make_unique<Fill>(*this, head, ++last_fill_);
}

void ReplayDisk::Store(cache::EntryPtr entry) {
  const cache::StoredHead& head = entry->head;
  for (const cache::DiskRow& row : Find(head.key.hash)) {
    if (row.variant_hash != head.variant_hash) continue;
    if (entry->extents.fill_id == row.fill_id) {
      Get(row)->hit = true;
      return;
    }
    if (row.seq > head.stamp.seq) return;
  }
  if (!Admits(entry->body_size, /*wanted=*/true)) return;
  Append(head, entry->body_size, entry->trailers, ++last_fill_);
}

void ReplayDisk::Refresh(const cache::DiskRow& old, cache::EntryPtr updated) {
  const auto stored = Get(old);
  if (stored == nullptr) return;
  if (updated->head.variant_hash != old.variant_hash || !Admits(old.size, true)) {
    return Forget(old);
  }
  // Only chunk 0 is appended anew; the other chunks stay where they were.
  stored->head = updated->head;
  stored->row.seq = updated->head.stamp.seq;
}

void ReplayDisk::Append(const cache::StoredHead& head, uint64_t size, http::Fields trailers,
                        uint64_t fill_id) {
  for (const cache::DiskRow& row : Find(head.key.hash)) {
    if (row.variant_hash == head.variant_hash) Forget(row);
  }
  auto stored = std::make_shared<Stored>();
  stored->head = head;
  stored->trailers = std::move(trailers);
  stored->bytes = SizeOnDisk(head, size);
  stored->row = {
      head.key.hash, cache::InternVary(head.vary), head.variant_hash, fill_id, last_position_, size,
      head.stamp.seq};
  last_position_ += size / cache::kChunkBytes + 1;
  rows_->sizes[fill_id] = size;
  auto& rows = rows_->by_key[head.key.hash];
  rows.insert(rows.begin(), stored);
  if (files_.empty() || files_.back().bytes >= file_bytes_) files_.emplace_back();
  files_.back().bytes += stored->bytes;
  used_ += stored->bytes;
  written_ += stored->bytes;
  files_.back().stored.push_back(std::move(stored));
  const auto too_full = [this] {
    return static_cast<double>(used_) > cache::disk::kDropAt * static_cast<double>(budget_);
  };
  while (too_full() && files_.size() > 1) DropOldest();
}

void ReplayDisk::DropOldest() {
  File oldest = std::move(files_.front());
  files_.pop_front();
  used_ -= oldest.bytes;
  ByteCount allowance = cache::disk::StoredAnew(oldest.bytes);
  for (const auto& stored : oldest.stored) {
    const uint64_t size = stored->row.size;
    rows_->sizes.erase(stored->row.fill_id);
    if (stored->gone) continue;
    Forget(stored->row);
    const bool valid = generations_.Judge(stored->head.key, stored->head.tags,
                                          stored->head.stamp) == cache::Purged::kNo;
    if (!stored->hit || !valid || stored->bytes > allowance) continue;
    allowance -= stored->bytes;
    Append(stored->head, size, stored->trailers, ++last_fill_);
  }
}

void ReplayDisk::Forget(const Hash128& key) {
  const auto at = rows_->by_key.find(key);
  if (at == rows_->by_key.end()) return;
  for (const auto& stored : at->second) stored->gone = true;
  rows_->by_key.erase(at);
}

void ReplayDisk::Forget(const cache::DiskRow& row) {
  const auto at = rows_->by_key.find(row.key);
  if (at == rows_->by_key.end()) return;
  std::erase_if(at->second, [&](const std::shared_ptr<Stored>& stored) {
    if (stored->row.fill_id != row.fill_id) return false;
    stored->gone = true;
    return true;
  });
  if (at->second.empty()) rows_->by_key.erase(at);
}

cache::ControlStore& ReplayDisk::control() { return rows_->control; }

cache::Disk::Stats ReplayDisk::stats() const {
  Stats stats;
  stats.bytes = used_;
  stats.written = written_;
  for (const auto& [key, rows] : rows_->by_key) stats.objects += rows.size();
  stats.index_loaded = true;
  return stats;
}

std::vector<cache::Key> ReplayDisk::TakeKept() { return std::exchange(kept_, {}); }

}  // namespace skerry::edge
