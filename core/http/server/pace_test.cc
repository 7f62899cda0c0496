#include "core/http/server/pace.h"

#include <gtest/gtest.h>

namespace skerry::http {
namespace {

constexpr Micros kPatience = Seconds(10);

// Seconds until a peer that moves so many bytes each second is given up; 0: never.
int SecondsAt(uint64_t bytes, Pace pace = Pace(500, kPatience)) {
  for (int second = 1; second <= 1'000; ++second) {
    pace.Owed(Seconds(1));
    pace.Moved(bytes);
    if (pace.too_slow()) return second;
  }
  return 0;
}

TEST(PaceTest, SilenceIsGivenUpAfterThePatience) { EXPECT_EQ(10, SecondsAt(0)); }

TEST(PaceTest, ADripIsGivenUpLater) {
  EXPECT_NEAR(20, SecondsAt(250), 1);
  EXPECT_LT(SecondsAt(1), 12);
}

TEST(PaceTest, WhoKeepsTheFloorIsNeverGivenUp) { EXPECT_EQ(0, SecondsAt(500)); }

TEST(PaceTest, LumpsCountAsTheirAverage) {
  Pace pace(500, kPatience);
  for (int second = 1; second <= 1'000; ++second) {
    pace.Owed(Seconds(1));
    if (second % 8 == 0) pace.Moved(8 * 500);
    ASSERT_FALSE(pace.too_slow()) << second;
  }
}

TEST(PaceTest, NothingIsSavedUp) {
  Pace pace(500, kPatience);
  pace.Moved(~uint64_t{0});
  EXPECT_EQ(10, SecondsAt(0, pace));
}

TEST(PaceTest, TimeThatIsNotThePeersCostsNothing) {
  Pace pace(500, kPatience);
  pace.Owed(Seconds(9));
  pace.Owed(Seconds(0));
  EXPECT_FALSE(pace.too_slow());
}

TEST(PaceTest, AFloorOfNothingAsksForNothing) { EXPECT_EQ(0, SecondsAt(0, Pace(0, kPatience))); }

// Looks each second at a client that takes so many bytes in it; the second of the stall, or 0.
int Stalled(Intake intake, uint64_t bytes, bool any_rate = false) {
  for (int second = 0; second <= 1'000; ++second) {
    const SteadyTime now = SteadyTime(Seconds(1'000'000 + second));
    if (intake.Stalls(now, true, static_cast<uint64_t>(second) * bytes, any_rate)) return second;
  }
  return 0;
}

TEST(IntakeTest, TakingNothingIsAStallAfterThePatience) {
  EXPECT_EQ(10, Stalled(Intake(500, kPatience), 0));
  EXPECT_EQ(10, Stalled(Intake(0, kPatience), 0));
}

TEST(IntakeTest, TakingLessThanTheFloorIsAStallLater) {
  EXPECT_NEAR(20, Stalled(Intake(500, kPatience), 250), 1);
  EXPECT_EQ(0, Stalled(Intake(500, kPatience), 500));
  EXPECT_EQ(0, Stalled(Intake(0, kPatience), 1));
}

TEST(IntakeTest, WhereAnyRateWillDoOnlySilenceIsAStall) {
  EXPECT_EQ(0, Stalled(Intake(500, kPatience), 1, true));
  EXPECT_EQ(10, Stalled(Intake(500, kPatience), 0, true));
}

TEST(IntakeTest, TimeInWhichNothingWaitsDoesNotCount) {
  Intake intake(500, kPatience);
  for (int second = 0; second < 100; ++second) {
    const bool waits = second % 8 != 0;
    EXPECT_FALSE(intake.Stalls(SteadyTime(Seconds(second)), waits, 4'000 * (second / 8), false));
  }
}

}  // namespace
}  // namespace skerry::http
