#include "core/cache/disk/body_log.h"

#include <rocksdb/convenience.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <utility>

#include "core/cache/disk/engine.h"

namespace skerry::cache::disk {
namespace {

// Smaller values are copied out of their block, which may hold others as well.
constexpr size_t kCopyBelow = 8 * 1024;

std::string KeyOf(uint64_t position) {
  std::string key;
  PutBe64(key, position);
  return key;
}

uint64_t PositionOf(const std::string& key) { return ByteReader(key).Be64(); }

class RocksBodyLog : public BodyLog {
 public:
  explicit RocksBodyLog(Engine& engine) : engine_(engine) {}

  Status Append(const std::vector<Record>& records) override {
    rocksdb::WriteBatch batch;
    for (const Record& record : records) {
      const std::string key = KeyOf(record.position);
      const rocksdb::Slice name(key);
      rocksdb::Slice parts[3];
      for (size_t i = 0; i < 3; ++i) {
        parts[i] = rocksdb::Slice(record.parts[i].data(), record.parts[i].size());
      }
      batch.Put(engine_.body, rocksdb::SliceParts(&name, 1), rocksdb::SliceParts(parts, 3));
    }
    const Engine::Use use = engine_.Enter();
    if (!use) return Engine::Closed();
    rocksdb::WriteOptions options;
    options.disableWAL = true;
    const rocksdb::Status status = engine_.db->Write(options, &batch);
    if (status.ok())
      engine_.ledger->memtables.fetch_add(batch.GetDataSize(), std::memory_order_relaxed);
    return engine_.Wrote(status);
  }

  Result<Chunk> Read(uint64_t position) override {
    Chunk chunk;
    const rocksdb::Status status = Get(position, rocksdb::kReadAllTier, engine_.Enter(), &chunk);
    if (!status.ok()) return Fail(ErrorOf(status));
    return chunk;
  }

  std::optional<Chunk> TryRead(uint64_t position) override {
    Chunk chunk;
    const rocksdb::Status status =
        Get(position, rocksdb::kBlockCacheTier, engine_.TryEnter(), &chunk);
    if (!status.ok()) return std::nullopt;
    return chunk;
  }

  std::vector<File> Files() override;
  Result<ByteCount> DropBefore(uint64_t position,
                               const std::function<bool(const PositionRange&)>& keep) override;

  Status Flush() override {
    const Engine::Use use = engine_.Enter();
    if (!use) return Engine::Closed();
    return engine_.Wrote(engine_.db->Flush({}, engine_.body));
  }

  ByteCount unflushed() override {
    const Engine::Use use = engine_.Enter();
    if (!use) return 0;
    uint64_t active = 0, immutable = 0, bytes = 0;
    engine_.db->GetIntProperty(engine_.body, "rocksdb.num-entries-active-mem-table", &active);
    engine_.db->GetIntProperty(engine_.body, "rocksdb.num-entries-imm-mem-tables", &immutable);
    if (active + immutable == 0) return 0;
    engine_.db->GetIntProperty(engine_.body, "rocksdb.cur-size-all-mem-tables", &bytes);
    return std::max<uint64_t>(bytes, 1);
  }

  Status Merge(const std::vector<File>& files) override {
    std::vector<std::string> names;
    for (const File& file : files) names.push_back(file.name);
    const Engine::Use use = engine_.Enter();
    if (!use) return Engine::Closed();
    rocksdb::CompactionOptions options;
    options.compression = rocksdb::kNoCompression;
    const rocksdb::Status status =
        engine_.db->CompactFiles(options, engine_.body, names, /*output_level=*/1);
    // A file that a move has taken meanwhile is no failure of the disk.
    if (status.IsAborted() || status.IsInvalidArgument()) return Fail(ErrorOf(status));
    return engine_.Wrote(status);
  }

 private:
  rocksdb::Status Get(uint64_t position, rocksdb::ReadTier tier, Engine::Use use, Chunk* chunk) {
    if (!use) return rocksdb::Status::Incomplete();
    rocksdb::ReadOptions options;
    // The chunk has its own, but a damaged block must not reach RocksDB's parser.
    options.verify_checksums = true;
    options.fill_cache = false;
    options.read_tier = tier;
    auto value = std::make_unique<rocksdb::PinnableSlice>();
    const rocksdb::Status status =
        engine_.db->Get(options, engine_.body, KeyOf(position), value.get());
    if (!status.ok()) return status;
    if (value->size() < kCopyBelow) {
      *chunk = Chunk::Copy({value->data(), value->size()});
      return {};
    }
    // There is no block cache: the value owns its memory and may outlive the store.
    const std::string_view bytes(value->data(), value->size());
    *chunk = Chunk::Adopt(bytes, value.release(),
                          [](void* owner) { delete static_cast<rocksdb::PinnableSlice*>(owner); });
    return {};
  }

  Engine& engine_;
};

std::vector<BodyLog::File> RocksBodyLog::Files() {
  std::vector<File> files;
  const Engine::Use use = engine_.Enter();
  if (!use) return files;
  rocksdb::ColumnFamilyMetaData all;
  engine_.db->GetColumnFamilyMetaData(engine_.body, &all);
  for (const rocksdb::LevelMetaData& level : all.levels) {
    for (const rocksdb::SstFileMetaData& file : level.files) {
      files.push_back({file.name,
                       {PositionOf(file.smallestkey), PositionOf(file.largestkey)},
                       file.size,
                       level.level >= 1 && !file.being_compacted});
    }
  }
  std::sort(files.begin(), files.end(),
            [](const File& a, const File& b) { return a.range.first < b.range.first; });
  return files;
}

Result<ByteCount> RocksBodyLog::DropBefore(uint64_t position,
                                           const std::function<bool(const PositionRange&)>& keep) {
  ByteCount dropped = 0;
  std::vector<std::pair<std::string, std::string>> keys;
  for (const File& file : Files()) {
    if (!file.settled || file.range.last >= position || keep(file.range)) continue;
    keys.emplace_back(KeyOf(file.range.first), KeyOf(file.range.last));
    dropped += file.bytes;
  }
  if (keys.empty()) return ByteCount{0};
  std::vector<rocksdb::Slice> ends;
  ends.reserve(keys.size() * 2);
  std::vector<rocksdb::RangePtr> ranges;
  for (const auto& [first, last] : keys) {
    ends.emplace_back(first);
    ends.emplace_back(last);
    ranges.emplace_back(&ends[ends.size() - 2], &ends.back());
  }
  const Engine::Use use = engine_.Enter();
  if (!use) return Engine::Closed();
  const rocksdb::Status status =
      rocksdb::DeleteFilesInRanges(engine_.db.get(), engine_.body, ranges.data(), ranges.size());
  if (Status done = engine_.Wrote(status); !done) return Fail(std::move(done.error()));
  return dropped;
}

}  // namespace

std::unique_ptr<BodyLog> MakeRocksBodyLog(Engine& engine) {
  return std::make_unique<RocksBodyLog>(engine);
}

}  // namespace skerry::cache::disk
