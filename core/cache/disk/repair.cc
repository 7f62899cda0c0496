#include "core/cache/disk/repair.h"

#include <algorithm>
#include <utility>

#include "core/base/log.h"

namespace skerry::cache::disk {

void Repair::Step() {
  const SteadyTime now = parts_.clock.Steady();
  if (!failing_since_) Begin(now);
  if (now < next_try_) return;
  pause_ = std::min(pause_ * 2, kLongestPause);
  next_try_ = now + pause_;
  if (parts_.store.damaged()) {
    const bool again = damaged_at_ && now - *damaged_at_ < kDamagedTwice;
    damaged_at_ = now;
    if (again) return StartOver("RocksDB found damage twice");
    return Reopen(now);
  }
  if (!parts_.store.CanWrite()) return;
  if (parts_.store.resumable() && now < reopen_at_) return Resume();
  Reopen(now);
}

void Repair::Begin(SteadyTime now) {
  failing_since_ = now;
  next_try_ = now;
  reopen_at_ = now + kReopenAfter;
  pause_ = kFirstPause;
  LogError("disk: writing failed; serving goes on, nothing is stored",
           {{"error", parts_.store.last_error()}});
  if (parts_.store.out_of_space()) MakeRoom();
}

// Once an episode: what others fill up again would otherwise cost the whole cache.
void Repair::MakeRoom() {
  const ByteCount enough = parts_.store.used() - parts_.store.used() / 20;
  while (parts_.store.used() > enough && parts_.eviction.DropOldest(/*spare_none=*/true)) {
  }
}

void Repair::Resume() {
  if (const Status resumed = parts_.store.Resume(); !resumed) {
    LogWarning("disk: writing cannot go on yet", {{"error", resumed.error().ToString()}});
    return;
  }
  LogInfo("disk: writing works again");
}

void Repair::Reopen(SteadyTime now) {
  reopen_at_ = now + kReopenAfter;
  // A store that cannot be opened cannot be read either: not while there is no room.
  if (parts_.store.is_open() && parts_.store.cramped()) return;
  LogWarning("disk: opening the store again");
  parts_.memory_lost();
  const Status opened = parts_.store.Reopen();
  if (opened) {
    LogInfo("disk: writing works again");
  } else if (opened.error().code == Code::kCorrupt) {
    StartOver(opened.error().ToString());
  } else {
    LogError("disk: the store cannot be opened", {{"error", opened.error().ToString()}});
  }
}

void Repair::StartOver(std::string_view why) {
  const auto facts = parts_.store.AllControl();
  parts_.memory_lost();
  Status begun = parts_.store.StartOver([&] { return parts_.folder.MoveAside(why); });
  if (begun && !facts.empty()) begun = parts_.store.PutControl(facts);
  if (!begun) {
    LogError("disk: a new store cannot be begun", {{"error", begun.error().ToString()}});
  }
}

void Repair::Healthy() { failing_since_.reset(); }

}  // namespace skerry::cache::disk
