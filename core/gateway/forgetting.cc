#include "core/gateway/forgetting.h"

#include <algorithm>
#include <vector>

namespace skerry::gateway {
namespace {

constexpr size_t kEntriesAStep = 4096;

}  // namespace

bool Forgetting::Step() {
  if (!oldest_) {
    if (parts_.generations.size() < kept_ + parts_.each) return false;
    Begin();
  }
  std::vector<cache::EntryPtr> seen;
  const bool more = parts_.ram.Walk(place_, kEntriesAStep, seen);
  for (const cache::EntryPtr& entry : seen) Look(entry);
  if (more) return true;
  End();
  return false;
}

// Fetches before tiers: what a fetch stores meanwhile was counted with it.
void Forgetting::Begin() {
  oldest_ = parts_.generations.Now().seq;
  if (const auto fetch = parts_.fills.OldestStamp()) oldest_ = std::min(*oldest_, *fetch);
  place_ = {};
}

void Forgetting::Look(const cache::EntryPtr& entry) {
  switch (parts_.generations.Judge(*entry)) {
    case cache::Purged::kHard: parts_.ram.Remove(entry); return;
    case cache::Purged::kSoft: oldest_ = std::min(*oldest_, entry->stamp().seq); return;
    case cache::Purged::kNo:       // cleared
    case cache::Purged::kUnknown:  // meets nothing that is kept
      return;
  }
}

// The disk last: what leaves memory during the walk goes there.
void Forgetting::End() {
  if (parts_.disk != nullptr) oldest_ = std::min(*oldest_, parts_.disk->stats().oldest_seq);
  parts_.generations.ForgetBelow(*oldest_);
  oldest_.reset();
  kept_ = parts_.generations.size();
}

}  // namespace skerry::gateway
