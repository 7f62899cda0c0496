#include "pipeline/steps/mentions.h"

#include <gtest/gtest.h>

namespace skerry::pipeline {
namespace {

TEST(MentionsTest, FindsFileNamesInAnyPathOrQuoting) {
  Mentions mentions;
  mentions.ReadScript("fetch(`${base}/img/a.png`);x=\"b.webp?v=1\";y='\\/i\\/c.svg'");
  EXPECT_TRUE(mentions.Has("/img/a.png"));
  EXPECT_TRUE(mentions.Has("/b.webp"));
  EXPECT_TRUE(mentions.Has("/i/c.svg"));
}

TEST(MentionsTest, ProseInScriptsIsNoMention) {
  Mentions mentions;
  mentions.ReadScript("/*! reveal.js 6.0, see also a.js, b.js */ import './c.js'");
  EXPECT_FALSE(mentions.Has("/reveal.js"));
  EXPECT_FALSE(mentions.Has("/a.js"));
  EXPECT_TRUE(mentions.Has("/c.js"));
}

TEST(MentionsTest, PartsOfNamesAreNoMention) {
  Mentions mentions;
  mentions.ReadText("big-a.png a.png.map");
  EXPECT_FALSE(mentions.Has("/a.png"));
}

TEST(MentionsTest, NamesWithOddCharactersAreFoundPlainAndEncoded) {
  Mentions mentions;
  mentions.ReadText("'x/my photo (1).jpg' other%20one.jpg");
  EXPECT_TRUE(mentions.Has("/my photo (1).jpg"));
  EXPECT_TRUE(mentions.Has("/other one.jpg"));
  EXPECT_FALSE(mentions.Has("/third one.jpg"));
}

}  // namespace
}  // namespace skerry::pipeline
