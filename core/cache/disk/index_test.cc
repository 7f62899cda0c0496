#include "core/cache/disk/index.h"

#include <gtest/gtest.h>

#include "core/base/random.h"

namespace skerry::cache::disk {
namespace {

Hash128 KeyOf(uint64_t n) {
  SeededRandom random(n);
  return {random.Next(), random.Next()};
}

IndexRow RowAt(uint64_t key, uint64_t position, uint64_t variant = 0) {
  IndexRow row;
  row.row.key = KeyOf(key);
  row.row.variant_hash = variant;
  row.row.vary = static_cast<VaryId>(variant);
  row.row.fill_id = position - 1;
  row.row.position = position;
  row.row.size = position * 3;
  row.row.seq = position + 1000;
  row.oldest = position;
  return row;
}

class IndexTest : public testing::Test {
 protected:
  void Put(const IndexRow& row) { ASSERT_EQ(index_.Insert(row), Index::Put::kDone); }
  Index index_;
};

TEST_F(IndexTest, ARowComesBackAsItWas) {
  IndexRow row = RowAt(1, 50, 9);
  row.oldest = 20;
  row.has_more = true;
  Put(row);
  const std::optional<IndexRow> found = index_.Get(row.row);
  ASSERT_TRUE(found);
  EXPECT_EQ(found->row.key, row.row.key);
  EXPECT_EQ(found->row.vary, 9u);
  EXPECT_EQ(found->row.variant_hash, 9u);
  EXPECT_EQ(found->row.fill_id, 49u);
  EXPECT_EQ(found->row.size, 150u);
  EXPECT_EQ(found->row.seq, 1050u);
  EXPECT_EQ(found->oldest, 20u);
  EXPECT_TRUE(found->has_more);
  EXPECT_FALSE(found->hit);
  index_.MarkHit(row.row);
  EXPECT_TRUE(index_.Get(row.row)->hit);
}

TEST_F(IndexTest, ThousandsOfRowsAreFoundReplacedAndRemoved) {
  for (uint64_t n = 0; n < 20'000; ++n) Put(RowAt(n, n + 1));
  for (uint64_t n = 0; n < 20'000; n += 2) Put(RowAt(n, 30'000 + n));
  for (uint64_t n = 0; n < 20'000; n += 4) EXPECT_TRUE(index_.Remove(RowAt(n, 30'000 + n).row));
  EXPECT_EQ(index_.size(), 15'000u);
  for (uint64_t n = 0; n < 20'000; ++n) {
    const std::vector<DiskRow> rows = index_.Find(KeyOf(n));
    if (n % 4 == 0) {
      EXPECT_TRUE(rows.empty());
    } else {
      ASSERT_EQ(rows.size(), 1u);
      EXPECT_EQ(rows[0].position, n % 2 == 0 ? 30'000 + n : n + 1);
    }
  }
}

TEST_F(IndexTest, ARowAndItsPlaceInTheTableTakeAboutSeventyBytes) {
  constexpr uint64_t kRows = 200'000;
  for (uint64_t n = 0; n < kRows; ++n) Put(RowAt(n, n + 1));
  EXPECT_LE(index_.MemoryBytes() / kRows, 76u);
}

TEST_F(IndexTest, MemoryComesBackWhenTheOldestAreDropped) {
  for (uint64_t n = 0; n < 100'000; ++n) Put(RowAt(n, n + 1));
  const ByteCount before = index_.MemoryBytes();
  for (const IndexRow& row : index_.RaiseHorizon(90'001)) index_.Remove(row.row);
  EXPECT_EQ(index_.size(), 10'000u);
  EXPECT_LT(index_.MemoryBytes(), before / 3);
}

TEST_F(IndexTest, NothingBelowTheHorizonComesIn) {
  Put(RowAt(1, 10));
  Put(RowAt(2, 20));
  const std::vector<IndexRow> below = index_.RaiseHorizon(15);
  ASSERT_EQ(below.size(), 1u);
  EXPECT_EQ(below[0].row.position, 10u);
  EXPECT_EQ(index_.Insert(RowAt(3, 14)), Index::Put::kBelowHorizon);
  IndexRow old_chunk = RowAt(4, 30);
  old_chunk.oldest = 14;
  EXPECT_EQ(index_.Insert(old_chunk), Index::Put::kBelowHorizon);
  EXPECT_EQ(index_.Insert(RowAt(3, 15)), Index::Put::kDone);
  index_.RaiseHorizon(5);
  EXPECT_EQ(index_.horizon(), 15u) << "it never falls";
}

TEST_F(IndexTest, AReplacementOnlyHappensWhileTheOldRowIsThere) {
  const IndexRow old = RowAt(1, 10);
  Put(old);
  EXPECT_EQ(index_.Insert(RowAt(1, 20), &old.row), Index::Put::kDone);
  EXPECT_EQ(index_.Insert(RowAt(1, 30), &old.row), Index::Put::kChanged);
  EXPECT_FALSE(index_.Remove(old.row));
  EXPECT_EQ(index_.Find(KeyOf(1)).front().position, 20u);
  EXPECT_EQ(index_.RemoveKey(KeyOf(1)).size(), 1u);
  EXPECT_EQ(index_.Insert(RowAt(1, 40), &old.row), Index::Put::kChanged);
}

TEST_F(IndexTest, RowsWhosePartsLieTooFarApartAreRefused) {
  IndexRow row = RowAt(1, uint64_t{1} << 40);
  row.oldest = 1;
  EXPECT_EQ(index_.Insert(row), Index::Put::kUnfit);
  row = RowAt(1, 10);
  row.row.size = uint64_t{1} << 40;
  EXPECT_EQ(index_.Insert(row), Index::Put::kUnfit);
}

TEST_F(IndexTest, WhatIsForgottenWhileLoadingIsNotLoaded) {
  index_.BeginLoading();
  Put(RowAt(1, 100));
  Put(RowAt(2, 101));
  index_.Remove(RowAt(2, 101).row);
  index_.RemoveKey(KeyOf(3));
  EXPECT_EQ(index_.InsertLoaded(RowAt(1, 10)), Index::Put::kChanged) << "a newer one is there";
  EXPECT_EQ(index_.InsertLoaded(RowAt(2, 101)), Index::Put::kChanged);
  EXPECT_EQ(index_.InsertLoaded(RowAt(3, 11)), Index::Put::kChanged);
  EXPECT_EQ(index_.InsertLoaded(RowAt(4, 12)), Index::Put::kDone);
  index_.EndLoading();
  EXPECT_EQ(index_.size(), 2u);
  index_.BeginLoading();
  EXPECT_EQ(index_.size(), 0u);
  EXPECT_EQ(index_.InsertLoaded(RowAt(3, 11)), Index::Put::kDone);
}

TEST_F(IndexTest, TheOldestStampIsNeverAboveAny) {
  EXPECT_FALSE(index_.OldestSeq());
  Put(RowAt(1, 50));
  Put(RowAt(2, 40));
  EXPECT_EQ(index_.OldestSeq(), 1040u);
}

TEST_F(IndexTest, AFillIsFoundByItsId) {
  for (uint64_t n = 0; n < 1000; ++n) Put(RowAt(n, 2 * n + 1));
  ASSERT_TRUE(index_.FindFill(500));
  EXPECT_EQ(index_.FindFill(500)->position, 501u);
  EXPECT_FALSE(index_.FindFill(501));
}

}  // namespace
}  // namespace skerry::cache::disk
