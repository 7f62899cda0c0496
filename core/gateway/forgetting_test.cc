#include "core/gateway/forgetting.h"

#include <gtest/gtest.h>

#include <map>
#include <string>
#include <utility>
#include <vector>

#include "core/base/random.h"
#include "core/cache/purge/scopes.h"

namespace skerry::gateway {
namespace {

using cache::Purged;
using cache::PurgeMode;
using cache::Seq;

// As much of a disk tier as is asked.
class DiskOfOneRow : public cache::Disk {
 public:
  std::vector<cache::DiskRow> Find(const Hash128&) const override { return {}; }
  void Load(const cache::DiskRow&, const cache::Key&, net::Loop&, OnEntry) override {}
  void Peek(const cache::DiskRow&, const cache::Key&, net::Loop&, OnEntry) override {}
  void ReadChunk(const cache::Extents&, size_t, net::Loop&, OnChunk) override {}
  void Look(uint16_t, const std::function<void(const cache::StoredHead&, uint64_t)>&) override {}
  std::shared_ptr<void> Pin(const cache::Extents&) override { return nullptr; }
  std::unique_ptr<cache::DiskFill> Begin(const cache::StoredHead&, std::optional<uint64_t>,
                                         bool) override {
    return nullptr;
  }
  void Store(cache::EntryPtr) override {}
  void Refresh(const cache::DiskRow&, cache::EntryPtr) override {}
  void Forget(const Hash128&) override {}
  void Forget(const cache::DiskRow&) override {}
  cache::ControlStore& control() override { return control_; }
  void Close() override {}
  Stats stats() const override {
    Stats stats;
    stats.oldest_seq = oldest;
    return stats;
  }
  Seq oldest = 0;

 private:
  cache::MemoryControlStore control_;
};

constexpr size_t kEach = 5000;

class ForgettingTest : public testing::Test {
 protected:
  ForgettingTest()
      : generations_({.max_scopes = 4 * kEach}), ram_({.capacity = 64_MiB, .shards = 2}) {}

  static std::string UrlOf(size_t page) { return "https://a.example/" + std::to_string(page); }

  std::shared_ptr<const cache::Entry> Fetch(size_t page) {
    auto entry = std::make_shared<cache::Entry>();
    entry->head.key = cache::Key::Of(UrlOf(page));
    entry->head.fields = entry->head.client_fields = std::make_shared<const http::Fields>();
    entry->head.tags = {cache::TagHash("group-" + std::to_string(page % 50))};
    entry->head.stamp = generations_.Now();
    ram_.Offer(entry);
    return entry;
  }
  Seq Purge(cache::Selectors selectors, PurgeMode mode = PurgeMode::kHard) {
    cache::Record record;
    record.seq = generations_.head() + 1;
    record.mode = mode;
    record.selectors = std::move(selectors);
    generations_.Apply(record);
    return record.seq;
  }
  void PurgePage(size_t page, PurgeMode mode = PurgeMode::kHard) {
    cache::Selectors selectors;
    selectors.urls = {UrlOf(page)};
    Purge(std::move(selectors), mode);
  }
  // So many pages that nobody has.
  void PurgeOthers(size_t count) {
    cache::Selectors selectors;
    for (size_t i = 0; i < count; ++i) {
      selectors.urls.push_back("https://b.example/" + std::to_string(++others_));
    }
    Purge(std::move(selectors));
  }
  void Walk() {
    while (forgetting_.Step()) {
    }
  }

