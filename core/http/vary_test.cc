#include "core/http/vary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace skerry::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

Vary Parse(std::string_view value) { return ParseVary(Fields{{"vary", std::string(value)}}); }

TEST(VaryTest, NamesAreLowerCaseSortedAndOnce) {
  EXPECT_THAT(Parse("Foo, accept-encoding,\tfoo ").names, ElementsAre("accept-encoding", "foo"));
}

TEST(VaryTest, LinesCountTogether) {
  const Vary vary = ParseVary(Fields{{"vary", "b"}, {"x", "y"}, {"vary", "A, b"}});
  EXPECT_THAT(vary.names, ElementsAre("a", "b"));
  EXPECT_FALSE(vary.any);
}

TEST(VaryTest, AStarAnywhereIsAny) {
  for (const char* value : {"*", "*, *", ", *", "*, Foo", "Foo, *", "Foo,*,Bar", " * "}) {
    EXPECT_TRUE(Parse(value).any) << value;
    EXPECT_THAT(Parse(value).names, IsEmpty()) << value;
  }
  EXPECT_TRUE(ParseVary(Fields{{"vary", ""}, {"vary", "*"}}).any);
}

TEST(VaryTest, WhatIsNoNameIsAny) {
  EXPECT_TRUE(Parse("Accept Encoding").any);
  EXPECT_TRUE(Parse("\"foo\"").any);
}

TEST(VaryTest, AbsentAndEmptyNameNothing) {
  EXPECT_EQ(ParseVary(Fields{}), Vary{});
  EXPECT_EQ(Parse(" , ,"), Vary{});
}

TEST(VaryTest, AStarInsideANameIsAName) { EXPECT_THAT(Parse("x*").names, ElementsAre("x*")); }

}  // namespace
}  // namespace skerry::http
