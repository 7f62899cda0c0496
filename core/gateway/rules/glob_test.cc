#include "core/gateway/rules/glob.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace skerry::gateway {
namespace {

using testing::ElementsAre;

bool Matches(std::string_view pattern, std::string_view text) {
  return Glob(pattern).Matches(text);
}

TEST(GlobTest, WithoutAStarOnlyTheTextItselfMatches) {
  EXPECT_TRUE(Matches("/about", "/about"));
  EXPECT_FALSE(Matches("/about", "/about/"));
  EXPECT_FALSE(Matches("/about", "/a"));
}

TEST(GlobTest, AStarStandsForAnythingSlashesToo) {
  EXPECT_TRUE(Matches("/assets/*", "/assets/a/b.css"));
  EXPECT_TRUE(Matches("/assets/*", "/assets/"));
  EXPECT_FALSE(Matches("/assets/*", "/assets"));
  EXPECT_TRUE(Matches("*.css", "/a.css"));
  EXPECT_TRUE(Matches("*", ""));
  EXPECT_TRUE(Matches("/*/b/*.css", "/a/b/b/c.css"));
  EXPECT_FALSE(Matches("/*/b/*.css", "/a/c/d.css"));
}

TEST(GlobTest, BeginningAndEndDoNotOverlap) {
  EXPECT_FALSE(Matches("/ab*b", "/ab"));
  EXPECT_TRUE(Matches("/ab*b", "/abb"));
  EXPECT_FALSE(Matches("*aa*aa", "aaa"));
}

TEST(GlobTest, CapturesWhatEachStarStandsFor) {
  EXPECT_THAT(*Glob("/old/*").Capture("/old/a/b"), ElementsAre("a/b"));
  EXPECT_THAT(*Glob("/*/p/*.html").Capture("/shop/p/p/1.html"), ElementsAre("shop", "p/1"));
  EXPECT_THAT(*Glob("/exact").Capture("/exact"), ElementsAre());
  EXPECT_FALSE(Glob("/old/*").Capture("/new/a"));
}

TEST(GlobTest, ManyStarsAgainstALongTextStayCheap) {
  std::string pattern;
  for (int i = 0; i < 50; ++i) pattern += "*a";
  EXPECT_FALSE(Matches(pattern + "*b", std::string(100'000, 'a')));
}

}  // namespace
}  // namespace skerry::gateway
