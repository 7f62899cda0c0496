#include "core/base/clock.h"

#include <gtest/gtest.h>

namespace skerry {
namespace {

TEST(Rfc3339Test, HasMillisecondsAndUtc) {
  EXPECT_EQ(ToRfc3339(WallTime(Millis(1'700'000'000'007))), "2023-11-14T22:13:20.007Z");
  EXPECT_EQ(ToRfc3339(WallTime(Millis(0))), "1970-01-01T00:00:00.000Z");
}

TEST(Rfc3339Test, ATimeBeforeTheEpochIsWrittenToo) {
  EXPECT_EQ(ToRfc3339(WallTime(Millis(-1))), "1969-12-31T23:59:59.999Z");
}

TEST(FakeClockTest, StandsStillUntilAdvanced) {
  FakeClock clock;
  const WallTime wall = clock.Wall();
  const SteadyTime steady = clock.Steady();
  const BootTime boot = clock.Boot();
  EXPECT_EQ(clock.Wall(), wall);
  clock.Advance(Seconds(3));
  EXPECT_EQ(clock.Wall() - wall, Seconds(3));
  EXPECT_EQ(clock.Steady() - steady, Seconds(3));
  EXPECT_EQ(clock.Boot() - boot, Seconds(3));
}

TEST(FakeClockTest, AWallClockThatJumpsLeavesTheOthersAlone) {
  FakeClock clock;
  const WallTime wall = clock.Wall();
  const SteadyTime steady = clock.Steady();
  const BootTime boot = clock.Boot();
  clock.JumpWall(Millis(-5000));
  EXPECT_EQ(clock.Wall() - wall, Millis(-5000));
  EXPECT_EQ(clock.Steady(), steady);
  EXPECT_EQ(clock.Boot(), boot);
}

TEST(RealClockTest, SteadyAndBootTimeDoNotGoBack) {
  const Clock& clock = Clock::Real();
  const SteadyTime steady = clock.Steady();
  const BootTime boot = clock.Boot();
  EXPECT_GE(clock.Steady(), steady);
  EXPECT_GE(clock.Boot(), boot);
}

}  // namespace
}  // namespace skerry
