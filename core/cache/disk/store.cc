#include "core/cache/disk/store.h"

#include <rocksdb/cache.h>
#include <rocksdb/env.h>
#include <rocksdb/filter_policy.h>
#include <rocksdb/options.h>
#include <rocksdb/table.h>
#include <rocksdb/write_batch.h>

#include <algorithm>
#include <cstdarg>
#include <cstdio>
#include <ctime>
#include <utility>

#include "core/base/log.h"
#include "core/cache/disk/engine.h"
#include "core/cache/disk/format.h"
#include "core/cache/disk/short_writes.h"
#include "core/cache/disk/thresholds.h"

namespace skerry::cache::disk {
namespace {

// RocksDB writes "//" where it joins: files are told apart by their name alone.
std::string FileName(const std::string& path) { return path.substr(path.rfind('/') + 1); }

// RocksDB's own messages, in DIRECTORY/LOG. Its logger would abort the process after
// a failed write, in builds with assertions as Debian's; here a lost line is lost.
class TextLog : public rocksdb::Logger {
 public:
  explicit TextLog(const std::string& directory)
      : Logger(rocksdb::WARN_LEVEL), path_(directory + "/LOG") {
    Reopen();
  }
  ~TextLog() override {
    if (file_ != nullptr) std::fclose(file_);
  }

  using Logger::Logv;
  void Logv(const char* format, va_list arguments) override {
    MutexLock lock(mutex_);
    if (file_ == nullptr) return;
    const std::time_t now = std::time(nullptr);
    std::tm utc{};
    gmtime_r(&now, &utc);
    char time[32];
    std::strftime(time, sizeof(time), "%Y-%m-%dT%H:%M:%SZ ", &utc);
    std::fputs(time, file_);
    std::vfprintf(file_, format, arguments);
    std::fputc('\n', file_);
    std::fflush(file_);
    if (std::ftell(file_) > kLargest) Reopen();
  }

 private:
  static constexpr long kLargest = 256 * 1024;

  void Reopen() {
    if (file_ != nullptr) std::fclose(file_);
    std::rename(path_.c_str(), (path_ + ".old").c_str());
    file_ = std::fopen(path_.c_str(), "we");
  }

  const std::string path_;
  Mutex mutex_;
  std::FILE* file_ = nullptr;
};

rocksdb::BlockBasedTableOptions BaseTable() {
  rocksdb::BlockBasedTableOptions table;
  table.format_version = 5;         // what 7.8 writes by default; newer nodes read it
  table.checksum = rocksdb::kXXH3;  // Debian's build has no hardware CRC32C
  table.block_size = 4096;
  table.cache_index_and_filter_blocks = false;
  return table;
}

rocksdb::ColumnFamilyOptions BaseFamily() {
  rocksdb::ColumnFamilyOptions family;
  family.compression = rocksdb::kNoCompression;
  // Defaults would rewrite every file after 30 days.
  family.ttl = 0;
  family.periodic_compaction_seconds = 0;
  return family;
}

rocksdb::ColumnFamilyOptions MetaFamily(ByteCount budget) {
  rocksdb::ColumnFamilyOptions family = BaseFamily();
  family.write_buffer_size = std::clamp(budget / 128, 512_KiB, 16_MiB);
  family.max_write_buffer_number = 3;
  family.target_file_size_base = family.write_buffer_size * 2;
  family.max_bytes_for_level_base = family.write_buffer_size * 8;
  rocksdb::BlockBasedTableOptions table = BaseTable();
  table.block_cache = rocksdb::NewLRUCache(std::clamp(budget / 256, 1_MiB, 64_MiB));
  table.filter_policy.reset(rocksdb::NewBloomFilterPolicy(10));
  table.data_block_index_type = rocksdb::BlockBasedTableOptions::kDataBlockBinaryAndHash;
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(table));
  return family;
}

// Values are written anew under their names (the purge journal's): the larger the buffer,
// the fewer of them are merged again and again.
rocksdb::ColumnFamilyOptions ControlFamily(ByteCount budget) {
  rocksdb::ColumnFamilyOptions family = BaseFamily();
  family.write_buffer_size = std::clamp(budget / 128, 1_MiB, 8_MiB);
  family.table_factory.reset(rocksdb::NewBlockBasedTableFactory(BaseTable()));
  return family;
}

rocksdb::DBOptions DatabaseOptions(const Store::Options& options) {
  rocksdb::DBOptions db;
  db.env = options.env != nullptr ? options.env : ShortWrites::Env();
  db.create_if_missing = true;
  db.create_missing_column_families = true;
  db.max_open_files = -1;
  db.max_background_jobs = 2;
  db.bytes_per_sync = 1_MiB;
  // Recycled logs and writes that skip the log do not go together (RocksDB 12918).
  db.recycle_log_file_num = 0;
  db.max_total_wal_size = std::clamp(options.budget / 64, 1_MiB, 32_MiB);
  db.wal_recovery_mode = rocksdb::WALRecoveryMode::kPointInTimeRecovery;
  db.avoid_unnecessary_blocking_io = true;
  // Files reserved ahead of their bytes would not be in the count.
  db.allow_fallocate = false;
  db.max_manifest_file_size = std::clamp(options.budget / 256, 256_KiB, 16_MiB);
  db.info_log_level = rocksdb::WARN_LEVEL;
  db.info_log = std::make_shared<TextLog>(options.directory);
  db.stats_dump_period_sec = 0;
  db.stats_persist_period_sec = 0;
  // Recovery is ours: one place that decides when to write again.
  db.max_bgerror_resume_count = 0;
  return db;
}

}  // namespace

