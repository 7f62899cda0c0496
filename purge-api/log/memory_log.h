// A log in memory, for tests: fails where told, and counts its syncs.
#pragma once

#include <atomic>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "purge-api/log/log.h"

namespace skerry::purge {

// What outlives a MemoryLog as a disk outlives a process.
struct MemoryDisk {
  std::string id = "5f3a";
  std::vector<cache::Record> records;
  std::vector<std::pair<std::string, std::string>> written;  // when and by whom each was
  cache::Seq first_kept = 1;
  std::map<std::string, std::pair<std::string, cache::Seq>> keys;
  std::map<cache::Seq, Receipt> receipts;
  std::vector<Member> members;
};

class MemoryLog : public Log {
 public:
  explicit MemoryLog(std::shared_ptr<MemoryDisk> disk);

  const State& opened() const override { return opened_; }
  Result<std::vector<Written>> Append(const std::vector<Draft>& drafts) override;
  Result<std::vector<std::string>> Read(cache::Seq after, size_t most_bytes) override;
  Result<std::vector<std::string>> Releases() override;
  Result<Found> Find(std::string_view id) override;
  Result<Pasts> List(const Search& search) override;
  Status PutMembers(const std::vector<Member>& members) override;
  Status PutReceipts(const std::vector<std::pair<cache::Seq, Receipt>>& receipts) override;

  std::atomic<bool> failing{false};
  std::atomic<int> appends{0};

 private:
  std::string IdOf(cache::Seq seq) const { return disk_->id + '-' + std::to_string(seq); }
  std::shared_ptr<MemoryDisk> disk_;
  State opened_;
};

}  // namespace skerry::purge
