#include "purge-api/log/rocks_log.h"

#include <rocksdb/db.h>
#include <rocksdb/options.h>
#include <rocksdb/write_batch.h>

#include <charconv>
#include <map>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/base/bytes.h"
#include "core/base/log.h"
#include "purge-api/log/receipt_json.h"

namespace skerry::purge {
namespace {

using cache::Seq;
using nlohmann::json;

constexpr char kId[] = "m/id";
constexpr char kHead[] = "m/head";
constexpr char kMembers[] = "m/members";
// Old records are dropped so many at a time.
constexpr uint64_t kDropEach = 1024;

Error FromRocks(const rocksdb::Status& status, std::string_view doing) {
  Code code = Code::kIo;
  if (status.IsNotFound()) code = Code::kNotFound;
  if (status.IsCorruption()) code = Code::kCorrupt;
  if (status.IsNoSpace()) code = Code::kFull;
  return {code, Side::kStorage, false, "log: " + std::string(doing) + ": " + status.ToString()};
}
tl::unexpected<Error> Corrupt(std::string_view what) {
  return Fail(Code::kCorrupt, Side::kStorage, "log: " + std::string(what) + " is damaged");
}

std::string At(char kind, Seq seq) {
  std::string key(1, kind);
  PutBe64(key, seq);
  return key;
}
std::string Dump(const json& value) {
  return value.dump(-1, ' ', false, json::error_handler_t::replace);
}

json ToValue(const Member& member) {
  return {{"node", member.node},
          {"incarnation", member.incarnation},
          {"serves", member.serves_on_partition},
          {"releases", member.serves_releases},
          {"given", member.given},
          {"ended", member.ended}};
}

std::optional<std::vector<Member>> MembersFrom(const std::string& text) {
  const json value = json::parse(text, nullptr, false);
  if (!value.is_array()) return std::nullopt;
  std::vector<Member> members;
  for (const json& its : value) {
    if (!its.is_object() || !its.contains("node") || !its["node"].is_string() ||
        !its.contains("incarnation") || !its["incarnation"].is_string()) {
      return std::nullopt;
    }
    members.push_back({its["node"].get<std::string>(), its["incarnation"].get<std::string>(),
                       its.value("serves", json()) == true, its.value("releases", json()) == true,
                       its.value("given", json()) == true, its.value("ended", json()) == true});
  }
  return members;
}

class RocksLog : public Log {
 public:
  RocksLog(RocksLogOptions options, std::unique_ptr<rocksdb::DB> db)
      : options_(std::move(options)), db_(std::move(db)) {}

  Status Load();
  const State& opened() const override { return opened_; }
  Result<std::vector<Written>> Append(const std::vector<Draft>& drafts) override;
  Result<std::vector<std::string>> Read(Seq after, size_t most_bytes) override;
  Result<std::vector<std::string>> Releases() override;
  Result<Found> Find(std::string_view id) override;
  Result<Pasts> List(const Search& search) override;
  Status PutMembers(const std::vector<Member>& members) override;
  Status PutReceipts(const std::vector<std::pair<Seq, Receipt>>& receipts) override;

 private:
  // A batch as it grows: keys of its own drafts are seen as well.
  struct Batch {
    rocksdb::WriteBatch writes;
    Seq head = 0;
    std::map<std::string, std::pair<std::string, Seq>> keys;
  };

  Result<std::optional<std::string>> Get(std::string_view key);
  Result<std::optional<std::pair<std::string, Seq>>> FindKey(const Batch& batch,
                                                             const std::string& key);
  Result<Written> AppendOne(const Draft& draft, Batch& batch);
  Result<Written> Repeat(Seq seq, bool same);
  Result<std::optional<Past>> PastOf(Seq seq, std::string_view info);
  Status DropOld(Seq head, Batch& batch);
  std::string IdOf(Seq seq) const { return opened_.id + '-' + std::to_string(seq); }
  Status Write(rocksdb::WriteBatch& batch, bool sync, std::string_view doing);

