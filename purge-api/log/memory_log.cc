#include "purge-api/log/memory_log.h"

namespace skerry::purge {
namespace {

tl::unexpected<Error> Broken() { return Fail(Code::kIo, Side::kStorage, "the disk is gone"); }

}  // namespace

MemoryLog::MemoryLog(std::shared_ptr<MemoryDisk> disk) : disk_(std::move(disk)) {
  opened_.id = disk_->id;
  opened_.head = disk_->records.size();
  opened_.members = disk_->members;
  for (const cache::Record& record : disk_->records) {
    if (!disk_->receipts.contains(record.seq)) {
      opened_.open.emplace_back(record.seq, NeedsOf(record));
    }
  }
}

Result<std::vector<Written>> MemoryLog::Append(const std::vector<Draft>& drafts) {
  if (failing) return Broken();
  ++appends;
  std::vector<Written> all;
  for (const Draft& draft : drafts) {
    Written& written = all.emplace_back();
    const auto used = disk_->keys.find(draft.key);
    if (!draft.key.empty() && used != disk_->keys.end()) {
      written.outcome = used->second.first == draft.digest ? Written::Outcome::kRepeated
                                                           : Written::Outcome::kMismatch;
      written.seq = used->second.second;
      written.id = IdOf(written.seq);
      continue;
    }
    cache::Record record = draft.record;
    record.seq = disk_->records.size() + 1;
    record.id = IdOf(record.seq);
    disk_->records.push_back(record);
    disk_->written.emplace_back(ToRfc3339(draft.at), draft.who);
    if (!draft.key.empty()) disk_->keys[draft.key] = {draft.digest, record.seq};
    written = {Written::Outcome::kNew, record.seq, record.id, NeedsOf(record),
               cache::ToJson(record)};
  }
  return all;
}

Result<std::vector<std::string>> MemoryLog::Read(cache::Seq after, size_t most_bytes) {
  if (failing) return Broken();
  std::vector<std::string> records;
  size_t bytes = 0;
  for (cache::Seq seq = after + 1; seq <= disk_->records.size() && seq >= disk_->first_kept;
       ++seq) {
    std::string text = cache::ToJson(disk_->records[seq - 1]);
    bytes += text.size();
    if (!records.empty() && bytes > most_bytes) break;
    records.push_back(std::move(text));
  }
  return records;
}

Result<std::vector<std::string>> MemoryLog::Releases() {
  std::map<std::string, std::string> newest;
  for (const cache::Record& record : disk_->records) {
    if (record.kind == cache::RecordKind::kActivation) newest[record.site] = cache::ToJson(record);
  }
  std::vector<std::string> records;
  for (const auto& [site, text] : newest) records.push_back(text);
  return records;
}

Result<Found> MemoryLog::Find(std::string_view id) {
  for (const cache::Record& record : disk_->records) {
    if (record.id != id) continue;
    Found found{record.seq, std::nullopt};
    const auto receipt = disk_->receipts.find(record.seq);
    if (receipt != disk_->receipts.end()) found.receipt = receipt->second;
    return found;
  }
  return Fail(Code::kNotFound, Side::kClient, "no such purge");
}

Result<Pasts> MemoryLog::List(const Search& search) {
  if (failing) return Broken();
  Pasts pasts;
  for (size_t i = disk_->records.size(); i > 0; --i) {
    const cache::Record& record = disk_->records[i - 1];
    if (search.before != 0 && record.seq >= search.before) continue;
    const auto& [at, who] = disk_->written[i - 1];
    Past past{record, at, who, disk_->receipts.contains(record.seq)};
    if (!Fits(search, past)) continue;
    if (pasts.found.size() == search.most) {
      pasts.next = pasts.found.back().record.seq;
      break;
    }
    pasts.found.push_back(std::move(past));
  }
  return pasts;
}

Status MemoryLog::PutMembers(const std::vector<Member>& members) {
  if (failing) return Broken();
  disk_->members = members;
  return {};
}

Status MemoryLog::PutReceipts(const std::vector<std::pair<cache::Seq, Receipt>>& receipts) {
  for (const auto& [seq, receipt] : receipts) disk_->receipts[seq] = receipt;
  return {};
}

}  // namespace skerry::purge
