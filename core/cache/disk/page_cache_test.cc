// What of the log of bodies stays in the kernel's page cache.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <linux/magic.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <string>
#include <vector>

#include "core/cache/disk/body_log.h"
#include "core/cache/disk/disk_harness.h"
#include "core/cache/disk/format.h"

namespace skerry::cache::disk {
namespace {

namespace fs = std::filesystem;

constexpr ByteCount kPage = 4096;
constexpr ByteCount kBody = 262'144;

// Does the file system keep its files in the page cache alone, until they are let go?
bool CanLetGo(const std::string& directory) {
  struct statfs about {};
  if (statfs(directory.c_str(), &about) != 0) return false;
  constexpr uint64_t kKnown[] = {EXT4_SUPER_MAGIC, XFS_SUPER_MAGIC, BTRFS_SUPER_MAGIC,
                                 OVERLAYFS_SUPER_MAGIC};
  return std::count(std::begin(kKnown), std::end(kKnown), static_cast<uint64_t>(about.f_type)) > 0;
}

// Bytes of the segments that are in memory. Reading would bring in what is not there.
ByteCount InMemory(const std::string& directory) {
  ByteCount pages = 0;
  for (const auto& entry : fs::directory_iterator(directory)) {
    if (!Segment::FirstOf(entry.path().filename().string())) continue;
    const int file = open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
    struct stat about {};
    if (file >= 0 && fstat(file, &about) == 0 && about.st_size > 0) {
      const auto size = static_cast<size_t>(about.st_size);
      void* const bytes = mmap(nullptr, size, PROT_READ, MAP_SHARED, file, 0);
      std::vector<unsigned char> there((size + kPage - 1) / kPage);
      EXPECT_EQ(mincore(bytes, size, there.data()), 0);
      for (const unsigned char page : there) pages += page & 1;
      munmap(bytes, size);
    }
    close(file);
  }
  return pages * kPage;
}

class PageCacheTest : public testing::Test {
 protected:
  static constexpr uint64_t kPositions = 40;
  static constexpr ByteCount kInMemory = 4_MiB;

  void SetUp() override {
    fs::create_directories(directory_.store());
    if (!CanLetGo(directory_.store())) GTEST_SKIP() << "a file system of another kind";
  }
  void Fill() {
    ASSERT_TRUE(log_.Open());
    const std::string body = BodyOf("body", 0, kBody);
    for (uint64_t position = 0; position < kPositions; ++position) {
      const std::string header = EncodeChunkHeader({7, position, 1}, {}, body);
      ASSERT_TRUE(log_.Append({{position, {header, {}, body}}}));
    }
  }
  ByteCount Now() { return InMemory(directory_.store()); }

  TempDirectory directory_;
  BodyLog log_{{.directory = directory_.store(), .segment_bytes = 3_MiB, .in_memory = kInMemory}};
};

TEST_F(PageCacheTest, WhatLiesBehindTheWindowAndWasNotReadIsLetGo) {
  Fill();
  for (const uint64_t position : {3, 4, 17}) ASSERT_TRUE(log_.TryRead(position));
  ASSERT_TRUE(log_.Read(9));
  ASSERT_TRUE(log_.Flush());
  EXPECT_TRUE(log_.LetGo());
  EXPECT_GE(Now(), kInMemory);
  EXPECT_LE(Now(), kInMemory + 1_MiB + 5 * kBody) << "the window, to a cut, and what was read";
  for (const uint64_t position : {3, 4, 9, 17, 30, 35, 39}) {
    EXPECT_TRUE(log_.TryRead(position)) << position;
  }
}

TEST_F(PageCacheTest, WhatIsReadLaterStays) {
  Fill();
  ASSERT_TRUE(log_.Flush());
  EXPECT_TRUE(log_.LetGo());
  const ByteCount before = Now();
  ASSERT_TRUE(log_.Read(5));
  EXPECT_TRUE(log_.LetGo());
  EXPECT_GE(Now(), before + kBody);
  EXPECT_TRUE(log_.TryRead(5));
}

TEST_F(PageCacheTest, WhatIsNotOnTheDiskYetIsWrittenFirst) {
  Fill();
  EXPECT_TRUE(log_.LetGo());
  EXPECT_LE(Now(), kInMemory + 1_MiB);
  for (uint64_t position = 0; position < kPositions; ++position) {
    const Result<Chunk> chunk = log_.Read(position);
    ASSERT_TRUE(chunk) << position;
    EXPECT_TRUE(DecodeChunk(chunk->view(), {7, position, 1})) << position;
  }
}

TEST_F(PageCacheTest, TheTierItselfLetsGoOfWhatItWrites) {
  Disk::Options options;
  options.directory = directory_.store();
  Result<std::unique_ptr<Disk>> disk = Disk::Open(options);
  ASSERT_TRUE(disk) << disk.error().ToString();
  const ByteCount window = BodyLog::Options().in_memory;
  const std::string body = BodyOf("body", 0, 4 * kBody);
  for (ByteCount given = 0; given < window + 16_MiB; given += body.size()) {
    const EntryPtr entry =
        MakeEntry({.url = "https://example.com/" + std::to_string(given), .body = body});
    ASSERT_TRUE(Eventually([&] { return Offer(**disk, entry); }));
  }
  ASSERT_TRUE(Eventually([&] { return (*disk)->stats().bytes > window + 15_MiB; }));
  EXPECT_TRUE(Eventually([&] { return Now() <= window + 2_MiB; })) << Now();
}

}  // namespace
}  // namespace skerry::cache::disk
