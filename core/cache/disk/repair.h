// The way back after a failed write or a full disk, without anybody's help. Room is
// made, and with growing pauses a small file is tried; until that works the store is
// left as it is, for it can be read. Then RocksDB goes on by itself where it can (a
// table had no room, for 30 s), and is closed and opened where it cannot, which loses
// what was in no file. One whose files are damaged is moved aside and begun anew.
//
// Owner: upkeep. Thread: upkeep's.
#pragma once

#include <functional>
#include <optional>

#include "core/base/clock.h"
#include "core/cache/disk/eviction.h"
#include "core/cache/disk/folder.h"
#include "core/cache/disk/store.h"

namespace skerry::cache::disk {

class Repair {
 public:
  static constexpr Millis kFirstPause{250};
  static constexpr Millis kLongestPause{4000};
  static constexpr Seconds kReopenAfter{30};
  // Damage twice in this time: opening again does not help.
  static constexpr Seconds kDamagedTwice{600};

  struct Parts {
    Store& store;
    Eviction& eviction;
    Folder& folder;
    const Clock& clock;
    // What was in no file is about to be lost: fills end, the index is to be loaded.
    std::function<void()> memory_lost;
  };
  explicit Repair(Parts parts) : parts_(std::move(parts)) {}

  // Once a round while the store fails; does something only when it is time to.
  void Step();
  // The store works: forget the episode.
  void Healthy();
  // What cannot be read cannot be mended: a new store, keeping the control facts.
  void StartOver(std::string_view why);

 private:
  void Begin(SteadyTime now);
  void MakeRoom();
  void Resume();
  void Reopen(SteadyTime now);

  Parts parts_;
  std::optional<SteadyTime> failing_since_;
  std::optional<SteadyTime> damaged_at_;
  SteadyTime next_try_;
  SteadyTime reopen_at_;
  Millis pause_{0};
};

}  // namespace skerry::cache::disk
