// What goes when the log is full, what stays, and how much disk it takes meanwhile.
#include "core/cache/disk/eviction.h"

#include <gtest/gtest.h>
#include <sys/stat.h>

#include <atomic>
#include <filesystem>
#include <thread>

#include "core/cache/disk/disk_harness.h"

namespace skerry::cache::disk {
namespace {

constexpr ByteCount kBudget = 64_MiB;

// What the file system holds for the directory, as `du` counts.
ByteCount BytesOnDisk(const std::string& directory) {
  ByteCount bytes = 0;
  std::error_code error;
  for (const auto& entry : std::filesystem::directory_iterator(directory, error)) {
    struct stat file {};
    if (stat(entry.path().c_str(), &file) == 0) bytes += file.st_blocks * 512;
  }
  return bytes;
}

class EvictionTest : public testing::Test {
 protected:
  void SetUp() override { Open(); }
  void Open() {
    disk_.reset();
    Disk::Options options;
    options.directory = directory_.store();
    options.budget = kBudget;
    options.purge_head = [this] { return head_.load(); };
    options.still_valid = [this](const StoredHead& head) { return head.key.text != purged_; };
    Result<std::unique_ptr<Disk>> disk = Disk::Open(options);
    ASSERT_TRUE(disk) << disk.error().ToString();
    disk_ = *std::move(disk);
    ASSERT_TRUE(Eventually([&] { return disk_->stats().index_loaded; }));
  }

  // Stores it however full the log is, waiting for admission.
  void Put(const std::string& url, size_t size) {
    const EntryPtr entry = MakeEntry({.url = url, .body = BodyOf(url, 0, size)});
    ASSERT_TRUE(Eventually([&] { return Offer(*disk_, entry); })) << url;
  }
  // Fillers nobody reads, until `bytes` of them went by.
  void PushThrough(ByteCount bytes, size_t size = 200'000) {
    for (ByteCount done = 0; done < bytes; done += size) {
      Put("https://filler/" + std::to_string(fillers_++), size);
      if (between_) between_();
    }
  }
  bool Has(const std::string& url) { return !disk_->Find(Key::Of(url).hash).empty(); }
  bool ReadsWhole(const std::string& url, size_t size) {
    const Result<EntryPtr> entry = Get(*disk_, url);
    if (!entry) return false;
    return ReadBody(*disk_, *entry).value_or("") == BodyOf(url, 0, size);
  }

