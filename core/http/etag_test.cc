#include "core/http/etag.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace skerry::http {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

const EntityTag kStrong1{false, "1"};
const EntityTag kWeak1{true, "1"};
const EntityTag kStrong2{false, "2"};
const EntityTag kWeak2{true, "2"};

TEST(EntityTagTest, IsQuotedAndMayBeWeak) {
  EXPECT_EQ(ParseEntityTag("\"xyzzy\""), (EntityTag{false, "xyzzy"}));
  EXPECT_EQ(ParseEntityTag("W/\"xyzzy\""), (EntityTag{true, "xyzzy"}));
  EXPECT_EQ(ParseEntityTag("\"\""), (EntityTag{false, ""}));
  EXPECT_EQ(ParseEntityTag("\"a,b\\\xfc\""), (EntityTag{false, "a,b\\\xfc"}));
}

TEST(EntityTagTest, RefusesWhatIsAlmostATag) {
  for (const char* text :
       {"", "abc", "\"", "\"abc", "abc\"", "w/\"a\"", "W\"a\"", "W\\\"a\"", "W/a", "W/ \"a\"",
        "\"a b\"", "\"a\"b\"", "\"a\" ", "\"a\x7f\"", "\"a\tb\"", "'a'"}) {
    EXPECT_EQ(ParseEntityTag(text), std::nullopt) << text;
  }
}

TEST(EntityTagTest, WritesWhatItRead) {
  EXPECT_EQ(ParseEntityTag("\"a\"")->ToString(), "\"a\"");
  EXPECT_EQ(ParseEntityTag("W/\"a\"")->ToString(), "W/\"a\"");
}

// The table of RFC 9110 8.8.3.2.
TEST(EntityTagTest, ComparesAsTheTableOfTheStandard) {
  EXPECT_FALSE(StrongMatch(kWeak1, kWeak1));
  EXPECT_TRUE(WeakMatch(kWeak1, kWeak1));
  EXPECT_FALSE(StrongMatch(kWeak1, kWeak2));
  EXPECT_FALSE(WeakMatch(kWeak1, kWeak2));
  EXPECT_FALSE(StrongMatch(kWeak1, kStrong1));
  EXPECT_TRUE(WeakMatch(kWeak1, kStrong1));
  EXPECT_TRUE(StrongMatch(kStrong1, kStrong1));
  EXPECT_TRUE(WeakMatch(kStrong1, kStrong1));
  EXPECT_FALSE(StrongMatch(kStrong1, kStrong2));
}

TEST(EntityTagListTest, CommasInsideTagsDoNotSeparate) {
  EXPECT_THAT(ParseEntityTagList("\"a,b\" ,W/\"c\",, \"d\"").tags,
              ElementsAre(EntityTag{false, "a,b"}, EntityTag{true, "c"}, EntityTag{false, "d"}));
}

TEST(EntityTagListTest, OnlyALoneStarIsAny) {
  EXPECT_TRUE(ParseEntityTagList(" * ").any);
  EXPECT_FALSE(ParseEntityTagList("*, \"a\"").any);
  EXPECT_FALSE(ParseEntityTagList("\"*\"").any);
}

TEST(EntityTagListTest, WhatIsNoTagIsLeftOut) {
  EXPECT_THAT(ParseEntityTagList("abc, \"a\", w/\"b\", \"c\" d, \"e").tags,
              ElementsAre(EntityTag{false, "a"}));
  EXPECT_THAT(ParseEntityTagList("").tags, IsEmpty());
}

}  // namespace
}  // namespace skerry::http
