#include "core/cache/disk/disk.h"

#include <algorithm>
#include <array>
#include <utility>

#include "core/base/log.h"
#include "core/base/thread.h"
#include "core/cache/disk/appender.h"
#include "core/cache/disk/eviction.h"
#include "core/cache/disk/open.h"
#include "core/cache/disk/pins.h"
#include "core/cache/disk/reader.h"
#include "core/cache/disk/upkeep.h"

namespace skerry::cache {

using namespace disk;  // NOLINT: this file is the face of that namespace

namespace {

constexpr std::string_view kPositionMark = "skerry/positions";
// Names of callers, apart from our own.
constexpr std::string_view kCallers = "node/";
// While so many reads wait for the disk, none more is begun on the callers' own threads:
// asking for pages that are not there queues their read, and a full queue would block.
constexpr size_t kReadsQueued = 16;

// Why a response is not taken, or not to its end, and the word of the counter.
enum class Refusal : uint8_t { kNone, kFailing, kTooLarge, kSlow, kFull };
constexpr std::array<std::string_view, 5> kRefusals = {"", "failing", "too_large", "slow", "full"};

tl::unexpected<Error> Gone(ReadFailure why) {
  return Fail(Code::kNotFound, Side::kStorage, "not on the disk: " + std::string(Name(why)));
}

Result<uint64_t> PositionMark(Store& store) {
  uint64_t mark = 1;
  Result<std::string> stored = store.GetControl(kPositionMark);
  if (stored) {
    ByteReader reader(*stored);
    mark = reader.Be64();
    if (!reader.AtEnd()) mark = 1;
  } else if (stored.error().code != Code::kNotFound) {
    return Fail(std::move(stored.error()));
  }
  // Whatever the mark says, nothing that is there is overwritten.
  uint64_t last = 0;
  for (const BodyLog::File& file : store.bodies().Files()) last = std::max(last, file.range.last);
  return mark > last ? mark : last + 1 + Positions::kBlock;
}

class Control : public ControlStore {
 public:
  explicit Control(Store& store) : store_(store) {}

  Result<std::string> Get(std::string_view name) override {
    if (closed_.load()) return memory_.Get(name);
    return store_.GetControl(std::string(kCallers).append(name));
  }
  Status Put(const std::vector<std::pair<std::string, std::string>>& values) override {
    if (closed_.load()) return memory_.Put(values);
    std::vector<std::pair<std::string, std::string>> named;
    named.reserve(values.size());
    for (const auto& [name, value] : values) {
      named.emplace_back(std::string(kCallers).append(name), value);
    }
    return store_.PutControl(named);
  }
  void Close() { closed_.store(true); }

 private:
  Store& store_;
  std::atomic<bool> closed_{false};
  MemoryControlStore memory_;
};

// Everything that fills and reads under way may still need when the Disk is gone.
// Members are in the order in which they depend on each other.
struct Core : std::enable_shared_from_this<Core> {
  Core(Disk::Options o, std::unique_ptr<Folder> f, std::unique_ptr<Store> s, uint64_t mark)
      : options(std::move(o)),
        folder(std::move(f)),
        store(std::move(s)),
        positions(mark,
                  [this](uint64_t new_mark) {
                    std::string bytes;
                    PutBe64(bytes, new_mark);
                    return store->PutControl({{std::string(kPositionMark), bytes}});
                  }),
        pins(std::make_shared<Pins>(options.budget / 8)),
        // Room for the largest object of a small store, and of any RAM tier.
        appender({*store, index, positions, *options.clock,
                  std::clamp<ByteCount>(options.budget / 8, 8_MiB, 64_MiB)}),
        reader(*store, positions.first()),
        eviction({*store, index, *pins, *fills, positions, appender, reader, options.budget,
                  options.purge_head, options.still_valid}),
        upkeep({*store, index, *fills, appender, eviction, *folder, *options.clock}) {}

  void Shutdown();
  void Damaged(const DiskRow& row);
  void DamagedFill(uint64_t fill_id);
  Refusal Admits(std::optional<uint64_t> length, bool wanted) const;
  void Count(Refusal refusal);
  double FullBy(ByteCount more) const;
  ByteCount unflushed() const { return store->bodies().unflushed() + appender.queued_bytes(); }