  const RocksLogOptions options_;
  const std::unique_ptr<rocksdb::DB> db_;
  State opened_;
  Seq head_ = 0;        // of the appending thread
  Seq first_kept_ = 1;  // the same
};

Result<std::optional<std::string>> RocksLog::Get(std::string_view key) {
  std::string value;
  const rocksdb::Status status =
      db_->Get(rocksdb::ReadOptions(), rocksdb::Slice(key.data(), key.size()), &value);
  if (status.IsNotFound()) return std::optional<std::string>();
  if (!status.ok()) return Fail(FromRocks(status, "read"));
  return std::optional(std::move(value));
}

Status RocksLog::Write(rocksdb::WriteBatch& batch, bool sync, std::string_view doing) {
  rocksdb::WriteOptions options;
  options.sync = sync;
  const rocksdb::Status status = db_->Write(options, &batch);
  if (!status.ok()) return Fail(FromRocks(status, doing));
  return {};
}

Status RocksLog::Load() {
  Result<std::optional<std::string>> id = Get(kId);
  if (!id) return Fail(std::move(id.error()));
  if (!*id) {
    rocksdb::WriteBatch batch;
    opened_.id = options_.random->Hex(8);
    batch.Put(kId, opened_.id);
    if (Status status = Write(batch, true, "begin"); !status) return status;
    LogInfo("purge log: begun", {{"log", opened_.id}});
    return {};
  }
  opened_.id = **id;
  const Result<std::optional<std::string>> head = Get(kHead);
  if (!head) return Fail(head.error());
  if (*head) {
    ByteReader reader(**head);
    head_ = opened_.head = reader.Be64();
    if (!reader.AtEnd()) return Corrupt("the head");
  }
  const Result<std::optional<std::string>> members = Get(kMembers);
  if (!members) return Fail(members.error());
  if (*members) {
    std::optional<std::vector<Member>> read = MembersFrom(**members);
    if (!read) return Corrupt("the list of nodes");
    opened_.members = std::move(*read);
  }
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(rocksdb::ReadOptions()));
  for (it->Seek("o"); it->Valid() && it->key().starts_with("o"); it->Next()) {
    ByteReader key(std::string_view(it->key().data(), it->key().size()).substr(1));
    const int needs = it->value().empty() ? 0 : it->value()[0] - '0';
    opened_.open.emplace_back(key.Be64(), static_cast<Needs>(needs));
  }
  it->Seek("r");
  first_kept_ = head_ + 1;
  if (it->Valid() && it->key().starts_with("r")) {
    ByteReader key(std::string_view(it->key().data(), it->key().size()).substr(1));
    first_kept_ = key.Be64();
  }
  if (!it->status().ok()) return Fail(FromRocks(it->status(), "open"));
  return {};
}

Result<std::optional<std::pair<std::string, Seq>>> RocksLog::FindKey(const Batch& batch,
                                                                     const std::string& key) {
  using Hit = std::optional<std::pair<std::string, Seq>>;
  if (key.empty()) return Hit();
  if (const auto here = batch.keys.find(key); here != batch.keys.end()) return Hit(here->second);
  Result<std::optional<std::string>> stored = Get("k" + key);
  if (!stored) return Fail(std::move(stored.error()));
  if (!*stored) return Hit();
  const json value = json::parse(**stored, nullptr, false);
  if (!value.is_object() || !value.contains("digest") || !value.contains("seq") ||
      !value["digest"].is_string() || !value["seq"].is_number_unsigned()) {
    return Corrupt("an idempotency key");
  }
  return Hit({value["digest"].get<std::string>(), value["seq"].get<Seq>()});
}

Result<Written> RocksLog::Repeat(Seq seq, bool same) {
  Written written;
  written.outcome = same ? Written::Outcome::kRepeated : Written::Outcome::kMismatch;
  written.seq = seq;
  written.id = IdOf(seq);
  return written;
}

Result<Written> RocksLog::AppendOne(const Draft& draft, Batch& batch) {
  const auto used = FindKey(batch, draft.key);
  if (!used) return Fail(used.error());
  if (*used) return Repeat((*used)->second, (*used)->first == draft.digest);
  cache::Record record = draft.record;
  record.seq = ++batch.head;
  record.id = IdOf(record.seq);
  Written written;
  written.seq = record.seq;
  written.id = record.id;
  written.needs = NeedsOf(record);
  written.json = cache::ToJson(record);
  batch.writes.Put(At('r', record.seq), written.json);
  batch.writes.Put(At('o', record.seq), std::string(1, '0' + static_cast<char>(written.needs)));
  json info = {{"at", ToRfc3339(draft.at)}, {"who", draft.who}};
  if (!draft.key.empty()) {
    info["key"] = draft.key;
    batch.keys[draft.key] = {draft.digest, record.seq};
    batch.writes.Put("k" + draft.key, Dump({{"digest", draft.digest}, {"seq", record.seq}}));
  }
  batch.writes.Put(At('i', record.seq), Dump(info));
  if (record.kind == cache::RecordKind::kActivation) {
    batch.writes.Put("a" + record.site, written.json);
  }
  return written;
}

// Everything about records that are no longer kept, but for those still open.
Status RocksLog::DropOld(Seq head, Batch& batch) {
  if (head < first_kept_ + options_.keep_records + kDropEach) return {};
  const Seq keep_from = head - options_.keep_records + 1;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(rocksdb::ReadOptions()));
  const std::string end = At('i', keep_from);
  for (it->Seek(At('i', 0)); it->Valid() && it->key().compare(end) < 0; it->Next()) {
    const json info = json::parse(it->value().ToStringView(), nullptr, false);
    if (info.is_object() && info.contains("key") && info["key"].is_string()) {
      batch.writes.Delete("k" + info["key"].get<std::string>());
    }
  }
  if (!it->status().ok()) return Fail(FromRocks(it->status(), "drop old records"));
  for (const char kind : {'r', 'i', 'c'}) {
    batch.writes.DeleteRange(At(kind, 0), At(kind, keep_from));
  }
  first_kept_ = keep_from;
  return {};
}

