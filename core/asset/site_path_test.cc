#include "core/asset/site_path.h"

#include <gtest/gtest.h>

namespace skerry::asset {
namespace {

TEST(SitePathTest, AcceptsAnyUtf8Name) {
  EXPECT_EQ(WhyNotSitePath("/a/ü b.css"), "");
  EXPECT_EQ(WhyNotSitePath("/..hidden/..."), "");
}

TEST(SitePathTest, RefusesWhatLeavesTheSiteOrNamesNoFile) {
  EXPECT_EQ(WhyNotSitePath(""), "is empty");
  EXPECT_EQ(WhyNotSitePath("a.css"), "does not begin with '/'");
  EXPECT_EQ(WhyNotSitePath("/a/../b"), "has a '.' or '..' segment");
  EXPECT_EQ(WhyNotSitePath("/./b"), "has a '.' or '..' segment");
  EXPECT_EQ(WhyNotSitePath("//b"), "has an empty segment");
  EXPECT_EQ(WhyNotSitePath("/b/"), "ends with '/'");
  EXPECT_EQ(WhyNotSitePath("/"), "ends with '/'");
  EXPECT_EQ(WhyNotSitePath("/a\\b"), "has a backslash");
  EXPECT_EQ(WhyNotSitePath("/a\nb"), "has a control character");
  EXPECT_EQ(WhyNotSitePath("/\xc0\xaf"), "is not UTF-8");
  EXPECT_EQ(WhyNotSitePath("/" + std::string(1024, 'a')), "is longer than 1024 bytes");
}

TEST(SitePathTest, OfAUrlUndoesPercentEncodingAndDotSegments) {
  EXPECT_EQ(SitePathOfUrl("/a%20b/../%C3%BC.css"), "/ü.css");
  EXPECT_EQ(SitePathOfUrl("/../../x.js"), "/x.js");
}

TEST(SitePathTest, OfADirectoryIsItsIndex) {
  EXPECT_EQ(SitePathOfUrl("/"), "/index.html");
  EXPECT_EQ(SitePathOfUrl("/a/"), "/a/index.html");
  EXPECT_EQ(SitePathOfUrl("/a/b/.."), "/a/index.html");
}

TEST(SitePathTest, OfAMalformedOrHostileUrlIsNothing) {
  EXPECT_EQ(SitePathOfUrl("/a%zz"), std::nullopt);
  EXPECT_EQ(SitePathOfUrl("/a%2"), std::nullopt);
  EXPECT_EQ(SitePathOfUrl("/a%2f..%2fb"), std::nullopt);
  EXPECT_EQ(SitePathOfUrl("/a%00"), std::nullopt);
  EXPECT_EQ(SitePathOfUrl("/a//b"), std::nullopt);
  EXPECT_EQ(SitePathOfUrl("a"), std::nullopt);
}

TEST(SitePathTest, ComesBackFromItsUrl) {
  const std::string path = "/ü %?#\"'(x)[1].css";
  const std::string url = UrlOfSitePath(path);
  EXPECT_EQ(url, "/%C3%BC%20%25%3F%23%22'(x)%5B1%5D.css");
  EXPECT_EQ(SitePathOfUrl(url), path);
}

}  // namespace
}  // namespace skerry::asset
