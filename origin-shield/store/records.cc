#include "origin-shield/store/records.h"

#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>

#include <array>
#include <utility>

#include "core/base/bytes.h"

namespace skerry::shield {
namespace {

constexpr std::array<Table, kTables> kAll = {Table::kRelease, Table::kManifest, Table::kTimes,
                                             Table::kPath,    Table::kSite,     Table::kControl};

Error FromRocks(const rocksdb::Status& status, std::string_view doing) {
  Code code = Code::kIo;
  if (status.IsNotFound()) code = Code::kNotFound;
  if (status.IsCorruption()) code = Code::kCorrupt;
  if (status.IsNoSpace()) code = Code::kFull;
  return {code, Side::kStorage, false, std::string(doing) + ": " + status.ToString()};
}

rocksdb::Slice ToSlice(std::string_view text) { return {text.data(), text.size()}; }
std::string_view ToView(const rocksdb::Slice& slice) { return {slice.data(), slice.size()}; }

rocksdb::Options StoreOptions() {
  rocksdb::Options options;
  options.create_if_missing = true;
  options.create_missing_column_families = true;
  options.max_open_files = 128;
  options.keep_log_file_num = 2;
  options.max_total_wal_size = 64_MiB;
  return options;
}

rocksdb::ColumnFamilyOptions TableOptions() {
  rocksdb::ColumnFamilyOptions options;
  options.write_buffer_size = 8_MiB;
  return options;
}

}  // namespace

std::string_view Name(Table table) {
  switch (table) {
    case Table::kRelease: return "release";
    case Table::kManifest: return "manifest";
    case Table::kTimes: return "times";
    case Table::kPath: return "path";
    case Table::kSite: return "site";
    case Table::kControl: return "control";
  }
  return "unknown";
}

struct Records::State {
  ~State() {
    for (rocksdb::ColumnFamilyHandle* handle : families) {
      db->DestroyColumnFamilyHandle(handle);
    }
  }
  rocksdb::ColumnFamilyHandle* family(Table table) const {
    return families[static_cast<size_t>(table) + 1];  // behind RocksDB's "default"
  }

  std::unique_ptr<rocksdb::DB> db;
  std::vector<rocksdb::ColumnFamilyHandle*> families;
};

Records::Records(std::unique_ptr<State> state) : state_(std::move(state)) {}
Records::~Records() = default;

Result<std::unique_ptr<Records>> Records::Open(const std::string& directory) {
  std::vector<rocksdb::ColumnFamilyDescriptor> tables = {
      {rocksdb::kDefaultColumnFamilyName, TableOptions()}};
  for (const Table table : kAll) tables.emplace_back(std::string(Name(table)), TableOptions());
  auto state = std::make_unique<State>();
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status =
      rocksdb::DB::Open(StoreOptions(), directory, tables, &state->families, &db);
  if (!status.ok()) {
    Error error = FromRocks(status, "open " + directory);
    if (error.context.find("lock") != std::string::npos) {
      error.code = Code::kRefused;
      error.context = directory + " is in use by another process";
    }
    return Fail(std::move(error));
  }
  state->db.reset(db);
  return std::unique_ptr<Records>(new Records(std::move(state)));
}

Result<std::string> Records::Get(Table table, std::string_view key) const {
  std::string value;
  const rocksdb::Status status =
      state_->db->Get(rocksdb::ReadOptions(), state_->family(table), ToSlice(key), &value);
  if (!status.ok()) return Fail(FromRocks(status, Name(table)));
  return value;
}

Status Records::Write(const std::vector<Change>& changes) {
  rocksdb::WriteBatch batch;
  for (const Change& change : changes) {
    rocksdb::ColumnFamilyHandle* family = state_->family(change.table);
    const rocksdb::Status status = change.value
                                       ? batch.Put(family, ToSlice(change.key), *change.value)
                                       : batch.Delete(family, ToSlice(change.key));
    if (!status.ok()) return Fail(FromRocks(status, Name(change.table)));
  }
  rocksdb::WriteOptions options;
  options.sync = true;
  const rocksdb::Status status = state_->db->Write(options, &batch);
  if (!status.ok()) return Fail(FromRocks(status, "write"));
  return {};
}

Status Records::ForEach(
    Table table, std::string_view prefix,
    const std::function<bool(std::string_view, std::string_view)>& visit) const {
  const std::unique_ptr<rocksdb::Iterator> at(
      state_->db->NewIterator(rocksdb::ReadOptions(), state_->family(table)));
  for (at->Seek(ToSlice(prefix)); at->Valid(); at->Next()) {
    const std::string_view key = ToView(at->key());
    if (!key.starts_with(prefix) || !visit(key, ToView(at->value()))) break;
  }
  if (!at->status().ok()) return Fail(FromRocks(at->status(), Name(table)));
  return {};
}

std::string SiteKey(std::string_view site, std::string_view rest) {
  std::string key(site);
  key.push_back('\0');
  key.append(rest);
  return key;
}

SiteKeyParts SplitSiteKey(std::string_view key) {
  const size_t at = key.find('\0');
  if (at == std::string_view::npos) return {key, {}};
  return {key.substr(0, at), key.substr(at + 1)};
}

}  // namespace skerry::shield
