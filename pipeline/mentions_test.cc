#include "pipeline/mentions.h"

#include <gtest/gtest.h>

namespace skerry::pipeline {
namespace {

TEST(MentionsTest, FindsFileNamesInAnyPathOrQuoting) {
  Mentions mentions;
  mentions.Read("fetch(`${base}/img/a.png`);x=\"b.webp?v=1\";y='\\/i\\/c.svg'");
  EXPECT_TRUE(mentions.Has("/img/a.png"));
  EXPECT_TRUE(mentions.Has("/b.webp"));
  EXPECT_TRUE(mentions.Has("/i/c.svg"));
}

TEST(MentionsTest, PartsOfNamesAreNoMention) {
  Mentions mentions;
  mentions.Read("big-a.png a.png.map");
  EXPECT_FALSE(mentions.Has("/a.png"));
}

TEST(MentionsTest, NamesWithOddCharactersAreFoundPlainAndEncoded) {
  Mentions mentions;
  mentions.Read("'x/my photo (1).jpg' other%20one.jpg");
  EXPECT_TRUE(mentions.Has("/my photo (1).jpg"));
  EXPECT_TRUE(mentions.Has("/other one.jpg"));
  EXPECT_FALSE(mentions.Has("/third one.jpg"));
}

}  // namespace
}  // namespace skerry::pipeline
