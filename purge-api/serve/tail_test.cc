#include "purge-api/serve/tail.h"

#include <gmock/gmock.h>

namespace skerry::purge {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(TailTest, HoldsWhatWasWrittenSinceItBegan) {
  Tail tail(5, 100);
  EXPECT_TRUE(tail.Covers(5));
  EXPECT_FALSE(tail.Covers(4));
  EXPECT_THAT(tail.After(5, 100), IsEmpty());
  tail.Add("six");
  tail.Add("seven");
  EXPECT_TRUE(tail.Covers(5));
  EXPECT_FALSE(tail.Covers(4));
  EXPECT_THAT(tail.After(5, 100), ElementsAre("six", "seven"));
  EXPECT_THAT(tail.After(6, 100), ElementsAre("seven"));
}

TEST(TailTest, GivesOneRecordAtLeastAndElseWhatFits) {
  Tail tail(0, 100);
  tail.Add("12345");
  tail.Add("12345");
  tail.Add("12345");
  EXPECT_THAT(tail.After(0, 1), ElementsAre("12345"));
  EXPECT_THAT(tail.After(0, 10), ElementsAre("12345", "12345"));
}

TEST(TailTest, DropsTheOldestBeyondItsBytes) {
  Tail tail(0, 10);
  tail.Add("12345");
  tail.Add("67890");
  tail.Add("abcde");
  EXPECT_FALSE(tail.Covers(0));
  EXPECT_THAT(tail.After(1, 100), ElementsAre("67890", "abcde"));
}

}  // namespace
}  // namespace skerry::purge
