#include "core/gateway/dry_purge.h"

#include <gtest/gtest.h>

#include <thread>

#include "core/cache/disk/disk_harness.h"
#include "core/cache/purge/scopes.h"

namespace skerry::gateway {
namespace {

using cache::DropCount;

class DryPurgeTest : public testing::Test {
 protected:
  std::shared_ptr<cache::Entry> Make(const std::string& path, const std::string& tag) {
    auto entry = std::make_shared<cache::Entry>();
    entry->head.key = cache::Key::Of("https://a.example" + path);
    entry->head.fields = entry->head.client_fields = std::make_shared<const http::Fields>();
    entry->head.tags = {cache::TagHash(tag)};
    entry->head.stamp = generations_.Now();
    entry->body_size = 100;
    entry->chunks.push_back(Chunk::Copy(std::string(100, 'x')));
    return entry;
  }
  DropCount Count(cache::Selectors selectors, cache::Disk* disk = nullptr) {
    const cache::CountStep step = BeginDryPurge({generations_, ram_, disk}, std::move(selectors));
    for (;;) {
      if (const auto count = step()) return *count;
    }
  }
  static cache::Selectors Tag(const std::string& tag) {
    cache::Selectors selectors;
    selectors.tags = {tag};
    return selectors;
  }

  cache::Generations generations_;
  cache::Ram ram_{{.capacity = 64_MiB, .shards = 2}};
};

TEST_F(DryPurgeTest, CountsWhatAPurgeWouldDropAndDropsNothing) {
  for (int i = 0; i < 3000; ++i) {
    ram_.Offer(Make("/page/" + std::to_string(i), i % 3 == 0 ? "news" : "other"));
  }
  EXPECT_EQ(Count(Tag("news")), (DropCount{1000, 100'000, 1000, 0}));
  EXPECT_EQ(Count(Tag("nobody")), DropCount());
  cache::Selectors prefix;
  prefix.prefixes = {"https://a.example/page/1"};
  prefix.urls = {"http://a.example/page/2"};
  EXPECT_EQ(Count(prefix).objects, 1112u);
  EXPECT_EQ(Count(Tag("news")).objects, 1000u);
  EXPECT_EQ(ram_.objects(), 3000u);
}

TEST_F(DryPurgeTest, WhatIsPurgedAlreadyDoesNotCount) {
  ram_.Offer(Make("/a", "t"));
  ram_.Offer(Make("/b", "t"));
  cache::Record record;
  record.seq = 1;
  record.selectors.urls = {"https://a.example/a"};
  generations_.Apply(record);
  EXPECT_EQ(Count(Tag("t")).objects, 1u);
}

TEST_F(DryPurgeTest, WhatIsInBothTiersIsCountedOnce) {
  cache::disk::TempDirectory directory;
  auto opened = cache::Disk::Open({.directory = directory.store()});
  ASSERT_TRUE(opened);
  cache::Disk& disk = **opened;
  for (int i = 0; i < 300; ++i) {
    const auto entry = Make("/page/" + std::to_string(i), "t");
    if (i < 200) disk.Store(entry);
    if (i >= 100) ram_.Offer(entry);
  }
  while (disk.stats().objects < 200) std::this_thread::yield();
  EXPECT_EQ(Count(Tag("t"), &disk), (DropCount{300, 30'000, 200, 200}));
}

}  // namespace
}  // namespace skerry::gateway