Error ErrorOf(const rocksdb::Status& status) {
  Code code = Code::kIo;
  if (status.IsNotFound()) {
    code = Code::kNotFound;
  } else if (status.IsNoSpace()) {
    code = Code::kFull;
  } else if (status.IsCorruption()) {
    code = Code::kCorrupt;
  } else if (status.IsIncomplete() || status.IsBusy() || status.IsTryAgain()) {
    code = Code::kUnavailable;
  }
  return Error{code, Side::kStorage, false, status.ToString()};
}

namespace {

// What of an error at open says that the files are not what they were.
Error OpenError(const rocksdb::Status& status) {
  Error error = ErrorOf(status);
  const bool damaged = status.IsCorruption() || status.IsInvalidArgument() || status.IsNotFound() ||
                       status.IsPathNotFound();
  if (damaged) error.code = Code::kCorrupt;
  return error;
}

}  // namespace

void ByteLedger::OnTableFileCreated(const rocksdb::TableFileCreationInfo& info) {
  if (!info.status.ok() || info.file_size == 0) return;
  written_.fetch_add(info.file_size, std::memory_order_relaxed);
  if (info.reason != rocksdb::TableFileCreationReason::kFlush) {
    return Found(info.file_path, info.file_size);
  }
  MutexLock lock(mutex_);
  flushing_.emplace(FileName(info.file_path), info.file_size);
}

void ByteLedger::OnFlushCompleted(rocksdb::DB*, const rocksdb::FlushJobInfo& info) {
  {
    MutexLock lock(mutex_);
    const auto flushed = flushing_.find(FileName(info.file_path));
    if (flushed == flushing_.end()) return;
    const ByteCount bytes = flushed->second;
    if (files_.emplace(flushed->first, bytes).second) {
      files_bytes_.fetch_add(bytes, std::memory_order_relaxed);
    }
    flushing_.erase(flushed);
    ByteCount before = memtables.load(std::memory_order_relaxed);
    while (!memtables.compare_exchange_weak(before, before - std::min(before, bytes))) {
    }
  }
  Changed();
}

void ByteLedger::Found(const std::string& path, ByteCount bytes) {
  MutexLock lock(mutex_);
  if (files_.emplace(FileName(path), bytes).second) {
    files_bytes_.fetch_add(bytes, std::memory_order_relaxed);
  }
}

void ByteLedger::OnTableFileDeleted(const rocksdb::TableFileDeletionInfo& info) {
  MutexLock lock(mutex_);
  const std::string name = FileName(info.file_path);
  flushing_.erase(name);
  const auto file = files_.find(name);
  if (file == files_.end()) return;
  files_bytes_.fetch_sub(file->second, std::memory_order_relaxed);
  files_.erase(file);
}

void ByteLedger::OnBackgroundError(rocksdb::BackgroundErrorReason reason, rocksdb::Status* status) {
  using Reason = rocksdb::BackgroundErrorReason;
  // After an error of a log or a manifest nothing may touch that file again (Debian's
  // build asserts it), and after any other error than a full disk Resume refuses.
  const bool in_a_table =
      reason == Reason::kFlush || reason == Reason::kFlushNoWAL || reason == Reason::kCompaction;
  Failed(ErrorOf(*status), in_a_table && status->IsNoSpace());
}