  const Disk::Options options;
  std::atomic<uint64_t> corrupt{0};
  std::atomic<bool> shut{false};
  Counter* corrupt_counter = nullptr;
  std::array<Counter*, kRefusals.size()> refusal_counters{};
  std::unique_ptr<Folder> folder;
  std::unique_ptr<Store> store;
  Index index;
  Positions positions;
  std::shared_ptr<Pins> pins;
  std::shared_ptr<Fills> fills = std::make_shared<Fills>();
  Appender appender;
  Reader reader;
  Eviction eviction;
  Upkeep upkeep;
};

void Core::Shutdown() {
  if (shut.exchange(true)) return;
  appender.Stop();
  upkeep.Stop();
  if (!store->failed()) {
    const Status flushed = store->FlushBodies();
    if (!flushed) LogWarning("disk: last flush failed", {{"error", flushed.error().ToString()}});
  }
  // Fills may outlive the tier: the directory is free for another all the same.
  store->Close();
  folder.reset();
}

void Core::Damaged(const DiskRow& row) {
  // Evicted or replaced since it was looked up: no damage.
  if (!index.Remove(row) || row.position < index.horizon()) return;
  corrupt.fetch_add(1, std::memory_order_relaxed);
  if (corrupt_counter != nullptr) corrupt_counter->Add();
  LogWarning("disk: a stored response did not verify and was forgotten",
             {{"position", row.position}, {"bytes", row.size}});
  appender.Delete({row});
}

void Core::DamagedFill(uint64_t fill_id) {
  if (const std::optional<DiskRow> row = index.FindFill(fill_id)) Damaged(*row);
}

double Core::FullBy(ByteCount more) const {
  return static_cast<double>(store->used() + appender.queued_bytes() + more) /
         static_cast<double>(store->limit());
}

Refusal Core::Admits(std::optional<uint64_t> length, bool wanted) const {
  if (store->failed() || store->cramped()) return Refusal::kFailing;
  if (length.value_or(0) > options.largest_object) return Refusal::kTooLarge;
  if (appender.queued_bytes() > appender.queue_limit() / 2) return Refusal::kSlow;
  return FullBy(0) < (wanted ? kBrakeAt : kSecondHitAt) ? Refusal::kNone : Refusal::kFull;
}

void Core::Count(Refusal refusal) {
  Counter* const counter = refusal_counters[static_cast<size_t>(refusal)];
  if (counter != nullptr) counter->Add();
}

class FillHandle : public DiskFill {
 public:
  FillHandle(std::shared_ptr<Core> core, std::shared_ptr<Fill> fill)
      : core_(std::move(core)), fill_(std::move(fill)) {}
  ~FillHandle() override {
    if (!committed_) fill_->Abandon();
  }

  void Append(Chunk chunk) override {
    if (fill_->abandoned()) return;
    appended_ += chunk.size();
    if (appended_ > core_->options.largest_object) return GiveUp(Refusal::kTooLarge);
    // The bound of the disk is kept here: what is already queued is always written.
    if (core_->FullBy(chunk.size()) > 1.0) return GiveUp(Refusal::kFull);
    core_->appender.Append(fill_, std::move(chunk));
    if (fill_->abandoned()) GiveUp(core_->store->failed() ? Refusal::kFailing : Refusal::kSlow);
  }
  std::optional<uint64_t> PositionOf(size_t index) const override {
    return fill_->PositionOf(index);
  }
  uint64_t fill_id() const override { return fill_->id; }
  void Commit(uint64_t body_size, http::Fields trailers, std::function<bool()> valid) override {
    committed_ = true;
    core_->appender.Commit(fill_, body_size, std::move(trailers), std::move(valid));
  }
  bool abandoned() const override { return fill_->abandoned(); }

 private:
  void GiveUp(Refusal refusal) {
    fill_->Abandon();
    core_->Count(refusal);
  }

  const std::shared_ptr<Core> core_;
  const std::shared_ptr<Fill> fill_;
  uint64_t appended_ = 0;
  bool committed_ = false;
};

// What the registry asks for may be read after the Disk is gone.
struct Gauges {
  Mutex mutex;
  Disk* disk SKERRY_GUARDED_BY(mutex) = nullptr;

  double Read(ByteCount Disk::Stats::*member) {
    MutexLock lock(mutex);
    return disk == nullptr ? 0 : static_cast<double>(disk->stats().*member);
  }
};

class DiskTier : public Disk {
 public:
  explicit DiskTier(std::shared_ptr<Core> core)
      : core_(std::move(core)),
        control_(*core_->store),
        readers_(
            std::make_unique<Pool>("disk-read", std::max<size_t>(core_->options.read_threads, 1))) {
    if (core_->options.metrics != nullptr) Register(*core_->options.metrics);
    core_->upkeep.Start();
  }

