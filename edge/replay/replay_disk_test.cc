#include "edge/replay/replay_disk.h"

#include <gtest/gtest.h>

#include "core/cache/disk/thresholds.h"
#include "core/net/fake_loop.h"

namespace skerry::edge {
namespace {

class ReplayDiskTest : public testing::Test {
 protected:
  static cache::StoredHead Head(const std::string& path) {
    cache::StoredHead head;
    head.key = cache::Key::Of("https://a.example/" + path);
    head.fields = std::make_shared<const http::Fields>();
    return head;
  }
  // Whether it was admitted.
  bool Put(const std::string& path, ByteCount size, bool seen_before = true) {
    auto fill = disk_.Begin(Head(path), size, seen_before);
    if (fill == nullptr) return false;
    fill->Commit(size, {}, nullptr);
    return true;
  }
  bool Has(const std::string& path) { return !disk_.Find(Head(path).key.hash).empty(); }
  cache::EntryPtr Load(const std::string& path) {
    const cache::StoredHead head = Head(path);
    cache::EntryPtr loaded;
    disk_.Load(disk_.Find(head.key.hash).front(), head.key, loop_,
               [&](Result<cache::EntryPtr> entry) { loaded = entry.value_or(nullptr); });
    loop_.RunPosted();
    return loaded;
  }

  cache::Generations generations_;
  net::FakeLoop loop_;
  ReplayDisk disk_{64_MiB, generations_};
};

TEST_F(ReplayDiskTest, WhatWasStoredComesBackWithItsLength) {
  ASSERT_TRUE(Put("a", 600'000));
  const cache::EntryPtr entry = Load("a");
  ASSERT_NE(entry, nullptr);
  EXPECT_EQ(entry->body_size, 600'000u);
  EXPECT_EQ(entry->extents.positions.size(), 3u);
  size_t last = 0;
  disk_.ReadChunk(entry->extents, 2, loop_, [&](Result<Chunk> chunk) { last = chunk->size(); });
  loop_.RunPosted();
  EXPECT_EQ(last, 600'000u - 2 * cache::kChunkBytes);
}

TEST_F(ReplayDiskTest, AboveEightyPercentOnlyTheSecondRequestStores) {
  for (int i = 0; i < 52; ++i) ASSERT_TRUE(Put("fill-" + std::to_string(i), 1_MiB));
  EXPECT_FALSE(Put("once", 1000, /*seen_before=*/false));
  EXPECT_TRUE(Put("twice", 1000, /*seen_before=*/true));
}

TEST_F(ReplayDiskTest, TheOldestFilesGoAndWhatWasHitMayStay) {
  ASSERT_TRUE(Put("hit", 100'000));
  ASSERT_TRUE(Put("never hit", 100'000));
  ASSERT_NE(Load("hit"), nullptr);
  for (int i = 0; i < 70; ++i) Put("fill-" + std::to_string(i), 1_MiB);
  EXPECT_TRUE(Has("hit"));
  EXPECT_FALSE(Has("never hit"));
  EXPECT_LE(disk_.stats().bytes, 64_MiB);
}

TEST_F(ReplayDiskTest, WhatIsTooLargeIsNotStored) {
  EXPECT_FALSE(Put("large", cache::disk::LargestObject(64_MiB) + 1));
}

}  // namespace
}  // namespace skerry::edge