Result<std::vector<Written>> RocksLog::Append(const std::vector<Draft>& drafts) {
  Batch batch;
  batch.head = head_;
  std::vector<Written> all;
  for (const Draft& draft : drafts) {
    Result<Written> written = AppendOne(draft, batch);
    if (!written) return Fail(std::move(written.error()));
    all.push_back(std::move(*written));
  }
  if (batch.head == head_) return all;
  if (Status status = DropOld(batch.head, batch); !status) return Fail(std::move(status.error()));
  std::string head;
  PutBe64(head, batch.head);
  batch.writes.Put(kHead, head);
  if (Status status = Write(batch.writes, true, "append"); !status) {
    return Fail(std::move(status.error()));
  }
  head_ = batch.head;
  return all;
}

Result<std::vector<std::string>> RocksLog::Read(Seq after, size_t most_bytes) {
  std::vector<std::string> records;
  size_t bytes = 0;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(rocksdb::ReadOptions()));
  Seq next = after + 1;
  for (it->Seek(At('r', next)); it->Valid() && it->key().compare(At('r', next)) == 0; it->Next()) {
    bytes += it->value().size();
    if (!records.empty() && bytes > most_bytes) break;
    records.push_back(it->value().ToString());
    ++next;
  }
  if (!it->status().ok()) return Fail(FromRocks(it->status(), "read records"));
  return records;
}

Result<std::vector<std::string>> RocksLog::Releases() {
  std::vector<std::string> records;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(rocksdb::ReadOptions()));
  for (it->Seek("a"); it->Valid() && it->key().starts_with("a"); it->Next()) {
    records.push_back(it->value().ToString());
  }
  if (!it->status().ok()) return Fail(FromRocks(it->status(), "read releases"));
  return records;
}

Result<Found> RocksLog::Find(std::string_view id) {
  const auto unknown = [&] {
    return Fail(Code::kNotFound, Side::kClient, "no purge " + std::string(id));
  };
  const std::string prefix = opened_.id + '-';
  if (!id.starts_with(prefix)) return unknown();
  Found found;
  const char* const end = id.data() + id.size();
  const auto [rest, error] = std::from_chars(id.data() + prefix.size(), end, found.seq);
  if (error != std::errc() || rest != end || IdOf(found.seq) != id) return unknown();
  const auto info = Get(At('i', found.seq));
  if (!info) return Fail(info.error());
  if (!*info) return unknown();
  const auto receipt = Get(At('c', found.seq));
  if (!receipt) return Fail(receipt.error());
  if (!*receipt) return found;
  Result<Receipt> read = ReceiptFromJson(**receipt);
  if (!read) return Fail(std::move(read.error()));
  found.receipt = std::move(*read);
  return found;
}

