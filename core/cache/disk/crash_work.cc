#include "core/cache/disk/crash_work.h"

#include <unistd.h>

#include <thread>

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

void KeepPuttingFacts(Disk& disk, int acknowledged) {
  for (uint64_t fact = 1;; ++fact) {
    const Result<std::string> before = disk.control().Get("fact");
    const uint64_t next = before ? std::stoull(*before) + 1 : 1;
    if (!disk.control().Put({{"fact", std::to_string(next)}, {"twin", std::to_string(next)}})) {
      continue;
    }
    if (write(acknowledged, &next, sizeof(next)) != sizeof(next)) _exit(1);
  }
}

}  // namespace

std::string WorkUntilKilled(const std::string& directory, uint64_t seed, int acknowledged) {
  Result<std::unique_ptr<Disk>> opened = Disk::Open(OptionsFor(directory));
  if (!opened) return opened.error().ToString();
  Disk& disk = **opened;
  std::thread facts([&] { KeepPuttingFacts(disk, acknowledged); });
  SeededRandom random(seed);
  for (uint64_t version = seed << 32;; ++version) {
    const uint64_t number = random.Below(kUrls);
    const uint64_t action = random.Below(20);
    if (action == 0) {
      disk.Forget(Key::Of(UrlOf(number)).hash);
    } else if (action < 4) {
      const Result<EntryPtr> read = Get(disk, UrlOf(number));
      if (!read) continue;
      const Result<std::string> body = ReadBody(disk, *read);
      if (body && !IsWhole(**read, number, *body)) return "wrong bytes while running";
    } else if (action < 6) {
      RefreshOne(disk, number, version);
    } else {
      const EntryPtr entry = MakeEntry({.url = UrlOf(number),
                                        .body = BodyOf(UrlOf(number), version, SizeOf(number)),
                                        .version = version});
      Offer(disk, entry);
    }
  }
}

Result<CrashVerdict> Examine(const std::string& directory, uint64_t) {
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
  for (uint64_t number = 0; number < kUrls; ++number) {
    const Result<EntryPtr> read = Get(disk, UrlOf(number));
    if (!read) continue;
    const Result<std::string> body = ReadBody(disk, *read);
    if (body && !IsWhole(**read, number, *body)) ++verdict.wrong_bytes;
  }
  verdict.damaged = disk.stats().corrupt;
  const Result<std::string> fact = disk.control().Get("fact");
  const Result<std::string> twin = disk.control().Get("twin");
  if (fact && twin && *fact == *twin) verdict.facts = std::stoull(*fact);
  return verdict;
}

}  // namespace skerry::cache::disk
