#include "origin-shield/store/blobs.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <set>

#include "origin-shield/store/scratch.h"

namespace skerry::shield {
namespace {

namespace fs = std::filesystem;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::UnorderedElementsAre;

// More than one piece, no two of them equal.
std::string Long(size_t bytes = kPieceBytes * 2 + 1000) {
  std::string text(bytes, 'x');
  for (size_t i = 0; i < bytes; i += 1000) text[i] = static_cast<char>('a' + (i / 1000) % 26);
  return text;
}

class BlobsTest : public testing::Test {
 protected:
  BlobsTest() { Reopen(); }
  void Reopen(ByteCount largest = 1_MiB) {
    store_.reset();
    auto store = BlobStore::Open({scratch_.path(), largest, &metrics_});
    ASSERT_TRUE(store.has_value()) << store.error().ToString();
    store_ = std::move(*store);
  }
  Result<bool> Put(const std::string& bytes, const Sha256Digest& name) {
    auto writer = store_->Begin(name);
    if (!writer) return Fail(writer.error());
    for (size_t at = 0; at < bytes.size(); at += 100'000) {
      if (Status status = (*writer)->Append(std::string_view(bytes).substr(at, 100'000)); !status) {
        return Fail(status.error());
      }
    }
    return (*writer)->Finish();
  }
  Sha256Digest Put(const std::string& bytes) {
    const Sha256Digest name = Sha256(bytes);
    EXPECT_TRUE(Put(bytes, name).has_value());
    return name;
  }
  std::string Read(const Sha256Digest& name, ByteCount size) {
    std::string all;
    for (uint64_t i = 0; i < PieceCount(size); ++i) {
      const Result<Chunk> piece = store_->Read(name, size, i);
      if (!piece) return std::string(Name(piece.error().code));
      all += piece->view();
    }
    return all;
  }
  std::string FileOf(const Sha256Digest& name) const {
    return scratch_.path() + "/" + name.Hex().substr(0, 2) + "/" + name.Hex();
  }
  static void Flip(const std::string& file, size_t at) {
    std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
    stream.seekg(static_cast<std::streamoff>(at));
    const char c = static_cast<char>(stream.get());
    stream.seekp(static_cast<std::streamoff>(at));
    stream.put(static_cast<char>(c ^ 1));
  }
  std::vector<std::string> Incoming() const {
    std::vector<std::string> names;
    for (const auto& entry : fs::directory_iterator(scratch_.path() + "/incoming")) {
      names.push_back(entry.path().filename());
    }
    return names;
  }

  Scratch scratch_;
  Metrics metrics_;
  std::unique_ptr<BlobStore> store_;
};

TEST_F(BlobsTest, GivesBackWhatWasStored) {
  for (const std::string& bytes : {std::string("a"), std::string(kPieceBytes, 'q'),
                                   std::string(kPieceBytes + 1, 'q'), Long()}) {
    EXPECT_EQ(Read(Put(bytes), bytes.size()), bytes);
  }
}

TEST_F(BlobsTest, IsThereAfterTheStoreWasOpenedAgain) {
  const Sha256Digest name = Put(Long());
  Reopen();
  EXPECT_TRUE(store_->Has(name, Long().size()));
  EXPECT_EQ(Read(name, Long().size()), Long());
}

TEST_F(BlobsTest, BytesThatDoNotMatchTheirNameChangeNothing) {
  const Result<bool> put = Put("these", Sha256("those"));
  ASSERT_FALSE(put.has_value());
  EXPECT_EQ(put.error().code, Code::kInvalid);
  EXPECT_EQ(put.error().side, Side::kClient);
  EXPECT_THAT(put.error().context, HasSubstr(Sha256("these").Hex()));
  EXPECT_THAT(Incoming(), IsEmpty());
  EXPECT_FALSE(store_->Has(Sha256("those"), 5));
  EXPECT_FALSE(store_->Has(Sha256("these"), 5));
}

TEST_F(BlobsTest, AnUploadThatIsGivenUpLeavesNothing) {
  auto writer = store_->Begin(Sha256("abc"));
  ASSERT_TRUE(writer.has_value());
  ASSERT_TRUE((*writer)->Append("ab").has_value());
  writer->reset();
  EXPECT_THAT(Incoming(), IsEmpty());
}

TEST_F(BlobsTest, WhatACrashLeftIsSweptAwayAtOpen) {
  std::ofstream(scratch_.path() + "/incoming/77") << "half";
  Reopen();
  EXPECT_THAT(Incoming(), IsEmpty());
}

TEST_F(BlobsTest, RefusesMoreThanTheLargest) {
  Reopen(10);
  const std::string bytes(11, 'a');
  const Result<bool> put = Put(bytes, Sha256(bytes));
  ASSERT_FALSE(put.has_value());
  EXPECT_EQ(put.error().code, Code::kLimit);
  EXPECT_THAT(Incoming(), IsEmpty());
}

TEST_F(BlobsTest, SaysWhetherItHadTheBlobBefore) {
  EXPECT_FALSE(*Put("abc", Sha256("abc")));
  EXPECT_TRUE(*Put("abc", Sha256("abc")));
}

TEST_F(BlobsTest, AFlippedBitIsNeverServed) {
  const Sha256Digest name = Put("a page");
  Flip(FileOf(name), 3);
  EXPECT_EQ(Read(name, 6), "corrupt");
  EXPECT_EQ(store_->damaged(), 1u);
  EXPECT_THAT(metrics_.Text(), HasSubstr("skerry_store_corrupt_total 1"));
}

TEST_F(BlobsTest, AFlippedBitInALaterPieceIsSeenInThatPiece) {
  const Sha256Digest name = Put(Long());
  Flip(FileOf(name), kPieceBytes + 5);
  EXPECT_TRUE(store_->Read(name, Long().size(), 0).has_value());
  EXPECT_EQ(store_->Read(name, Long().size(), 1).error().code, Code::kCorrupt);
}

TEST_F(BlobsTest, PiecesInEachOthersPlaceAreSeen) {
  std::string bytes = Long(kPieceBytes * 2);
  const Sha256Digest name = Put(bytes);
  std::rotate(bytes.begin(), bytes.begin() + kPieceBytes, bytes.end());
  std::ofstream(FileOf(name), std::ios::binary) << bytes;
  EXPECT_EQ(Read(name, bytes.size()), "corrupt");
}

TEST_F(BlobsTest, DamagedSumsMakeTheBlobCorrupt) {
  const Sha256Digest name = Put(Long());
  Flip(FileOf(name) + ".sums", 8);
  EXPECT_EQ(Read(name, Long().size()), "corrupt");
}

TEST_F(BlobsTest, AShortenedFileIsCorruptAndNoLongerThere) {
  const Sha256Digest name = Put(Long());
  fs::resize_file(FileOf(name), kPieceBytes);
  EXPECT_FALSE(store_->Has(name, Long().size()));
  EXPECT_EQ(store_->Read(name, Long().size(), 1).error().code, Code::kCorrupt);
}

TEST_F(BlobsTest, ACorruptBlobIsMissingUntilItIsPutAgain) {
  const Sha256Digest name = Put("a page");
  Flip(FileOf(name), 0);
  EXPECT_EQ(Read(name, 6), "corrupt");
  EXPECT_FALSE(store_->Has(name, 6));
  EXPECT_EQ(Read(name, 6), "not-found");
  EXPECT_EQ(store_->damaged(), 1u);
  Put("a page");
  EXPECT_EQ(Read(name, 6), "a page");
  EXPECT_EQ(store_->damaged(), 0u);
}

TEST_F(BlobsTest, PuttingABlobAgainHealsOneThatRottedUnseen) {
  const Sha256Digest name = Put("a page");
  Flip(FileOf(name), 0);
  Put("a page");
  EXPECT_EQ(Read(name, 6), "a page");
}

TEST_F(BlobsTest, AnUnknownBlobIsNotFound) { EXPECT_EQ(Read(Sha256("?"), 1), "not-found"); }

TEST_F(BlobsTest, WalksOverBlobsAndNothingElse) {
  Put("one");
  Put(Long());
  const Sha256Digest gone = Put("gone");
  ASSERT_TRUE(store_->Remove(gone).has_value());
  Put("rotten");
  Flip(FileOf(Sha256("rotten")), 0);
  EXPECT_EQ(Read(Sha256("rotten"), 6), "corrupt");
  std::set<std::string> names;
  ASSERT_TRUE(store_
                  ->ForEach([&](const Sha256Digest& name, ByteCount, WallTime) {
                    names.insert(name.Hex());
                    return true;
                  })
                  .has_value());
  EXPECT_THAT(names, UnorderedElementsAre(Sha256("one").Hex(), Sha256(Long()).Hex()));
}

TEST(BlobStoreTest, ADirectoryThatCannotBeMadeIsNamed) {
  const auto store = BlobStore::Open({"/proc/no/such/place"});
  ASSERT_FALSE(store.has_value());
  EXPECT_THAT(store.error().context, HasSubstr("/proc/no/such/place"));
}

}  // namespace
}  // namespace skerry::shield