void ByteLedger::BodiesFailed(const Error& error) {
  // Whatever else fails has its own word on whether to go on.
  if (!failed()) Failed(error, /*resumable=*/true);
}

void ByteLedger::Failed(const Error& error, bool resumable) {
  {
    MutexLock lock(mutex_);
    // The first one is the cause; what follows only says that writing is off.
    if (!failed()) {
      last_error_ = error;
      resumable_ = resumable;
    }
    failed_.store(true, std::memory_order_release);
  }
  Changed();
}

bool ByteLedger::resumable() const {
  MutexLock lock(mutex_);
  return resumable_;
}

Error ByteLedger::last_error() const {
  MutexLock lock(mutex_);
  return last_error_.value_or(Error{});
}

void ByteLedger::Clear() {
  MutexLock lock(mutex_);
  files_.clear();
  flushing_.clear();
  files_bytes_.store(0, std::memory_order_relaxed);
  memtables.store(0, std::memory_order_relaxed);
}

void ByteLedger::OnChange(std::function<void()> changed) {
  MutexLock lock(changed_mutex_);
  changed_ = std::move(changed);
}

void ByteLedger::Changed() {
  MutexLock lock(changed_mutex_);
  if (changed_ != nullptr) changed_();
}

Engine::Engine(Store::Options o)
    : options(std::move(o)),
      segment_bytes(SegmentBytes(options.budget)),
      bodies(std::make_unique<BodyLog>(
          BodyLog::Options{.directory = options.directory,
                           .segment_bytes = segment_bytes,
                           .faults = options.faults,
                           .failed = [this](const Error& error) { ledger->BodiesFailed(error); },
                           .filled = [this] { ledger->Changed(); }})) {}

Engine::Use Engine::Enter() {
  // A reader that keeps coming would hold up Reopen for ever on a lock that prefers
  // readers.
  if (reopening.load(std::memory_order_acquire)) return {};
  Use use(mutex);
  if (db == nullptr) return {};
  return use;
}

Engine::Use Engine::TryEnter() {
  if (reopening.load(std::memory_order_acquire)) return {};
  Use use(mutex, std::try_to_lock);
  if (!use || db == nullptr) return {};
  return use;
}

tl::unexpected<Error> Engine::Closed() {
  return Fail(Error{Code::kUnavailable, Side::kStorage, true, "the store is being reopened"});
}

Status Engine::Wrote(const rocksdb::Status& status) {
  if (status.ok()) return {};
  Error error = ErrorOf(status);
  ledger->Failed(error, false);
  return Fail(std::move(error));
}

Status Engine::Open() {
  rocksdb::DBOptions db_options = DatabaseOptions(options);
  // No SetMaxAllowedSpaceUsage: near its limit it also refuses to move flushed files
  // down ("Compaction too large"), only files that were moved can be dropped, and the
  // store stays full for ever. The bound is Eviction's and FillHandle's.
  db_options.listeners = {ledger};
  std::vector<rocksdb::ColumnFamilyDescriptor> families = {
      {rocksdb::kDefaultColumnFamilyName, ControlFamily(options.budget)},
      {"meta", MetaFamily(options.budget)},
      {"ctl", ControlFamily(options.budget)},
  };
  // Version 1 kept bodies here. They go; the facts stay.
  std::vector<std::string> names;
  rocksdb::DB::ListColumnFamilies(db_options, options.directory, &names);
  const bool old = std::find(names.begin(), names.end(), "body") != names.end();
  if (old) families.push_back({"body", BaseFamily()});
  rocksdb::DB* opened = nullptr;
  std::vector<rocksdb::ColumnFamilyHandle*> handles;
  ledger->Clear();
  const rocksdb::Status status =
      rocksdb::DB::Open(db_options, options.directory, families, &handles, &opened);
  if (!status.ok()) return Fail(OpenError(status));
  opened->DestroyColumnFamilyHandle(handles[0]);
  meta = handles[1];
  ctl = handles[2];
  if (old) {
    opened->DropColumnFamily(handles[3]);
    opened->DestroyColumnFamilyHandle(handles[3]);
  }
  std::vector<rocksdb::LiveFileMetaData> live;
  opened->GetLiveFilesMetaData(&live);
  for (const auto& file : live) ledger->Found(file.name, file.size);
  db.reset(opened);
  if (!bodies->is_open()) {
    if (Status found = bodies->Open(); !found) return found;
  }
  ledger->Works();
  return {};
}

