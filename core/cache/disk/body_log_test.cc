#include "core/cache/disk/body_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "core/cache/disk/disk_harness.h"
#include "core/cache/disk/format.h"

namespace skerry::cache::disk {
namespace {

namespace fs = std::filesystem;

class BodyLogTest : public testing::Test, public BodyFaults {
 protected:
  void SetUp() override {
    fs::create_directories(directory_.store());
    Open();
  }
  void Open() {
    log_.reset();
    log_ = std::make_unique<BodyLog>(
        BodyLog::Options{.directory = directory_.store(),
                         .segment_bytes = 10'000,
                         .faults = this,
                         .failed = [this](const Error& error) { errors_.push_back(error.code); }});
    ASSERT_TRUE(log_->Open());
  }
  Status Before(const std::string& path, ByteCount bytes) override {
    syncs_ += bytes == 0 && fs::exists(path);
    if (fail_) return Fail(Code::kFull, Side::kStorage, "told to");
    return {};
  }
  void Removed(ByteCount bytes) override { removed_ += bytes; }

  static std::string BodyAt(uint64_t position) { return BodyOf("body", position, 3000); }
  Status Put(uint64_t position) {
    const std::string body = BodyAt(position);
    const std::string header = EncodeChunkHeader({7, position, 1}, {}, body);
    return log_->Append({{position, {header, {}, body}}});
  }
  bool Reads(uint64_t position) {
    const Result<Chunk> chunk = log_->Read(position);
    if (!chunk) return false;
    const auto parsed = DecodeChunk(chunk->view(), {7, position, 1});
    return parsed && parsed->body == BodyAt(position);
  }
  std::vector<uint64_t> Readable(uint64_t below) {
    std::vector<uint64_t> found;
    for (uint64_t position = 0; position < below; ++position) {
      EXPECT_EQ(log_->Has(position), log_->Read(position).has_value());
      if (Reads(position)) found.push_back(position);
    }
    return found;
  }
  ByteCount BytesInDirectory() {
    ByteCount bytes = 0;
    for (const auto& entry : fs::directory_iterator(directory_.store())) bytes += entry.file_size();
    return bytes;
  }
  static bool KeepsNone(const PositionRange&) { return false; }

