// Hot objects, compressed once more: what was compressed in passing (Brotli 5) and is
// asked for often becomes as small as it gets (Brotli 11), behind the requests.
//
// One thread of its own does one object at a time, within a share of one processor:
// after work that took t of processor time it rests for t / share - t. The queue is
// bounded; what finds it full may come back after as many hits again. An object that was
// purged or replaced meanwhile is not put back. What it did is counted in
// skerry_upgrades_total{result} and skerry_upgrade_cpu_microseconds_total.
#pragma once

#include <chrono>
#include <cstdint>
#include <memory>
#include <string_view>

#include "core/asset/coding.h"
#include "core/base/bytes.h"
#include "core/base/clock.h"
#include "core/base/metrics.h"
#include "core/cache/disk/disk.h"
#include "core/cache/entry.h"
#include "core/cache/ram.h"

namespace skerry::gateway {

// What became of an object. Not an error, any of them.
enum class Upgraded : uint8_t {
  kDone,
  kNoGain,  // it is no smaller, or there is too little of it to gain
  kTooLarge,
  kGone,  // purged, replaced or evicted meanwhile
  kFull,  // the queue was
  kUnreadable,
};
std::string_view Name(Upgraded result);

// How long to rest after work that took `used` of processor time.
Micros RestAfter(Micros used, double share);

// The same response with its body by `recipe`. Null: `coded` is not Brotli, or the
// result would be no smaller; `result` says which.
cache::EntryPtr Upgrade(const cache::Entry& coded, const asset::Recipe& recipe, ByteCount largest,
                        Upgraded* result);

// Owner: the process. Thread: any. The destructor waits for the object at hand.
class Upgrades {
 public:
  struct Options {
    double processor_share = 0.1;  // of one; in (0, 1]
    uint32_t hits = 16;            // after so many an object is hot
    ByteCount largest = 2_MiB;     // of the body, uncoded
    size_t queue = 64;
    cache::Ram* ram = nullptr;
    cache::Disk* disk = nullptr;  // may be null
    Metrics* metrics = nullptr;
  };
  explicit Upgrades(Options options);
  ~Upgrades();
  Upgrades(const Upgrades&) = delete;
  Upgrades& operator=(const Upgrades&) = delete;

  // Begins to count the hits of a response that was encoded by `recipe`, if it can
  // become smaller.
  void Watch(const cache::Entry& entry, const asset::Recipe& recipe) const;
  // The same for one that comes from disk: its tag tells the recipe.
  void Watch(const cache::Entry& entry) const;

  // An answer was given from it. One load unless it is watched.
  void OnHit(const cache::EntryPtr& entry) {
    if (entry->hits_to_upgrade.load(std::memory_order_relaxed) != 0) Count(entry);
  }

  // Waits until nothing is queued or under way; rests are cut short. For tests.
  void Finish();

 private:
  struct State;
  void Count(const cache::EntryPtr& entry);

  std::unique_ptr<State> state_;
};

}  // namespace skerry::gateway
