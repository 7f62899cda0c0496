#include "core/cache/purge/tier.h"

#include <gtest/gtest.h>

namespace skerry::cache {
namespace {

TEST(TierTest, AnswersAnAskerThatKnowsNoMore) {
  EXPECT_EQ(CheckTier({5, "a"}, {5, "a"}), Tier::kAnswers);
  EXPECT_EQ(CheckTier({5, "a"}, {6, "a"}), Tier::kAnswers);
}

TEST(TierTest, IsBehindAnAskerThatHasAppliedMore) {
  EXPECT_EQ(CheckTier({6, "a"}, {5, "a"}), Tier::kBehind);
}

TEST(TierTest, PositionsOfTwoLogsAreNotCompared) {
  EXPECT_EQ(CheckTier({1, "b"}, {5, "a"}), Tier::kOtherLog);
  EXPECT_EQ(CheckTier({1, "b"}, {5, ""}), Tier::kOtherLog);
}

TEST(TierTest, AnAskerWithoutALogIsComparedByPositionAlone) {
  EXPECT_EQ(CheckTier({0, ""}, {5, "a"}), Tier::kAnswers);
  EXPECT_EQ(CheckTier({6, ""}, {5, "a"}), Tier::kBehind);
}

TEST(AppliedAtTest, ReadsWhatItWrites) {
  for (const AppliedAt& applied : {AppliedAt{42, "5f3a"}, AppliedAt{0, ""}}) {
    EXPECT_EQ(ParseAppliedAt(ToFieldValue(applied)), applied);
  }
}

TEST(AppliedAtTest, RefusesEverythingElse) {
  for (const char* value : {"", "-1", " 1", "1 ", "1;", "1;log=ab", "1;log=\"\"", "1;log=\"x\"",
                            "1;log=\"ab\";y", "99999999999999999999"}) {
    EXPECT_FALSE(ParseAppliedAt(value)) << value;
  }
}

}  // namespace
}  // namespace skerry::cache