  TempDirectory directory_;
  std::atomic<Seq> head_{0};
  std::string purged_;
  uint64_t fillers_ = 0;
  std::function<void()> between_;
  std::unique_ptr<Disk> disk_;
};

TEST_F(EvictionTest, TheDiskNeverHoldsMoreThanFivePercentAboveTheBudget) {
  std::atomic<bool> done{false};
  std::atomic<ByteCount> peak{0};
  std::atomic<int> samples{0};
  std::thread sampler([&] {
    while (!done) {
      peak = std::max(peak.load(), BytesOnDisk(directory_.store()));
      ++samples;
      std::this_thread::sleep_for(std::chrono::milliseconds(5));
    }
  });
  PushThrough(5 * kBudget);
  done = true;
  sampler.join();
  EXPECT_GT(samples, 20);
  EXPECT_LE(peak, kBudget * 105 / 100);
  // Nor is much less used than may be: whole files of a sixteenth go.
  EXPECT_GE(disk_->stats().bytes, kBudget * 80 / 100);
  EXPECT_EQ(disk_->stats().corrupt, 0u);
}

TEST_F(EvictionTest, TheOldestGoesFirst) {
  Put("https://example.com/first", 1000);
  PushThrough(2 * kBudget);
  EXPECT_FALSE(Has("https://example.com/first"));
  const std::string last = "https://filler/" + std::to_string(fillers_ - 1);
  EXPECT_TRUE(Eventually([&] { return ReadsWhole(last, 200'000); }));
}

TEST_F(EvictionTest, WhatIsReadStaysAndWhatIsNotGoes) {
  const std::vector<size_t> sizes = {1000, 40'000, 700'000};
  for (const size_t size : sizes) {
    Put("https://hot/" + std::to_string(size), size);
    Put("https://cold/" + std::to_string(size), size);
  }
  between_ = [&] {
    if (fillers_ % 40 != 0) return;
    for (const size_t size : sizes) {
      EXPECT_TRUE(ReadsWhole("https://hot/" + std::to_string(size), size)) << fillers_;
    }
  };
  PushThrough(4 * kBudget);
  for (const size_t size : sizes) EXPECT_FALSE(Has("https://cold/" + std::to_string(size)));
}

TEST_F(EvictionTest, WhatIsStoredAnewIsStampedAtThePresentHeadOfTheLog) {
  Put("https://hot/", 5000);
  ASSERT_TRUE(Eventually([&] { return ReadsWhole("https://hot/", 5000); }));
  const DiskRow before = disk_->Find(Key::Of("https://hot/").hash).front();
  head_ = 77;
  PushThrough(kBudget + kBudget / 2);
  const std::vector<DiskRow> rows = disk_->Find(Key::Of("https://hot/").hash);
  ASSERT_EQ(rows.size(), 1u);
  EXPECT_NE(rows[0].fill_id, before.fill_id);
  EXPECT_EQ(rows[0].seq, 77u);
  const Result<EntryPtr> entry = Get(*disk_, "https://hot/");
  ASSERT_TRUE(entry);
  EXPECT_EQ((*entry)->head.stamp.seq, 77u);
}

TEST_F(EvictionTest, WhatWasPurgedIsNotStoredAnew) {
  Put("https://hot/", 5000);
  ASSERT_TRUE(Eventually([&] { return ReadsWhole("https://hot/", 5000); }));
  purged_ = "https://hot/";
  PushThrough(2 * kBudget);
  EXPECT_FALSE(Has("https://hot/"));
}

TEST_F(EvictionTest, PinnedChunksStayReadableWhenTheirRowIsGone) {
  const size_t size = 3 * kChunkBytes;
  Put("https://slow/", size);
  ASSERT_TRUE(Eventually([&] { return Has("https://slow/"); }));
  const DiskRow row = disk_->Find(Key::Of("https://slow/").hash).front();
  // Extents without the hit that would have it stored anew: as of a fill's readers.
  const EntryPtr entry = *Get(*disk_, "https://slow/");
  std::shared_ptr<void> pin = disk_->Pin(entry->extents);
  ASSERT_NE(pin, nullptr);
  PushThrough(2 * kBudget);
  const std::vector<DiskRow> now = disk_->Find(row.key);
  ASSERT_TRUE(now.empty() || now.front().fill_id != row.fill_id);
  EXPECT_EQ(*ReadBody(*disk_, entry), BodyOf("https://slow/", 0, size));
  pin.reset();
  PushThrough(kBudget / 4);
  EXPECT_TRUE(Eventually([&] { return !ReadBody(*disk_, entry); }));
  EXPECT_EQ(disk_->stats().corrupt, 0u) << "dropped is not damaged";
}

TEST_F(EvictionTest, PinsBeyondTheirBoundProtectNothing) {
  Extents all{1, std::vector<uint64_t>(kBudget / kChunkBytes, 1)};
  EXPECT_EQ(disk_->Pin(all), nullptr);
}

TEST_F(EvictionTest, AFillThatTheHorizonOvertakesIsAbandoned) {
  const EntryPtr entry = MakeEntry({.url = "https://slow/", .body = BodyOf("s", 0, 600'000)});
  const std::unique_ptr<DiskFill> fill = disk_->Begin(entry->head, {}, true);
  ASSERT_NE(fill, nullptr);
  fill->Append(entry->chunks[0]);
  PushThrough(2 * kBudget);
  EXPECT_TRUE(Eventually([&] { return fill->abandoned(); }));
  fill->Append(entry->chunks[1]);
  fill->Append(entry->chunks[2]);
  fill->Commit(entry->body_size, {}, nullptr);
  PushThrough(1_MiB);
  EXPECT_FALSE(Has("https://slow/"));
}

TEST_F(EvictionTest, AboveFourFifthsOnlyASecondRequestStores) {
  PushThrough(kBudget);
  const EntryPtr entry = MakeEntry({.url = "https://once/", .body = "x"});
  EXPECT_FALSE(Offer(*disk_, entry, /*seen_before=*/false));
  EXPECT_TRUE(Eventually([&] { return Offer(*disk_, entry, /*seen_before=*/true); }));
}

TEST_F(EvictionTest, EvictedRowsDoNotComeBackAfterReopening) {
  Put("https://example.com/first", 1000);
  PushThrough(2 * kBudget);
  ASSERT_FALSE(Has("https://example.com/first"));
  const uint64_t objects = disk_->stats().objects;
  Open();
  EXPECT_FALSE(Has("https://example.com/first"));
  EXPECT_LE(disk_->stats().objects, objects + 40) << "those of the queue may have come since";
  EXPECT_GE(disk_->stats().objects, objects - 40);
}

}  // namespace
}  // namespace skerry::cache::disk
