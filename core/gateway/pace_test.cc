#include "core/gateway/pace.h"

#include <gtest/gtest.h>

namespace skerry::gateway {
namespace {

TEST(PaceTest, WithoutARateNobodyWaits) {
  Pace pace;
  for (int i = 0; i < 1000; ++i) EXPECT_EQ(pace.Take(SteadyTime(Micros(5)), Micros(0)), Micros(0));
}

TEST(PaceTest, OverTimeNoMoreThanTheRateBegins) {
  Pace pace;
  pace.SetRate(50);
  int begun = 0;
  for (int ms = 0; ms < 60'000; ++ms) {
    begun += pace.Take(SteadyTime(Millis(ms)), Micros(0)).has_value();
  }
  EXPECT_GE(begun, 60 * 50);
  EXPECT_LE(begun, 60 * 50 + 5);
}

TEST(PaceTest, WhoWaitsIsGivenATurnOfItsOwnInOrder) {
  Pace pace;
  pace.SetRate(10);
  const SteadyTime now(Millis(70));
  for (int i = 0; i < 5; ++i) EXPECT_EQ(pace.Take(now, Micros(1'000'000)), Micros(i * 100'000));
  // Time that has passed is not waited for again.
  EXPECT_EQ(pace.Take(now + Millis(450), Micros(1'000'000)), Micros(50'000));
}

TEST(PaceTest, WhoWouldWaitTooLongTakesNoTurn) {
  Pace pace;
  pace.SetRate(1);
  const SteadyTime now(Millis(70));
  EXPECT_EQ(pace.Take(now, Micros(0)), Micros(0));
  for (int i = 0; i < 10; ++i) EXPECT_FALSE(pace.Take(now, Micros(900'000)));
  EXPECT_EQ(pace.Take(now, Micros(1'000'000)), Micros(1'000'000));
}

}  // namespace
}  // namespace skerry::gateway
