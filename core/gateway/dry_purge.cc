#include "core/gateway/dry_purge.h"

#include <unordered_set>
#include <utility>
#include <vector>

#include "core/base/clock.h"

namespace skerry::gateway {
namespace {

constexpr size_t kEntriesAStep = 1024;
constexpr Millis kStep{5};
constexpr uint32_t kDiskParts = 65'536;

class DryPurge {
 public:
  DryPurge(const DryPurgeParts& parts, cache::Selectors selectors) : parts_(parts) {
    cache::Record record;
    record.seq = 1;
    record.selectors = std::move(selectors);
    // Under the node's own rules, as the record would be.
    cache::Change change = parts.generations.ChangeOf(record);
    probe_.Apply(change);
  }

  std::optional<cache::DropCount> Step() {
    const SteadyTime until = Clock::Real().Steady() + kStep;
    while (Clock::Real().Steady() < until) {
      if (!ram_done_) {
        LookAtRam();
      } else if (parts_.disk != nullptr && next_part_ < kDiskParts) {
        LookAtDisk();
      } else {
        return count_;
      }
    }
    return std::nullopt;
  }

 private:
  // A stamp older than the probe's only record.
  bool Drops(const cache::StoredHead& head, cache::Stamp stamp) const {
    if (probe_.Judge(head.key, head.tags, {}) != cache::Purged::kHard) return false;
    return parts_.generations.Judge(head.key, head.tags, stamp) != cache::Purged::kHard;
  }
  static uint64_t NameOf(const cache::StoredHead& head) {
    return head.key.hash.low ^ (head.variant_hash * 0x9e3779b97f4a7c15);
  }

  void LookAtRam() {
    std::vector<cache::EntryPtr> seen;
    ram_done_ = !parts_.ram.Walk(place_, kEntriesAStep, seen);
    for (const cache::EntryPtr& entry : seen) {
      if (!Drops(entry->head, entry->stamp())) continue;
      if (!counted_.insert(NameOf(entry->head)).second) continue;  // the walk met it twice
      ++count_.ram_objects;
      ++count_.objects;
      count_.bytes += entry->body_size;
    }
  }

  void LookAtDisk() {
    const auto part = static_cast<uint16_t>(next_part_++);
    parts_.disk->Look(part, [this](const cache::StoredHead& head, uint64_t body_size) {
      if (!Drops(head, head.stamp)) return;
      ++count_.disk_objects;
      if (counted_.contains(NameOf(head))) return;
      ++count_.objects;
      count_.bytes += body_size;
    });
  }

  const DryPurgeParts parts_;
  cache::Generations probe_;
  cache::Ram::Place place_;
  bool ram_done_ = false;
  uint32_t next_part_ = 0;
  std::unordered_set<uint64_t> counted_;  // of RAM
  cache::DropCount count_;
};

}  // namespace

cache::CountStep BeginDryPurge(const DryPurgeParts& parts, cache::Selectors selectors) {
  auto dry = std::make_shared<DryPurge>(parts, std::move(selectors));
  return [dry] { return dry->Step(); };
}

}  // namespace skerry::gateway
