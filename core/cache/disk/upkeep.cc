#include "core/cache/disk/upkeep.h"

#include <utility>

#include "core/base/log.h"
#include "core/cache/disk/flush_rule.h"

namespace skerry::cache::disk {
namespace {

constexpr Millis kRound{100};
constexpr Seconds kMeasureFilesEach{1};

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
    TellIfCramped();
  }
  if (parts_.store.failed()) return repair_.Step();
  repair_.Healthy();
  if (load_) Load();
  if (FlushDue(parts_.appender.oldest_unflushed(), parts_.appender.last_append(), now)) Flush();
  if (const Status flushed = parts_.store.bodies().FlushFull(); !flushed) {
    LogWarning("disk: flush failed", {{"error", flushed.error().ToString()}});
  }
  MakeRoom();
  if (const Status gone = parts_.store.bodies().LetGo(); !gone) {
    LogWarning("disk: writing failed", {{"error", gone.error().ToString()}});
  }
}

// What would fail is not tried: no error of the system's would tell.
void Upkeep::TellIfCramped() {
  const bool cramped = parts_.store.cramped();
  if (std::exchange(cramped_, cramped) == cramped) return;
  if (cramped) {
    LogError("disk: the file system is full; serving goes on, nothing is stored",
             {{"needs_bytes", 2 * parts_.store.segment_bytes()}});
  } else {
    LogInfo("disk: the file system has room again");
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
  }
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

}  // namespace skerry::cache::disk