rocksdb::Env* Engine::env() const {
  return options.env != nullptr ? options.env : rocksdb::Env::Default();
}

void Engine::Close() {
  if (db == nullptr) return;
  for (rocksdb::ColumnFamilyHandle* handle : {meta, ctl}) {
    db->DestroyColumnFamilyHandle(handle);
  }
  if (const rocksdb::Status status = db->Close(); !status.ok()) {
    LogWarning("disk: closing the store", {{"error", status.ToString()}});
  }
  db.reset();
}

Status Engine::Reopen(const std::function<Status()>& between) {
  reopening.store(true, std::memory_order_release);
  Status opened;
  {
    std::unique_lock<std::shared_mutex> alone(mutex);
    ledger->Failed({Code::kUnavailable, Side::kStorage, true, "the store is closed"}, false);
    Close();
    opened = between();
    if (opened) opened = Open();
  }
  reopening.store(false, std::memory_order_release);
  return opened;
}

Store::Store(Options options) : engine_(std::make_unique<Engine>(std::move(options))) {}

Store::~Store() { Close(); }

void Store::Close() {
  engine_->bodies->Close();
  std::unique_lock<std::shared_mutex> alone(engine_->mutex);
  engine_->Close();
}

Result<std::unique_ptr<Store>> Store::Open(Options options) {
  std::unique_ptr<Store> store(new Store(std::move(options)));
  if (Status opened = store->engine_->Open(); !opened) return Fail(std::move(opened.error()));
  store->Measure();
  store->MeasureFiles();
  return store;
}

BodyLog& Store::bodies() { return *engine_->bodies; }

Status Store::FlushBodies() {
  if (Status flushed = engine_->bodies->Flush(); !flushed) return flushed;
  // Any synced write syncs all rows before it. Not SyncWAL, which touches a log that
  // has failed meanwhile.
  return PutControl({{"skerry/flushed", ""}});
}

Status Store::WriteMeta(const std::vector<MetaChange>& changes) {
  const Engine::Use use = engine_->Enter();
  if (!use) return Engine::Closed();
  rocksdb::WriteBatch batch;
  for (const MetaChange& change : changes) {
    if (change.row) {
      batch.Put(engine_->meta, change.row_key, *change.row);
    } else {
      batch.Delete(engine_->meta, change.row_key);
    }
  }
  return engine_->Wrote(engine_->db->Write({}, &batch));
}

Result<std::string> Store::GetMeta(std::string_view row_key, bool wait) {
  const Engine::Use use = wait ? engine_->Enter() : engine_->TryEnter();
  if (!use) return Engine::Closed();
  rocksdb::ReadOptions options;
  if (!wait) options.read_tier = rocksdb::kBlockCacheTier;
  std::string row;
  const rocksdb::Status status = engine_->db->Get(
      options, engine_->meta, rocksdb::Slice(row_key.data(), row_key.size()), &row);
  if (!status.ok()) return Fail(ErrorOf(status));
  return row;
}

Status Store::ScanMeta(std::string_view prefix,
                       const std::function<bool(std::string_view, std::string_view)>& each) {
  const Engine::Use use = engine_->Enter();
  if (!use) return Engine::Closed();
  rocksdb::ReadOptions options;
  options.fill_cache = false;
  const std::unique_ptr<rocksdb::Iterator> rows(engine_->db->NewIterator(options, engine_->meta));
  for (rows->Seek({prefix.data(), prefix.size()}); rows->Valid(); rows->Next()) {
    const std::string_view key(rows->key().data(), rows->key().size());
    if (!key.starts_with(prefix)) break;
    if (!each(key, {rows->value().data(), rows->value().size()})) break;
  }
  if (!rows->status().ok()) return Fail(ErrorOf(rows->status()));
  return {};
}

Result<std::string> Store::GetControl(std::string_view name) {
  const Engine::Use use = engine_->Enter();
  if (!use) return Engine::Closed();
  std::string value;
  const rocksdb::Status status =
      engine_->db->Get({}, engine_->ctl, rocksdb::Slice(name.data(), name.size()), &value);
  if (!status.ok()) return Fail(ErrorOf(status));
  return value;
}

Status Store::PutControl(const std::vector<std::pair<std::string, std::string>>& values) {
  const Engine::Use use = engine_->Enter();
  if (!use) return Engine::Closed();
  rocksdb::WriteBatch batch;
  for (const auto& [name, value] : values) batch.Put(engine_->ctl, name, value);
  rocksdb::WriteOptions synced;
  synced.sync = true;
  return engine_->Wrote(engine_->db->Write(synced, &batch));
}