  TempDirectory directory_;
  bool fail_ = false;
  int syncs_ = 0;
  ByteCount removed_ = 0;
  std::vector<Code> errors_;
  std::unique_ptr<BodyLog> log_;
};

TEST_F(BodyLogTest, WhatWasAppendedIsReadAtOnceAndAfterOpeningAgain) {
  for (const uint64_t position : {1, 2, 5, 9, 10, 11, 30}) ASSERT_TRUE(Put(position));
  for (const bool closed : {false, false, true, true}) {
    EXPECT_EQ(Readable(40), (std::vector<uint64_t>{1, 2, 5, 9, 10, 11, 30}));
    if (closed) log_->Close();
    Open();
  }
}

TEST_F(BodyLogTest, TryReadGivesWhatNeedsNoDisk) {
  ASSERT_TRUE(Put(1));
  const std::optional<Chunk> chunk = log_->TryRead(1);
  // Not every file system can tell.
  if (chunk) {
    EXPECT_EQ(chunk->view(), log_->Read(1)->view());
  }
  EXPECT_FALSE(log_->TryRead(2));
}

TEST_F(BodyLogTest, FilesAreFilledOneAfterTheOtherAndCountedToTheByte) {
  for (uint64_t position = 1; position <= 10; ++position) ASSERT_TRUE(Put(position));
  const std::vector<BodyLog::File> files = log_->Files();
  ASSERT_EQ(files.size(), 4u);
  EXPECT_EQ(files[0].range, (PositionRange{1, 3}));
  EXPECT_EQ(files[3].range, (PositionRange{10, 10}));
  EXPECT_TRUE(files[2].settled);
  EXPECT_FALSE(files[3].settled) << "it takes more";
  EXPECT_EQ(log_->bytes(), BytesInDirectory());
  EXPECT_EQ(log_->written(), BytesInDirectory());
  Open();
  EXPECT_EQ(log_->bytes(), BytesInDirectory());
}

TEST_F(BodyLogTest, ShortRunsShareAFile) {
  for (uint64_t run = 0; run < 3; ++run) {
    ASSERT_TRUE(Put(1 + run * 1'000'000));
    log_->Close();
    Open();
  }
  EXPECT_LE(log_->Files().size(), 2u);
  EXPECT_TRUE(Reads(1));
  EXPECT_TRUE(Reads(2'000'001));
}

TEST_F(BodyLogTest, DropsSettledFilesBelowAPositionButThoseThatAreKept) {
  for (uint64_t position = 1; position <= 10; ++position) ASSERT_TRUE(Put(position));
  const ByteCount before = log_->bytes();
  const ByteCount dropped =
      log_->DropBefore(10, [](const PositionRange& range) { return range.first == 4; });
  EXPECT_GT(dropped, 0u);
  EXPECT_EQ(dropped, removed_);
  EXPECT_EQ(log_->bytes(), before - dropped);
  EXPECT_EQ(Readable(20), (std::vector<uint64_t>{4, 5, 6, 10}));
  EXPECT_EQ(log_->Read(1).error().code, Code::kNotFound);
  EXPECT_EQ(log_->DropBefore(100, KeepsNone), dropped / 2);
  EXPECT_EQ(Readable(20), (std::vector<uint64_t>{10})) << "the file that is being written stays";
}

TEST_F(BodyLogTest, UnflushedIsWhatWasNotSyncedYet) {
  ASSERT_TRUE(Put(1));
  EXPECT_EQ(log_->unflushed(), 3040u);
  for (uint64_t position = 2; position <= 4; ++position) ASSERT_TRUE(Put(position));
  ASSERT_TRUE(log_->FlushFull());
  EXPECT_EQ(log_->unflushed(), 3040u) << "of the file that is not full";
  ASSERT_TRUE(log_->Flush());
  EXPECT_EQ(log_->unflushed(), 0u);
  EXPECT_EQ(syncs_, 2);
}

TEST_F(BodyLogTest, TheWriterWaitsForADiskThatIsSeveralFilesBehind) {
  for (uint64_t position = 1; position <= 300; ++position) ASSERT_TRUE(Put(position));
  EXPECT_LE(log_->unflushed(), 7 * 10'000u);
  EXPECT_GT(syncs_, 80);
}

TEST_F(BodyLogTest, AWriteThatFailsIsToldAndLeavesNothingBehind) {
  ASSERT_TRUE(Put(1));
  fail_ = true;
  EXPECT_EQ(Put(2).error().code, Code::kFull);
  EXPECT_EQ(log_->Flush().error().code, Code::kFull);
  EXPECT_THAT(errors_, testing::ElementsAre(Code::kFull, Code::kFull));
  fail_ = false;
  ASSERT_TRUE(Put(3));
  log_->Restart();
  ASSERT_TRUE(Put(4));
  EXPECT_EQ(log_->Files().size(), 2u);
  EXPECT_EQ(Readable(9), (std::vector<uint64_t>{1, 3, 4}));
  Open();
  EXPECT_EQ(Readable(9), (std::vector<uint64_t>{1, 3, 4}));
}

TEST_F(BodyLogTest, ATornTailCostsWhatItTouchesAndIsWrittenOver) {
  ASSERT_TRUE(Put(1));
  ASSERT_TRUE(Put(2));
  const fs::path file = fs::path(directory_.store()) / Segment::NameFor(1);
  for (const size_t size : {6079, 3041, 3040}) {
    fs::resize_file(file, size);
    Open();
    EXPECT_EQ(Readable(9), (std::vector<uint64_t>{1}));
    EXPECT_EQ(log_->bytes(), 3040u);
    ASSERT_TRUE(Put(5));
    EXPECT_EQ(Readable(9), (std::vector<uint64_t>{1, 5}));
  }
}

TEST_F(BodyLogTest, AFileWithNothingInItIsRemoved) {
  std::ofstream(fs::path(directory_.store()) / Segment::NameFor(77)) << "no chunk at all";
  Open();
  EXPECT_TRUE(log_->Files().empty());
  EXPECT_EQ(BytesInDirectory(), 0u);
}

TEST_F(BodyLogTest, ClosedItFindsNothingAndTakesNothing) {
  ASSERT_TRUE(Put(1));
  log_->Close();
  EXPECT_EQ(log_->Read(1).error().code, Code::kUnavailable);
  EXPECT_EQ(Put(2).error().code, Code::kUnavailable);
  EXPECT_TRUE(errors_.empty()) << "nothing has failed";
}

TEST_F(BodyLogTest, ADroppedFileCanBeReadToTheEndByWhoHasIt) {
  for (uint64_t position = 1; position <= 4; ++position) ASSERT_TRUE(Put(position));
  auto segment = *Segment::Open(directory_.store() + "/" + Segment::NameFor(1), 1, nullptr);
  log_->DropBefore(4, KeepsNone);
  const Result<Chunk> chunk = segment->Read(*segment->Find(2), /*wait=*/true);
  ASSERT_TRUE(chunk);
  EXPECT_TRUE(DecodeChunk(chunk->view(), {7, 2, 1}));
}

TEST(SegmentNameTest, OnlyNamesThatWereMadeAreRead) {
  EXPECT_EQ(Segment::FirstOf(Segment::NameFor(0xABCDEF0123456789)), 0xABCDEF0123456789);
  for (const char* name : {"body-1.seg", "000012.sst", "body-00000000000000zz.seg", "CURRENT",
                           "body-0000000000000001.seg.new", "body-00000000000000001.seg"}) {
    EXPECT_FALSE(Segment::FirstOf(name)) << name;
  }
}

}  // namespace
}  // namespace skerry::cache::disk
