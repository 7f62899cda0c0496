#include "core/cache/disk/positions.h"

#include <gtest/gtest.h>

namespace skerry::cache::disk {
namespace {

TEST(PositionsTest, NothingIsGivenOutBeforeItsBlockIsDurable) {
  uint64_t durable = 0;
  Positions positions(100, [&](uint64_t mark) -> Status {
    durable = mark;
    return {};
  });
  EXPECT_FALSE(positions.Take());
  ASSERT_TRUE(positions.Refill());
  EXPECT_EQ(durable, 100 + Positions::kBlock);
  EXPECT_EQ(positions.Take(), 100u);
  EXPECT_EQ(positions.Take(), 101u);
  EXPECT_EQ(positions.Take(5), 102u);
  EXPECT_EQ(positions.Take(), 107u);
  EXPECT_FALSE(positions.Take(Positions::kBlock - 7));
  EXPECT_EQ(positions.Take(Positions::kBlock - 8), 108u);
  EXPECT_EQ(positions.first(), 100u);
}

TEST(PositionsTest, TheNextBlockIsReservedHalfABlockAhead) {
  int reserved = 0;
  Positions positions(0, [&](uint64_t) -> Status {
    ++reserved;
    return {};
  });
  ASSERT_TRUE(positions.Refill());
  ASSERT_TRUE(positions.Refill());
  EXPECT_EQ(reserved, 1);
  for (uint64_t i = 0; i <= Positions::kBlock / 2; ++i) ASSERT_EQ(positions.Take(), i);
  ASSERT_TRUE(positions.Refill());
  EXPECT_EQ(reserved, 2);
}

TEST(PositionsTest, WhatCannotBeReservedIsNotGivenOut) {
  Positions positions(
      0, [](uint64_t) -> Status { return Fail(Code::kFull, Side::kStorage, "no room"); });
  EXPECT_FALSE(positions.Refill());
  EXPECT_FALSE(positions.Take());
}

}  // namespace
}  // namespace skerry::cache::disk