ByteCount Store::used() const {
  return engine_->ledger->files() + engine_->ledger->memtables.load(std::memory_order_relaxed) +
         engine_->other_files.load(std::memory_order_relaxed) + engine_->bodies->bytes();
}

void Store::Measure() {
  const Engine::Use use = engine_->Enter();
  if (!use) return;
  uint64_t meta = 0;
  engine_->db->GetIntProperty(engine_->meta, "rocksdb.cur-size-all-mem-tables", &meta);
  engine_->ledger->memtables.store(meta, std::memory_order_relaxed);
}

void Store::MeasureFiles() {
  const Engine::Use use = engine_->Enter();
  if (!use) return;
  rocksdb::Env* const env = engine_->env();
  const std::string& directory = engine_->options.directory;
  std::vector<std::string> names;
  if (env->GetChildren(directory, &names).ok()) {
    ByteCount others = 0;
    for (const std::string& name : names) {
      uint64_t bytes = 0;
      if (name.ends_with(".sst") || name.starts_with(".") || Segment::FirstOf(name)) continue;
      if (env->GetFileSize(directory + "/" + name, &bytes).ok()) others += bytes;
    }
    engine_->other_files.store(others, std::memory_order_relaxed);
  }
  uint64_t free = 0;
  if (!env->GetFreeSpace(directory, &free).ok()) return;
  free = std::min<uint64_t>(free, 1ull << 60);
  engine_->free_bytes.store(free, std::memory_order_relaxed);
  engine_->reachable.store(engine_->ledger->files() +
                               engine_->other_files.load(std::memory_order_relaxed) +
                               engine_->bodies->bytes() + free,
                           std::memory_order_relaxed);
}

ByteCount Store::limit() const {
  const ByteCount budget = engine_->options.budget;
  const ByteCount reserve = 2 * engine_->segment_bytes;
  const ByteCount reachable = engine_->reachable.load(std::memory_order_relaxed);
  return std::clamp(reachable - std::min(reserve, reachable), budget / 4, budget);
}

bool Store::cramped() const {
  return engine_->free_bytes.load(std::memory_order_relaxed) < 2 * engine_->segment_bytes;
}

ByteCount Store::segment_bytes() const { return engine_->segment_bytes; }

ByteCount Store::written() const { return engine_->ledger->written() + engine_->bodies->written(); }

bool Store::failed() const { return engine_->ledger->failed(); }

Status Store::Resume() {
  const Engine::Use use = engine_->Enter();
  if (!use) return Engine::Closed();
  const rocksdb::Status resumed = engine_->db->Resume();
  if (!resumed.ok()) return Fail(ErrorOf(resumed));
  engine_->bodies->Restart();
  engine_->ledger->Works();
  return {};
}

std::string Store::last_error() const { return engine_->ledger->last_error().ToString(); }

bool Store::out_of_space() const { return engine_->ledger->last_error().code == Code::kFull; }

bool Store::damaged() const { return engine_->ledger->last_error().code == Code::kCorrupt; }

bool Store::resumable() const { return engine_->ledger->resumable(); }

bool Store::CanWrite() const {
  rocksdb::Env* const env = engine_->env();
  const std::string name = engine_->options.directory + "/PROBE";
  const rocksdb::Status written =
      rocksdb::WriteStringToFile(env, std::string(64_KiB, 'p'), name, /*should_sync=*/true);
  const rocksdb::Status removed = env->DeleteFile(name);
  return written.ok() && removed.ok();
}

bool Store::is_open() const { return static_cast<bool>(engine_->Enter()); }

Status Store::Reopen() {
  engine_->bodies->Restart();
  return engine_->Reopen([]() -> Status { return {}; });
}

Status Store::StartOver(const std::function<Status()>& clear) {
  engine_->bodies->Close();
  return engine_->Reopen(clear);
}

std::vector<std::pair<std::string, std::string>> Store::AllControl() {
  std::vector<std::pair<std::string, std::string>> values;
  const Engine::Use use = engine_->Enter();
  if (!use) return values;
  const std::unique_ptr<rocksdb::Iterator> rows(engine_->db->NewIterator({}, engine_->ctl));
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
    values.emplace_back(rows->key().ToString(), rows->value().ToString());
  }
  return values;
}

void Store::OnChange(std::function<void()> changed) {
  engine_->ledger->OnChange(std::move(changed));
}

}  // namespace skerry::cache::disk