// Nothing: only what it named is gone, or it is damaged; the others can still be told.
Result<std::optional<Past>> RocksLog::PastOf(Seq seq, std::string_view info) {
  const json facts = json::parse(info, nullptr, false);
  const auto text = Get(At('r', seq));
  if (!text) return Fail(text.error());
  const auto receipt = Get(At('c', seq));
  if (!receipt) return Fail(receipt.error());
  if (!*text || !facts.is_object()) return std::optional<Past>();
  Result<cache::Record> record = cache::RecordFromJson(**text);
  if (!record) return std::optional<Past>();
  const auto said = [&](const char* name) {
    const auto found = facts.find(name);
    return found != facts.end() && found->is_string() ? found->get<std::string>() : std::string();
  };
  return std::optional(Past{std::move(*record), said("at"), said("who"), receipt->has_value()});
}

Result<Pasts> RocksLog::List(const Search& search) {
  Pasts pasts;
  const std::unique_ptr<rocksdb::Iterator> it(db_->NewIterator(rocksdb::ReadOptions()));
  it->SeekForPrev(At('i', search.before == 0 ? UINT64_MAX : search.before - 1));
  size_t looked_at = 0;
  for (; it->Valid() && it->key().starts_with("i"); it->Prev()) {
    ByteReader key(std::string_view(it->key().data(), it->key().size()).substr(1));
    const Seq seq = key.Be64();
    if (pasts.found.size() == search.most || looked_at++ == kLookedAt) {
      pasts.next = seq + 1;
      break;
    }
    auto past = PastOf(seq, it->value().ToStringView());
    if (!past) return Fail(std::move(past.error()));
    if (*past && Fits(search, **past)) pasts.found.push_back(std::move(**past));
  }
  if (!it->status().ok()) return Fail(FromRocks(it->status(), "look back"));
  return pasts;
}

Status RocksLog::PutMembers(const std::vector<Member>& members) {
  json list = json::array();
  for (const Member& member : members) list.push_back(ToValue(member));
  rocksdb::WriteBatch batch;
  batch.Put(kMembers, Dump(list));
  return Write(batch, true, "write the list of nodes");
}

Status RocksLog::PutReceipts(const std::vector<std::pair<Seq, Receipt>>& receipts) {
  rocksdb::WriteBatch batch;
  for (const auto& [seq, receipt] : receipts) {
    batch.Put(At('c', seq), ToJson(IdOf(seq), seq, receipt));
    batch.Delete(At('o', seq));
  }
  return Write(batch, false, "write receipts");
}

}  // namespace

Needs NeedsOf(const cache::Record& record) {
  if (record.kind == cache::RecordKind::kActivation) return Needs::kActivation;
  return record.immutable ? Needs::kNotice : Needs::kFence;
}

Result<std::unique_ptr<Log>> OpenRocksLog(const RocksLogOptions& options) {
  rocksdb::Options rocks;
  rocks.create_if_missing = true;
  rocks.write_buffer_size = 16_MiB;
  rocks.max_open_files = 128;
  rocks.keep_log_file_num = 2;
  rocks.max_total_wal_size = 64_MiB;
  // Larger ones hold their processor for milliseconds (core/cache/disk/short_writes.h).
  rocks.writable_file_max_buffer_size = 64_KiB;
  // A torn last write was never answered; anything else is not hidden.
  rocks.wal_recovery_mode = rocksdb::WALRecoveryMode::kTolerateCorruptedTailRecords;
  rocksdb::DB* db = nullptr;
  const rocksdb::Status status = rocksdb::DB::Open(rocks, options.directory, &db);
  if (!status.ok()) {
    Error error = FromRocks(status, "open " + options.directory);
    const std::string text = status.ToString();
    if (status.IsIOError() && text.find("lock") != text.npos) {
      error.code = Code::kRefused;
      error.context = options.directory + " is in use by another process";
    }
    return Fail(std::move(error));
  }
  auto log = std::make_unique<RocksLog>(options, std::unique_ptr<rocksdb::DB>(db));
  if (Status loaded = log->Load(); !loaded) return Fail(std::move(loaded.error()));
  return log;
}

}  // namespace skerry::purge
