#include "core/http/age.h"

#include <gtest/gtest.h>

namespace skerry::http {
namespace {

std::optional<Seconds> Age(std::string_view value) {
  return ParseAge(Fields{{"age", std::string(value)}});
}

TEST(DeltaSecondsTest, TakesDigitsOnly) {
  EXPECT_EQ(ParseDeltaSeconds("0"), Seconds(0));
  EXPECT_EQ(ParseDeltaSeconds("003600"), Seconds(3600));
  for (const char* text : {"", "-1", "+1", "1.0", "1e3", " 1", "1 ", "0x1", "'1'", "a1", "1a"}) {
    EXPECT_EQ(ParseDeltaSeconds(text), std::nullopt) << text;
  }
}

TEST(DeltaSecondsTest, SaturatesAtTwoToTheThirtyOne) {
  EXPECT_EQ(ParseDeltaSeconds("2147483647"), Seconds(2147483647));
  EXPECT_EQ(ParseDeltaSeconds("2147483648"), kMaxDelta);
  EXPECT_EQ(ParseDeltaSeconds("99999999999"), kMaxDelta);
  EXPECT_EQ(ParseDeltaSeconds(std::string(500, '9')), kMaxDelta);
  EXPECT_EQ(ParseDeltaSeconds(std::string(500, '0') + "7"), Seconds(7));
}

TEST(AgeTest, IsTheFirstMemberOfTheFirstLine) {
  EXPECT_EQ(Age("7200, 0"), Seconds(7200));
  EXPECT_EQ(Age("0, 7200"), Seconds(0));
  EXPECT_EQ(Age("0 ,7200"), Seconds(0));
  EXPECT_EQ(ParseAge(Fields{{"age", "0"}, {"age", "7200"}}), Seconds(0));
}

TEST(AgeTest, WhatIsNoNumberCountsAsAbsent) {
  for (const char* text : {"abc", "-7200", "7200.0", "7200;foo=bar", ""}) {
    EXPECT_EQ(Age(text), std::nullopt) << text;
  }
  EXPECT_EQ(ParseAge(Fields{}), std::nullopt);
}

TEST(AgeTest, AnInvalidFirstLineIsNotReplacedByASecond) {
  EXPECT_EQ(ParseAge(Fields{{"age", "abc"}, {"age", "5"}}), std::nullopt);
}

}  // namespace
}  // namespace skerry::http
