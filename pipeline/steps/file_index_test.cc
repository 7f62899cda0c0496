#include "pipeline/steps/file_index.h"

#include <gtest/gtest.h>

#include "pipeline/base/files.h"
#include "pipeline/base/test_folder.h"
#include "pipeline/steps/collect.h"

namespace skerry::pipeline {
namespace {

using std::chrono::nanoseconds;

class FileIndexTest : public testing::Test {
 protected:
  FileIndexTest() : cache_(folder_ / "cache"), file_(folder_ / "site/a.png") {
    folder_.Write("site/a.png", "first");
  }

  // The digest of the one file, found with the index of earlier calls; it counts as settled at
  // once.
  Sha256Digest Collected(nanoseconds after = nanoseconds(0)) {
    FileIndex index(cache_, folder_ / "site");
    const Result<Site> site = Collect(folder_ / "site", {"/", {}, &index, after});
    EXPECT_TRUE(site.has_value());
    stamped_ = site->files[0].stamp.has_value();
    index.Save();
    return site->files[0].sha256;
  }
  // As if an earlier build had read other bytes.
  void Pretend(const Sha256Digest& digest) {
    FileIndex index(cache_, folder_ / "site");
    index.Keep(file_, *StampOf(file_), digest);
    index.Save();
  }

  TestFolder folder_;
  BuildCache cache_;
  const std::filesystem::path file_;
  bool stamped_ = false;
};

TEST_F(FileIndexTest, AFileThatLooksTheSameIsNotRead) {
  Pretend(Sha256("pretended"));
  EXPECT_EQ(Collected(), Sha256("pretended"));
  EXPECT_EQ(Collected(), Sha256("pretended")) << "and is kept for the next build";
}

TEST_F(FileIndexTest, WhatWasReadIsKnownToTheNextBuild) {
  EXPECT_EQ(Collected(), Sha256("first"));
  FileIndex index(cache_, folder_ / "site");
  EXPECT_EQ(index.Find(file_, *StampOf(file_)), Sha256("first"));
  EXPECT_EQ(FileIndex(cache_, folder_ / "elsewhere").Find(file_, *StampOf(file_)), std::nullopt);
}

TEST_F(FileIndexTest, AChangeOfEqualSizeIsSeenThoughTheTimeIsTurnedBack) {
  Collected();
  const FileStamp before = *StampOf(file_);
  const auto time = std::filesystem::last_write_time(file_);
  do {  // until the clock has ticked
    folder_.Write("site/a.png", "other");
    std::filesystem::last_write_time(file_, time);
  } while (*StampOf(file_) == before);
  EXPECT_EQ(StampOf(file_)->modified, before.modified);
  EXPECT_EQ(Collected(), Sha256("other"));
}

TEST_F(FileIndexTest, WhatChangedJustNowIsReadAgain) {
  Pretend(Sha256("pretended"));
  EXPECT_EQ(Collected(std::chrono::hours(1)), Sha256("first"));
  EXPECT_FALSE(stamped_) << "nor does it tell when it changes";
  FileIndex index(cache_, folder_ / "site");
  EXPECT_EQ(index.Find(file_, *StampOf(file_)), std::nullopt) << "and is not kept";
}

TEST_F(FileIndexTest, FilesThatAreGoneAreForgotten) {
  Collected();
  const FileStamp stamp = *StampOf(file_);
  folder_.Write("site/b.png", "b");
  std::filesystem::remove(file_);
  Collected();
  EXPECT_EQ(FileIndex(cache_, folder_ / "site").Find(file_, stamp), std::nullopt);
}

TEST_F(FileIndexTest, TextIsReadWhateverIsKnown) {
  folder_.Write("site/a.css", "a{}");
  const Result<Site> first = Collect(folder_ / "site", {});
  ASSERT_TRUE(first.has_value());
  FileIndex index(cache_, folder_ / "site");
  index.Keep(folder_ / "site/a.css", *StampOf(folder_ / "site/a.css"), Sha256("pretended"));
  index.Save();
  FileIndex again(cache_, folder_ / "site");
  const Result<Site> site = Collect(folder_ / "site", {"/", {}, &again, nanoseconds(0)});
  EXPECT_EQ(site->files[0].sha256, Sha256("a{}"));
}

TEST_F(FileIndexTest, LinesThatAreNoneAreSkipped) {
  const std::string key = BuildCache::Key(Sha256((folder_ / "site").string()), "index1");
  cache_.Put(key, "1 2 x\n\n1 2 3 4 5 short a.png\n" + std::string(200, ' ') + "\n1 2 3 4 5");
  EXPECT_EQ(Collected(), Sha256("first"));
}

TEST(IsSettledTest, TwoChangesWithinATickCannotBeTold) {
  const std::chrono::system_clock::time_point now(std::chrono::seconds(100));
  const int64_t second = 1'000'000'000;
  EXPECT_TRUE(IsSettled({.modified = 98 * second, .changed = 98 * second}, now, kSettledAfter));
  EXPECT_FALSE(IsSettled({.modified = 0, .changed = 98 * second + 1}, now, kSettledAfter));
  EXPECT_FALSE(IsSettled({.modified = 98 * second + 1, .changed = 0}, now, kSettledAfter));
  EXPECT_FALSE(IsSettled({.modified = 0, .changed = 200 * second}, now, kSettledAfter))
      << "a clock that went back";
}

TEST(CopyFileTest, BytesAreTheSameAndFoldersAreMade) {
  TestFolder folder;
  for (const std::string& bytes : {std::string(), std::string(3 << 20, 'x')}) {
    folder.Write("a", bytes);
    ASSERT_TRUE(CopyFile(folder / "a", folder / "b/c").has_value());
    EXPECT_EQ(folder.Read("b/c"), bytes);
  }
  EXPECT_FALSE(CopyFile(folder / "none", folder / "d").has_value());
}

}  // namespace
}  // namespace skerry::pipeline
