#include "core/gateway/rules/redirect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace skerry::gateway {
namespace {

using testing::HasSubstr;

std::string To(Redirect redirect, std::string path) {
  const auto target =
      cache::NormalizeTarget({"GET", "https", "www.example.com", std::move(path), {}});
  return LocationOf(redirect, *target);
}

Redirect From(std::string_view from, std::string to) {
  Redirect redirect;
  redirect.from = {Glob(from)};
  redirect.to = std::move(to);
  return redirect;
}

TEST(RedirectTest, APathStaysOnTheHost) {
  EXPECT_EQ(To(From("/old", "/new"), "/old"), "https://www.example.com/new");
}

TEST(RedirectTest, StarsAreCarriedOver) {
  EXPECT_EQ(To(From("/blog/*", "/news/$1"), "/blog/2024/a"), "https://www.example.com/news/2024/a");
  EXPECT_EQ(To(From("/*/p/*", "https://p.example/$2/$1"), "/de/p/7"), "https://p.example/7/de");
}

TEST(RedirectTest, TheQueryIsKeptOrDropped) {
  Redirect redirect = From("/old", "/new");
  EXPECT_EQ(To(redirect, "/old?a=1&b"), "https://www.example.com/new?a=1&b");
  redirect.to = "/new?from=old#top";
  EXPECT_EQ(To(redirect, "/old?a=1"), "https://www.example.com/new?from=old&a=1#top");
  redirect.keep_query = false;
  EXPECT_EQ(To(redirect, "/old?a=1"), "https://www.example.com/new?from=old#top");
}

TEST(RedirectTest, NoPathLeadsToAnotherHost) {
  EXPECT_EQ(To(From("/old/*", "/$1"), "/old//evil.example/x"),
            "https://www.example.com//evil.example/x");
}

TEST(RedirectTest, HttpsKeepsPathAndQueryAndTakesItsOwnPort) {
  const auto target = cache::NormalizeTarget({"GET", "http", "example.com:8080", "/a?b=c", {}});
  EXPECT_EQ(HttpsLocation(*target, 443), "https://example.com/a?b=c");
  EXPECT_EQ(HttpsLocation(*target, 8443), "https://example.com:8443/a?b=c");
  const auto address = cache::NormalizeTarget({"GET", "http", "[::1]", "/", {}});
  EXPECT_EQ(HttpsLocation(*address, 443), "https://[::1]/");
}

TEST(CheckRedirectTargetTest, TakesPathsAndUrls) {
  EXPECT_TRUE(CheckRedirectTarget("/new/$1", 1));
  EXPECT_TRUE(CheckRedirectTarget("https://www.example.com", 0));
  EXPECT_TRUE(CheckRedirectTarget("https://www.example.com/a?b=$1#c", 1));
}

TEST(CheckRedirectTargetTest, RefusesWhatCouldLeadElsewhere) {
  for (const char* to : {"new", "//other.example/", "ftp://x/", "https://$1/",
                         "https://www.example.com$1", "/a b"}) {
    EXPECT_FALSE(CheckRedirectTarget(to, 9)) << to;
  }
  EXPECT_THAT(CheckRedirectTarget("/new/$2", 1).error().context, HasSubstr("$2"));
}

}  // namespace
}  // namespace skerry::gateway
