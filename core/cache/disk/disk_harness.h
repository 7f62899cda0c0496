// For the tests and the benchmark of this room: a directory that goes away, a loop
// that waits for its own posts, responses whose bytes follow from their names, and
// the disk tier's calls made to wait.
#pragma once

#include <condition_variable>
#include <deque>
#include <filesystem>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/cache/disk/disk.h"
#include "core/net/loop.h"

namespace skerry::cache::disk {

class TempDirectory {
 public:
  TempDirectory();
  ~TempDirectory();
  TempDirectory(const TempDirectory&) = delete;
  TempDirectory& operator=(const TempDirectory&) = delete;
  const std::filesystem::path& path() const { return path_; }
  // A place for a store below it.
  std::string store() const { return (path_ / "store").string(); }

 private:
  std::filesystem::path path_;
};

// Runs what other threads post when somebody waits for it. No timers.
class WaitingLoop : public net::Loop {
 public:
  void Post(Task task) override;
  TimerId After(Micros, Task) override { return 0; }
  void Cancel(TimerId) override {}
  void Run() override {}
  void Stop() override {}
  bool IsCurrent() const override { return true; }
  const Clock& clock() const override { return Clock::Real(); }
  void RunOne();

 private:
  std::mutex mutex_;
  std::condition_variable posted_;
  std::deque<Task> tasks_;
};

// Bytes that follow from name, version and place: a piece of another body or of
// another version is noticed.
std::string BodyOf(std::string_view name, uint64_t version, size_t size);

struct EntrySpec {
  std::string url;
  std::string body = {};
  std::string variant = {};  // value of accept-encoding; empty: no Vary
  uint64_t version = 0;
  Seq seq = 0;
};
EntryPtr MakeEntry(const EntrySpec& spec);

// Stores through a fill, as a response from an origin; false if it was not admitted.
bool Offer(Disk& disk, const EntryPtr& entry, bool seen_before = true,
           std::function<bool()> valid = nullptr);

Result<EntryPtr> Load(Disk& disk, const DiskRow& row, const Key& key);
Result<EntryPtr> Peek(Disk& disk, const DiskRow& row, const Key& key);
// The whole body, reading what is not in memory.
Result<std::string> ReadBody(Disk& disk, const EntryPtr& entry);
// The newest stored response of the URL.
Result<EntryPtr> Get(Disk& disk, const std::string& url);

// Looks every millisecond until it holds; false after ten seconds.
bool Eventually(const std::function<bool()>& holds);
// Everything asked for until now is written (not necessarily flushed).
bool Settled(Disk& disk, uint64_t objects);

}  // namespace skerry::cache::disk
