#include "pipeline/steps/build_cache.h"

#include <gtest/gtest.h>

#include "pipeline/base/test_folder.h"

namespace skerry::pipeline {
namespace {

const Sha256Digest kInput = Sha256("input");

TEST(BuildCacheTest, GivesBackWhatWasKept) {
  TestFolder folder;
  const std::string key = BuildCache::Key(kInput, "br11");
  BuildCache(folder / "c").Put(key, "result");
  BuildCache cache(folder / "c");
  EXPECT_EQ(cache.Get(key), "result");
  EXPECT_EQ(cache.hits(), 1u);
  EXPECT_EQ(cache.Get(BuildCache::Key(kInput, "br10")), std::nullopt);
  EXPECT_EQ(cache.Get(BuildCache::Key(Sha256("other"), "br11")), std::nullopt);
  EXPECT_EQ(cache.misses(), 2u);
}

TEST(BuildCacheTest, ADamagedResultIsAMiss) {
  TestFolder folder;
  const std::string key = BuildCache::Key(kInput, "br11");
  BuildCache cache(folder / "c");
  cache.Put(key, "result");
  for (const auto& [name, bytes] : folder.ReadAll("c")) {
    std::string damaged = bytes;
    damaged[0] ^= 1;
    folder.Write("c/" + name, damaged);
  }
  EXPECT_EQ(cache.Get(key), std::nullopt);
}

TEST(BuildCacheTest, WithoutAFolderEverythingMissesAndNothingFails) {
  BuildCache none;
  none.Put(BuildCache::Key(kInput, "x"), "result");
  EXPECT_EQ(none.Get(BuildCache::Key(kInput, "x")), std::nullopt);
  BuildCache unwritable("/proc/nowhere");
  unwritable.Put(BuildCache::Key(kInput, "x"), "result");
  EXPECT_EQ(unwritable.Get(BuildCache::Key(kInput, "x")), std::nullopt);
}

TEST(BuildCacheTest, TrimDropsWhatWasUnusedForLongest) {
  TestFolder folder;
  BuildCache cache(folder / "c");
  const std::string old_key = BuildCache::Key(kInput, "old");
  const std::string new_key = BuildCache::Key(kInput, "new");
  cache.Put(old_key, std::string(1000, 'a'));
  cache.Put(new_key, std::string(1000, 'b'));
  const auto old_file = folder / "c" / old_key.substr(0, 2) / old_key.substr(2);
  std::filesystem::last_write_time(
      old_file, std::filesystem::file_time_type::clock::now() - std::chrono::hours(1));
  cache.Trim(1500);
  EXPECT_EQ(cache.Get(old_key), std::nullopt);
  EXPECT_NE(cache.Get(new_key), std::nullopt);
}

}  // namespace
}  // namespace skerry::pipeline
