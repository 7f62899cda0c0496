#include "core/cache/disk/flush_rule.h"

#include <gtest/gtest.h>

namespace skerry::cache::disk {
namespace {

constexpr SteadyTime kBegin{Micros(1'000'000'000)};

TEST(FlushRuleTest, AfterASecondWithoutMore) {
  EXPECT_FALSE(FlushDue(kBegin, kBegin, kBegin + Millis(999)));
  EXPECT_TRUE(FlushDue(kBegin, kBegin, kBegin + Millis(1000)));
}

TEST(FlushRuleTest, AfterNineSecondsHoweverMuchComes) {
  EXPECT_FALSE(FlushDue(kBegin, kBegin + Millis(8998), kBegin + Millis(8999)));
  EXPECT_TRUE(FlushDue(kBegin, kBegin + Millis(8999), kBegin + Millis(9000)));
}

TEST(FlushRuleTest, NeverWithoutAnythingToFlush) {
  EXPECT_FALSE(FlushDue({}, kBegin, kBegin + Seconds(100)));
}

}  // namespace
}  // namespace skerry::cache::disk
