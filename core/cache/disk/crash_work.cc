#include "core/cache/disk/crash_work.h"

#include <unistd.h>

#include <algorithm>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/cache/disk/disk_harness.h"

namespace skerry::cache::disk {
namespace {

constexpr uint64_t kUrls = 3000;

std::string UrlOf(uint64_t number) { return "https://crash.example/" + std::to_string(number); }

Disk::Options OptionsFor(const std::string& directory) {
  Disk::Options options;
  options.directory = directory;
  options.budget = kCrashBudget;
  return options;
}

size_t SizeOf(uint64_t number) {
  // Mostly small; every tenth has several chunks.
  return number % 10 == 0 ? 200'000 + number * 400 : 500 + number * 20;
}

bool IsWhole(const Entry& entry, uint64_t number, const std::string& body) {
  const auto version = entry.head.fields->Find("x-version");
  if (!version || body.size() != SizeOf(number)) return false;
  // A refresh gives a new version to the head alone; the body's own is beside it.
  const auto body_version = entry.head.fields->Find("x-body").value_or(*version);
  return body == BodyOf(UrlOf(number), std::stoull(std::string(body_version)), body.size());
}

void RefreshOne(Disk& disk, uint64_t number, uint64_t version) {
  const std::vector<DiskRow> rows = disk.Find(Key::Of(UrlOf(number)).hash);
  const Result<EntryPtr> read = Get(disk, UrlOf(number));
  if (rows.empty() || !read) return;
  auto updated = std::make_shared<Entry>();
  updated->head = (*read)->head;
  http::Fields fields = *(*read)->head.fields;
  if (!fields.Has("x-body")) fields.Add("x-body", *fields.Find("x-version"));
  fields.Set("x-version", std::to_string(version));
  updated->head.fields = std::make_shared<const http::Fields>(fields);
  updated->body_size = (*read)->body_size;
  updated->chunks = (*read)->chunks;
  updated->extents = (*read)->extents;
  disk.Refresh(rows.front(), updated);
}

// One pipe, several threads: a note is shorter than what a pipe keeps together.
void Tell(int notes, CrashNote::Kind kind, uint64_t number = 0, uint64_t seq = 0) {
  const CrashNote note{kind, static_cast<uint32_t>(number), seq};
  if (write(notes, &note, sizeof(note)) != sizeof(note)) _exit(1);
}

std::string PurgeOf(uint64_t number) { return "purge/" + std::to_string(number); }

// A purge is a durable fact, acknowledged when the store has it.
void KeepPurging(Disk& disk, int notes) {
  const Result<std::string> before = disk.control().Get("applied");
  for (uint64_t seq = before ? std::stoull(*before) + 1 : 1;; ++seq) {
    const uint64_t number = seq * 7919 % kUrls;
    const std::string value = std::to_string(seq);
    if (!disk.control().Put({{PurgeOf(number), value}, {"applied", value}})) continue;
    Tell(notes, CrashNote::kPurged, number, seq);
  }
}

// What is there, but for the older half of the log, which eviction may be taking.
void LookAround(const Disk& disk, int notes) {
  std::vector<std::pair<uint64_t, uint64_t>> there;  // position, number
  Tell(notes, CrashNote::kLooking);
  for (uint64_t number = 0; number < kUrls; ++number) {
    const std::vector<DiskRow> rows = disk.Find(Key::Of(UrlOf(number)).hash);
    if (!rows.empty()) there.emplace_back(rows.front().position, number);
  }
  std::sort(there.begin(), there.end());
  for (size_t i = there.size() / 2; i < there.size(); ++i) {
    Tell(notes, CrashNote::kThere, there[i].second);
  }
  Tell(notes, CrashNote::kLooked);
}

}  // namespace

std::string WorkUntilKilled(const std::string& directory, uint64_t seed, int notes) {
  Result<std::unique_ptr<Disk>> opened = Disk::Open(OptionsFor(directory));
  if (!opened) return opened.error().ToString();
  Disk& disk = **opened;
  std::thread purges([&] { KeepPurging(disk, notes); });
  // Nothing is missed because it was not loaded yet.
  if (!Eventually([&] { return disk.stats().index_loaded; })) return "index not loaded";
  SeededRandom random(seed);
  for (uint64_t version = seed << 32;; ++version) {
    if (version % 256 == 0) LookAround(disk, notes);
    const uint64_t number = random.Below(kUrls);
    const uint64_t action = random.Below(20);
    if (action == 0) {
      Tell(notes, CrashNote::kForgetting, number);
      disk.Forget(Key::Of(UrlOf(number)).hash);
    } else if (action < 4) {
      const Result<EntryPtr> read = Get(disk, UrlOf(number));
      if (!read) continue;
      const Result<std::string> body = ReadBody(disk, *read);
      if (body && !IsWhole(**read, number, *body)) return "wrong bytes while running";
    } else if (action < 6) {
      // It forgets what cannot be written.
      Tell(notes, CrashNote::kForgetting, number);
      RefreshOne(disk, number, version);
    } else {
      const EntryPtr entry = MakeEntry({.url = UrlOf(number),
                                        .body = BodyOf(UrlOf(number), version, SizeOf(number)),
                                        .version = version});
      Offer(disk, entry);
    }
  }
}

Result<CrashVerdict> Examine(const std::string& directory, const std::vector<CrashNote>& purged) {
  CrashVerdict verdict;
  const SteadyTime begun = Clock::Real().Steady();
  Result<std::unique_ptr<Disk>> opened = Disk::Open(OptionsFor(directory));
  if (!opened) return skerry::Fail(Error(opened.error()));
  Disk& disk = **opened;
  if (!Eventually([&] { return disk.stats().index_loaded; })) {
    return skerry::Fail(Code::kTimeout, Side::kStorage, "the index was not loaded");
  }
  verdict.open_seconds = std::chrono::duration<double>(Clock::Real().Steady() - begun).count();
  verdict.objects = disk.stats().objects;
  verdict.found.resize(kUrls);
  for (uint64_t number = 0; number < kUrls; ++number) {
    const Result<EntryPtr> read = Get(disk, UrlOf(number));
    if (!read) continue;
    const Result<std::string> body = ReadBody(disk, *read);
    if (body && !IsWhole(**read, number, *body)) ++verdict.wrong_bytes;
    verdict.found[number] = body.has_value();
  }
  verdict.damaged = disk.stats().corrupt;
  for (const CrashNote& purge : purged) {
    const Result<std::string> known = disk.control().Get(PurgeOf(purge.number));
    verdict.undone += !known || std::stoull(*known) < purge.seq;
  }
  return verdict;
}

}  // namespace skerry::cache::disk
