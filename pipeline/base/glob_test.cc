#include "pipeline/base/glob.h"

#include <gtest/gtest.h>

namespace skerry::pipeline {
namespace {

TEST(GlobTest, APatternWithoutSlashMatchesTheNameInEveryFolder) {
  EXPECT_TRUE(GlobMatches("*.svg", "/a/b/c.svg"));
  EXPECT_FALSE(GlobMatches("*.svg", "/a/b.svg/c.png"));
}

TEST(GlobTest, StarsStayInASegmentAndDoubleStarsDoNot) {
  EXPECT_TRUE(GlobMatches("img/*.png", "/img/a.png"));
  EXPECT_FALSE(GlobMatches("img/*.png", "/img/x/a.png"));
  EXPECT_TRUE(GlobMatches("img/**", "/img/x/a.png"));
  EXPECT_TRUE(GlobMatches("**/a.png", "/a.png"));
  EXPECT_TRUE(GlobMatches("**/hero-?.png", "/x/y/hero-1.png"));
  EXPECT_FALSE(GlobMatches("/a.png", "/x/a.png"));
}

TEST(GlobTest, BracesAreAlternatives) {
  EXPECT_TRUE(GlobMatches("*.{jpg,png}", "/a.png"));
  EXPECT_TRUE(GlobMatches("{a,b}/*.{jpg,png}", "/b/x.jpg"));
  EXPECT_FALSE(GlobMatches("*.{jpg,png}", "/a.gif"));
}

}  // namespace
}  // namespace skerry::pipeline