  ~DiskTier() override {
    {
      MutexLock lock(gauges_->mutex);
      gauges_->disk = nullptr;
    }
    readers_.reset();
    core_->Shutdown();
  }

  std::vector<DiskRow> Find(const Hash128& key) const override { return core_->index.Find(key); }
  void Load(const DiskRow& row, const Key& key, net::Loop& loop, OnEntry done) override;
  void Peek(const DiskRow& row, const Key& key, net::Loop& loop, OnEntry done) override;
  void ReadChunk(const Extents& extents, size_t index, net::Loop& loop, OnChunk done) override;
  std::shared_ptr<void> Pin(const Extents& extents) override { return core_->pins->Pin(extents); }

  void Look(uint16_t part, const std::function<void(const StoredHead&, uint64_t)>& each) override;

  std::unique_ptr<DiskFill> Begin(const StoredHead& head, std::optional<uint64_t> length,
                                  bool seen_before) override;
  void Store(EntryPtr entry) override;
  void Refresh(const DiskRow& old, EntryPtr updated) override;

  void Forget(const Hash128& key) override;
  void Forget(const DiskRow& row) override {
    if (core_->index.Remove(row)) core_->appender.Delete({row});
  }

  ControlStore& control() override { return control_; }
  void Close() override {
    control_.Close();
    core_->Shutdown();
    core_->index.BeginLoading();  // and it never ends: nothing is found
  }
  Stats stats() const override;

 private:
  void Register(Metrics& metrics);

