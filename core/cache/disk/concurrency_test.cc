// Many threads at once, on a store so small that it evicts all the while. Worth most
// under the thread sanitizer.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>
#include <vector>

#include "core/base/random.h"
#include "core/cache/disk/disk_harness.h"

namespace skerry::cache::disk {
namespace {

constexpr uint64_t kUrls = 200;

std::string UrlOf(uint64_t n) { return "https://example.com/" + std::to_string(n); }
size_t SizeOf(uint64_t n) { return 1000 + n * 3000; }

void PutSome(Disk& disk, uint64_t seed, const std::atomic<bool>& done) {
  SeededRandom random(seed);
  for (uint64_t version = seed * 1'000'000; !done; ++version) {
    const uint64_t n = random.Below(kUrls);
    const EntryPtr entry = MakeEntry(
        {.url = UrlOf(n), .body = BodyOf(UrlOf(n), version, SizeOf(n)), .version = version});
    if (version % 3 == 0) {
      disk.Store(entry);
    } else {
      Offer(disk, entry);
    }
  }
}

void ReadSome(Disk& disk, uint64_t seed, const std::atomic<bool>& done, std::atomic<uint64_t>& read,
              std::atomic<uint64_t>& wrong) {
  SeededRandom random(seed);
  while (!done) {
    const uint64_t n = random.Below(kUrls);
    const Result<EntryPtr> entry = Get(disk, UrlOf(n));
    if (!entry) continue;
    const std::shared_ptr<void> pin = disk.Pin((*entry)->extents);
    const Result<std::string> body = ReadBody(disk, *entry);
    if (!body) continue;
    const auto version = (*entry)->head.fields->Find("x-version");
    if (*body != BodyOf(UrlOf(n), std::stoull(std::string(*version)), SizeOf(n))) ++wrong;
    ++read;
    if (random.Below(5) == 0) {
      const auto rows = disk.Find(Key::Of(UrlOf(n)).hash);
      if (!rows.empty()) disk.Refresh(rows.front(), *entry);
    }
  }
}

void ForgetAndAsk(Disk& disk, const std::atomic<bool>& done) {
  SeededRandom random(99);
  while (!done) {
    disk.Forget(Key::Of(UrlOf(random.Below(kUrls))).hash);
    disk.stats();
    EXPECT_TRUE(disk.control().Put({{"applied", std::to_string(random.Below(100))}}));
  }
}

TEST(ConcurrencyTest, ReadersWritersAndForgettersDoNotDisturbEachOther) {
  const TempDirectory directory;
  Metrics metrics;
  Disk::Options options;
  options.directory = directory.store();
  options.budget = 64_MiB;
  options.metrics = &metrics;
  Result<std::unique_ptr<Disk>> disk = Disk::Open(options);
  ASSERT_TRUE(disk) << disk.error().ToString();
  std::atomic<bool> done{false};
  std::atomic<uint64_t> read{0}, wrong{0};
  std::vector<std::thread> threads;
  for (uint64_t seed : {1, 2}) {
    threads.emplace_back([&, seed] { PutSome(**disk, seed, done); });
    threads.emplace_back([&, seed] { ReadSome(**disk, seed + 10, done, read, wrong); });
  }
  threads.emplace_back([&] { ForgetAndAsk(**disk, done); });
  EXPECT_TRUE(Eventually([&] { return read > 100; }));
  for (int i = 0; i < 20; ++i) metrics.Text();
  done = true;
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0u);
  EXPECT_EQ((*disk)->stats().corrupt, 0u);
}

}  // namespace
}  // namespace skerry::cache::disk
