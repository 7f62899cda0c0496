#include "core/cache/disk/upkeep.h"

#include <utility>

#include "core/base/log.h"
#include "core/cache/disk/flush_rule.h"

namespace skerry::cache::disk {
namespace {

constexpr Millis kRound{100};
constexpr Seconds kMeasureFilesEach{1};
constexpr Seconds kMergeEach{10};
constexpr size_t kMergeLeast = 8;

}  // namespace

Upkeep::Upkeep(Parts parts)
    : parts_(parts), repair_({parts.store, parts.eviction, parts.folder, parts.clock, [this] {
                                load_ = true;
                                parts_.index.BeginLoading();
                                parts_.fills.AbandonAll();
                              }}) {
  parts_.index.BeginLoading();
}

Upkeep::~Upkeep() { Stop(); }

void Upkeep::Start() {
  parts_.store.OnChange([this] { Kick(); });
  thread_ = std::thread([this] {
    NameThisThread("disk-upkeep");
    Work();
  });
}

void Upkeep::Stop() {
  parts_.store.OnChange(nullptr);
  stop_.store(true);
  Kick();
  if (thread_.joinable()) thread_.join();
}

void Upkeep::Kick() {
  {
    MutexLock lock(mutex_);
    kicked_ = true;
  }
  changed_.NotifyOne();
}

void Upkeep::Work() {
  while (!stop_.load()) {
    Round();
    MutexLock lock(mutex_);
    if (!kicked_) changed_.WaitFor(mutex_, kRound);
    kicked_ = false;
  }
}

void Upkeep::Round() {
  const SteadyTime now = parts_.clock.Steady();
  parts_.store.Measure();
  if (!measured_ || now - *measured_ >= kMeasureFilesEach) {
    measured_ = now;
    parts_.store.MeasureFiles();
    if (const Status flushed = parts_.store.FlushRowsIfManyLogs(); !flushed) {
      LogWarning("disk: flush of rows failed", {{"error", flushed.error().ToString()}});
    }
  }
  if (parts_.store.failed()) return repair_.Step();
  repair_.Healthy();
  if (load_) Load();
  if (FlushDue(parts_.appender.oldest_unflushed(), parts_.appender.last_append(), now)) Flush();
  MakeRoom();
  if (!looked_for_small_files_ || now - *looked_for_small_files_ >= kMergeEach) {
    looked_for_small_files_ = now;
    MergeSmallFiles();
  }
}

void Upkeep::Load() {
  load_ = false;
  // After a repair deletions have waited: they must be in meta before it is read.
  parts_.appender.Drain();
  const Loaded loaded = LoadIndex(parts_.store, parts_.index, parts_.appender, stop_);
  if (loaded.unreadable) return repair_.StartOver("metadata cannot be read");
  if (loaded.rows + loaded.dangling + loaded.damaged == 0) return;
  LogInfo("disk: index loaded",
          {{"objects", loaded.rows}, {"dangling", loaded.dangling}, {"damaged", loaded.damaged}});
}

void Upkeep::Flush() {
  parts_.appender.FlushBegins();
  if (const Status flushed = parts_.store.FlushBodies(); !flushed) {
    LogWarning("disk: flush failed", {{"error", flushed.error().ToString()}});
  } else {
    parts_.appender.FlushEnded();
  }
  parts_.store.Measure();
}

void Upkeep::MakeRoom() {
  parts_.eviction.DropLeftBehind();
  while (!stop_.load() && parts_.eviction.Needed() && !parts_.store.failed()) {
    const ByteCount before = parts_.store.used();
    if (!parts_.eviction.DropOldest()) return;
    parts_.store.Measure();
    // Somebody reads in it still; it is unlinked when they are done. Dropping more
    // would drop too much.
    if (parts_.store.used() >= before) return;
  }
}

// A flush each nine seconds makes a file each: 10,000 of them in 100 GB at 1 MB/s.
// Only while little is written, for it writes those bytes a second time.
void Upkeep::MergeSmallFiles() {
  const ByteCount memtable = parts_.store.memtable_bytes();
  const ByteCount written = parts_.store.tables_written();
  const bool quiet = written - std::exchange(written_then_, written) <= memtable;
  if (!quiet) return;
  std::vector<BodyLog::File> run;
  ByteCount bytes = 0;
  for (const BodyLog::File& file : parts_.store.bodies().Files()) {
    const bool small = file.settled && file.bytes < memtable / 4;
    if (small && bytes + file.bytes <= memtable) {
      run.push_back(file);
      bytes += file.bytes;
      continue;
    }
    if (run.size() >= kMergeLeast) break;
    run.clear();
    bytes = 0;
    if (small) {
      run.push_back(file);
      bytes = file.bytes;
    }
  }
  const bool room = parts_.store.used() + bytes < parts_.store.limit();
  if (run.size() < kMergeLeast || !room) return;
  const Status merged = parts_.store.bodies().Merge(run);
  if (!merged) LogWarning("disk: merge failed", {{"error", merged.error().ToString()}});
  written_then_ = parts_.store.tables_written();
}

}  // namespace skerry::cache::disk