  const std::shared_ptr<Core> core_;
  Control control_;
  std::unique_ptr<Pool> readers_;
  const std::shared_ptr<Gauges> gauges_ = std::make_shared<Gauges>();
};

// The entry of a row as its caller gets it; notes hits and damage.
Result<EntryPtr> LoadEntry(Core& core, const IndexRow& indexed, const std::string& key) {
  Read<EntryPtr> entry = core.reader.ReadEntry(indexed);
  if (entry && (*entry)->head.key.text != key) entry = tl::unexpected(ReadFailure::kDamaged);
  if (!entry) {
    if (entry.error() == ReadFailure::kDamaged) core.Damaged(indexed.row);
    return Gone(entry.error());
  }
  core.index.MarkHit(indexed.row);
  return *std::move(entry);
}

void DiskTier::Load(const DiskRow& row, const Key& key, net::Loop& loop, OnEntry done) {
  const std::optional<IndexRow> indexed = core_->index.Get(row);
  if (!indexed) {
    return loop.Post([done = std::move(done)] { done(Gone(ReadFailure::kGone)); });
  }
  if (readers_->queued() < kReadsQueued) {
    Read<EntryPtr> entry = core_->reader.ReadEntry(*indexed, Reader::From::kMemory);
    if (entry && (*entry)->head.key.text == key.text) {
      core_->index.MarkHit(row);
      return loop.Post([done = std::move(done), entry = *std::move(entry)] { done(entry); });
    }
  }
  readers_->Run([core = core_.get(), indexed = *indexed, key = key.text, &loop,
                 done = std::move(done)]() mutable {
    Result<EntryPtr> entry = LoadEntry(*core, indexed, key);
    loop.Post(
        [done = std::move(done), entry = std::move(entry)]() mutable { done(std::move(entry)); });
  });
}

void DiskTier::Peek(const DiskRow& row, const Key& key, net::Loop& loop, OnEntry done) {
  readers_->Run([core = core_.get(), row, key = key.text, &loop, done = std::move(done)]() mutable {
    Result<EntryPtr> entry = Gone(ReadFailure::kGone);
    if (const std::optional<IndexRow> indexed = core->index.Get(row)) {
      const Read<EntryPtr> read = core->reader.ReadEntry(*indexed);
      if (read && (*read)->head.key.text == key) entry = *read;
    }
    loop.Post([done = std::move(done), entry = std::move(entry)] { done(entry); });
  });
}

void DiskTier::Look(uint16_t part, const std::function<void(const StoredHead&, uint64_t)>& each) {
  const std::string prefix = {static_cast<char>(part >> 8), static_cast<char>(part & 255)};
  std::vector<Hash128> keys;
  const Status scanned = core_->store->ScanMeta(prefix, [&](std::string_view row_key, auto) {
    const std::optional<ParsedRowKey> parsed = ParseRowKey(row_key);
    if (parsed && (keys.empty() || keys.back() != parsed->key)) keys.push_back(parsed->key);
    return true;
  });
  if (!scanned) return;
  for (const Hash128& key : keys) {
    for (const DiskRow& row : core_->index.Find(key)) {
      const std::optional<IndexRow> indexed = core_->index.Get(row);
      if (!indexed) continue;
      const Read<EntryPtr> read = core_->reader.ReadEntry(*indexed);
      if (read) each((*read)->head, row.size);
    }
  }
}

void DiskTier::ReadChunk(const Extents& extents, size_t index, net::Loop& loop, OnChunk done) {
  if (index >= extents.positions.size()) {
    return loop.Post([done = std::move(done)] { done(Gone(ReadFailure::kGone)); });
  }
  const ChunkName name{extents.fill_id, extents.positions[index], static_cast<uint32_t>(index)};
  if (readers_->queued() < kReadsQueued) {
    if (Read<Chunk> chunk = core_->reader.ReadChunk(name, Reader::From::kMemory)) {
      return loop.Post([done = std::move(done), chunk = *std::move(chunk)] { done(chunk); });
    }
  }
  readers_->Run([core = core_.get(), name, &loop, done = std::move(done)]() mutable {
    Result<Chunk> chunk;
    if (Read<Chunk> read = core->reader.ReadChunk(name)) {
      chunk = *std::move(read);
    } else {
      if (read.error() == ReadFailure::kDamaged) core->DamagedFill(name.fill_id);
      chunk = Gone(read.error());
    }
    loop.Post(
        [done = std::move(done), chunk = std::move(chunk)]() mutable { done(std::move(chunk)); });
  });
}

std::unique_ptr<DiskFill> DiskTier::Begin(const StoredHead& head, std::optional<uint64_t> length,
                                          bool seen_before) {
  if (const Refusal refusal = core_->Admits(length, seen_before); refusal != Refusal::kNone) {
    core_->Count(refusal);
    return nullptr;
  }
  const std::optional<uint64_t> id = core_->positions.Take();
  if (!id) return nullptr;
  return std::make_unique<FillHandle>(core_, core_->fills->Begin(*id, head));
}

void DiskTier::Store(EntryPtr entry) {
  if (!entry->in_memory()) return;
  const StoredHead& head = entry->head;
  for (const DiskRow& row : core_->index.Find(head.key.hash)) {
    if (row.variant_hash != head.variant_hash) continue;
    const Extents& extents = entry->extents;
    const bool same = extents.fill_id == row.fill_id && !extents.empty() &&
                      extents.positions.front() == row.position;
    if (same) return core_->index.MarkHit(row);
    if (row.seq > head.stamp.seq) return;  // what is there was fetched later
  }
  std::unique_ptr<DiskFill> fill = Begin(head, entry->body_size, /*seen_before=*/true);
  if (fill == nullptr) return;
  for (const Chunk& chunk : entry->chunks) fill->Append(chunk);
  fill->Commit(entry->body_size, entry->trailers, nullptr);
}

void DiskTier::Refresh(const DiskRow& old, EntryPtr updated) {
  const Extents& extents = updated->extents;
  const bool possible = updated->head.variant_hash == old.variant_hash &&
                        updated->body_size == old.size &&
                        core_->Admits(old.size, true) == Refusal::kNone &&
                        (!updated->chunks.empty() || old.size == 0);
  if (!possible) return Forget(old);
  // Of another fill: its first chunk and the others of `old` would be no body.
  if (old.size > kChunkBytes && extents.fill_id != old.fill_id) return Store(updated);
  // Where the other chunks lie is in meta: not for this thread to read.
  readers_->Run([core = core_, old, updated = std::move(updated)] {
    const std::optional<IndexRow> indexed = core->index.Get(old);
    if (!indexed) return;
    std::vector<uint64_t> tail = RunFrom(old.position, old.size);
    tail.erase(tail.begin());
    if (indexed->has_more) {
      Read<MetaRow> meta = core->reader.ReadMeta(old);
      if (!meta) {
        if (meta.error() == ReadFailure::kDamaged) core->Damaged(old);
        return;
      }
      tail.assign(meta->positions.begin() + 1, meta->positions.end());
    }
    std::shared_ptr<Fill> fill = core->fills->Begin(old.fill_id, updated->head, old, tail);
    if (!updated->chunks.empty()) core->appender.Append(fill, updated->chunks.front());
    core->appender.Commit(std::move(fill), old.size, updated->trailers, nullptr);
  });
}

void DiskTier::Forget(const Hash128& key) {
  const bool loading = core_->index.loading();
  std::vector<DiskRow> rows = core_->index.RemoveKey(key);
  if (loading) return core_->appender.DeleteKey(key);
  core_->appender.Delete(std::move(rows));
}

Disk::Stats DiskTier::stats() const {
  Stats stats;
  stats.bytes = core_->store->used();
  stats.unflushed = core_->unflushed();
  stats.written = core_->store->written();
  stats.objects = core_->index.size();
  stats.corrupt = core_->corrupt.load(std::memory_order_relaxed);
  stats.index_loaded = !core_->index.loading();
  stats.failing = core_->store->failed() || core_->store->cramped() || core_->shut.load();
  if (stats.index_loaded) {
    const Seq none = core_->options.purge_head();
    stats.oldest_seq =
        std::min(core_->index.OldestSeq().value_or(none), core_->fills->OldestSeq().value_or(none));
  }
  return stats;
}

void DiskTier::Register(Metrics& metrics) {
  {
    MutexLock lock(gauges_->mutex);
    gauges_->disk = this;
  }
  const auto add = [&](const char* name, const char* help, ByteCount Stats::*member) {
    metrics.AddReadGauge(name, help, {},
                         [gauges = gauges_, member] { return gauges->Read(member); });
  };
  add("skerry_disk_bytes", "Files of the disk tier and memory that becomes files.", &Stats::bytes);
  add("skerry_disk_objects", "Responses on the disk.", &Stats::objects);
  add("skerry_disk_written_bytes",
      "Bytes written since the start: bodies, and tables of rows by flushes and merges.",
      &Stats::written);
  add("skerry_store_unflushed_bytes", "Body bytes that a power cut would lose.", &Stats::unflushed);
}

}  // namespace

namespace disk {

Result<std::unique_ptr<Disk>> OpenDisk(Disk::Options options, rocksdb::Env* env,
                                       BodyFaults* faults) {
  if (options.largest_object == 0) options.largest_object = LargestObject(options.budget);
  options.largest_object = std::min(options.largest_object, kLargestBody);
  Result<std::unique_ptr<Folder>> folder = Folder::Open(options.directory);
  if (!folder) return Fail(std::move(folder.error()));
  const Store::Options store_options{(*folder)->path(), options.budget, env, faults};
  Result<std::unique_ptr<Store>> store = Store::Open(store_options);
  if (!store && store.error().code == Code::kCorrupt) {
    Status moved = (*folder)->MoveAside(store.error().ToString());
    if (!moved) return Fail(std::move(moved.error()));
    store = Store::Open(store_options);
  }
  if (store) {
    if (Status stated = (*folder)->StateFormat(); !stated) return Fail(std::move(stated.error()));
  }
  if (!store) return Fail(std::move(store.error()).In("cache directory " + options.directory));
  const Result<uint64_t> mark = PositionMark(**store);
  if (!mark) return Fail(Error(mark.error()));
  auto core =
      std::make_shared<Core>(std::move(options), *std::move(folder), *std::move(store), *mark);
  if (core->options.metrics != nullptr) {
    core->corrupt_counter = &core->options.metrics->GetCounter(
        "skerry_store_corrupt_total", "Stored responses that did not verify.");
    for (size_t i = 0; i < kRefusals.size(); ++i) {
      if (kRefusals[i].empty()) continue;
      core->refusal_counters[i] = &core->options.metrics->GetCounter(
          "skerry_disk_refused_total", "Responses that the disk tier did not take, by reason.",
          {{"reason", std::string(kRefusals[i])}});
    }
  }
  if (Status reserved = core->positions.Refill(); !reserved) {
    return Fail(std::move(reserved.error()));
  }
  return std::unique_ptr<Disk>(std::make_unique<DiskTier>(std::move(core)));
}

}  // namespace disk

Result<std::unique_ptr<Disk>> Disk::Open(Options options) {
  return disk::OpenDisk(std::move(options), nullptr, nullptr);
}

}  // namespace skerry::cache