  cache::Generations generations_;
  cache::Ram ram_;
  cache::FillTable fills_;
  DiskOfOneRow disk_;
  Forgetting forgetting_{{generations_, ram_, fills_, nullptr, kEach}};
  size_t others_ = 0;
};

TEST_F(ForgettingTest, AYearOfPurgesLeavesNoMoreThanTheLastDays) {
  SeededRandom random(1);
  constexpr size_t kPages = 6000;
  struct Known {
    std::shared_ptr<const cache::Entry> entry;
    Seq fetched = 0;
  };
  std::vector<Known> pages(kPages);
  std::vector<Seq> purged_page(kPages), purged_group(50);
  const auto usable = [&](size_t page) {
    return std::max(purged_page[page], purged_group[page % 50]) <= pages[page].fetched;
  };
  size_t most = 0;
  for (int day = 0; day < 365; ++day) {
    for (size_t page = 0; page < kPages; ++page) {
      // A third of the pages are never asked for again.
      const bool wanted = pages[page].entry == nullptr || (page % 3 != 0 && !usable(page));
      if (wanted) pages[page] = {Fetch(page), generations_.head()};
    }
    cache::Selectors some;
    for (int i = 0; i < 300; ++i) {
      const size_t page = random.Below(kPages);
      some.urls.push_back(UrlOf(page));
      purged_page[page] = generations_.head() + 1;
    }
    const size_t group = random.Below(50);
    some.tags.push_back("group-" + std::to_string(group));
    purged_group[group] = generations_.head() + 1;
    Purge(std::move(some));
    PurgeOthers(700);
    Walk();
    most = std::max(most, generations_.size());
    for (size_t page = 0; page < kPages; page += 7) {
      const Purged expected = usable(page) ? Purged::kNo : Purged::kHard;
      const Purged judged = generations_.Judge(*pages[page].entry);
      // Of what left the cache long ago the reason may be forgotten.
      if (judged == Purged::kUnknown && expected == Purged::kHard) continue;
      ASSERT_EQ(judged, expected) << "page " << page << " on day " << day;
    }
  }
  EXPECT_LT(most, 2 * kEach + 1000);
  EXPECT_EQ(generations_.coarsened(), 0u);
}

TEST_F(ForgettingTest, AFetchUnderWayIsWaitedFor) {
  cache::Fill::Options options;
  options.key = cache::Key::Of(UrlOf(1));
  options.stamp = generations_.Now();
  const auto place = fills_.Join(options, 0, generations_);
  PurgePage(1);
  PurgeOthers(kEach);
  Walk();
  EXPECT_EQ(generations_.Judge(options.key, {}, options.stamp), Purged::kHard);
  fills_.Remove(place.fill, 0);
  PurgeOthers(kEach);
  Walk();
  // Late after all: not known any more, so not used.
  EXPECT_EQ(generations_.Judge(options.key, {}, options.stamp), Purged::kUnknown);
}

TEST_F(ForgettingTest, WhatIsStoredOnDiskIsWaitedFor) {
  Forgetting forgetting({generations_, ram_, fills_, &disk_, kEach});
  const cache::Key key = cache::Key::Of(UrlOf(1));
  const cache::Stamp stamp = generations_.Now();
  disk_.oldest = stamp.seq;
  PurgePage(1);
  PurgeOthers(kEach);
  while (forgetting.Step()) {
  }
  EXPECT_EQ(generations_.Judge(key, {}, stamp), Purged::kHard);
  disk_.oldest = generations_.Now().seq;
  PurgeOthers(kEach);
  while (forgetting.Step()) {
  }
  EXPECT_LE(generations_.size(), kEach);
}

TEST_F(ForgettingTest, WhatWasPurgedSoftlyStaysStaleAndIsNotForgotten) {
  const auto entry = Fetch(1);
  PurgePage(1, PurgeMode::kSoft);
  PurgeOthers(kEach);
  Walk();
  EXPECT_EQ(generations_.Judge(*entry), Purged::kSoft);
}

TEST_F(ForgettingTest, WhatIsPurgedLeavesMemory) {
  const auto entry = Fetch(1);
  Fetch(2);
  PurgePage(1);
  PurgeOthers(kEach);
  Walk();
  EXPECT_EQ(ram_.objects(), 1u);
}

TEST_F(ForgettingTest, AWalkGoesOnBitByBitAndPurgesComeBetween) {
  std::vector<std::shared_ptr<const cache::Entry>> entries;
  for (size_t page = 0; page < 20'000; ++page) entries.push_back(Fetch(page));
  PurgeOthers(kEach);
  size_t steps = 0;
  while (forgetting_.Step()) {
    PurgePage(steps++);
  }
  EXPECT_GT(steps, 2u);
  for (size_t page = 0; page < entries.size(); ++page) {
    EXPECT_EQ(generations_.Judge(*entries[page]), page < steps ? Purged::kHard : Purged::kNo);
  }
}

TEST_F(ForgettingTest, NothingIsWalkedForAFewPurges) {
  const auto entry = Fetch(1);
  PurgeOthers(kEach - 1);
  Walk();
  EXPECT_EQ(generations_.size(), kEach - 1);
}

}  // namespace
}  // namespace skerry::gateway
