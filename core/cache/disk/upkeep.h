// The thread that keeps the store in order: flushes when a flush is due, makes room on
// the disk and in the page cache, and repairs what failed.
//
// Owner: the disk tier. Thread: its own; Kick and the destructor any.
#pragma once

#include <atomic>
#include <optional>
#include <thread>

#include "core/base/thread.h"
#include "core/cache/disk/appender.h"
#include "core/cache/disk/eviction.h"
#include "core/cache/disk/loading.h"
#include "core/cache/disk/repair.h"

namespace skerry::cache::disk {

class Upkeep {
 public:
  struct Parts {
    Store& store;
    Index& index;
    Fills& fills;
    Appender& appender;
    Eviction& eviction;
    Folder& folder;
    const Clock& clock;
  };
  explicit Upkeep(Parts parts);
  ~Upkeep();

  void Start();
  // Ends the thread; nothing is flushed.
  void Stop();
  // Something has changed that cannot wait for the next round.
  void Kick();

  // One round; the thread's work, callable from a test instead of Start.
  void Round();

 private:
  void Work();
  void TellIfCramped();
  void Load();
  void Flush();
  void MakeRoom();

  Parts parts_;
  Repair repair_;
  std::atomic<bool> stop_{false};
  Mutex mutex_;
  ConditionVariable changed_;
  bool kicked_ SKERRY_GUARDED_BY(mutex_) = false;
  bool cramped_ = false;
  bool load_ = true;  // the index is to be filled
  std::optional<SteadyTime> measured_;
  std::thread thread_;
};

}  // namespace skerry::cache::disk
