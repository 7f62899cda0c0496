#include "purge-api/log/search.h"

#include <gmock/gmock.h>

#include "core/cache/purge/scopes.h"

namespace skerry::purge {
namespace {

using ::testing::HasSubstr;

Past PastOf(cache::Selectors named) {
  Past past;
  past.record.id = "5f3a-7";
  past.record.seq = 7;
  past.record.selectors = std::move(named);
  past.at = "2026-11-21T18:00:00.000Z";
  past.who = "0123456789ab";
  return past;
}

using Texts = std::vector<std::string>;
cache::Selectors Named(Texts cache::Selectors::*list, Texts texts) {
  cache::Selectors named;
  named.*list = std::move(texts);
  return named;
}
cache::Selectors Named(bool cache::Selectors::*all, bool value) {
  cache::Selectors named;
  named.*all = value;
  return named;
}

TEST(SearchTest, AUrlIsFoundByWhateverCoversIt) {
  const Search search{.url = "https://a.example/dir/x?q=1"};
  EXPECT_TRUE(Fits(search, PastOf(Named(&cache::Selectors::urls, {"http://a.example/dir/x?q=1"}))));
  EXPECT_TRUE(Fits(search, PastOf(Named(&cache::Selectors::prefixes, {"https://a.example/dir/"}))));
  EXPECT_TRUE(Fits(search, PastOf(Named(&cache::Selectors::hosts, {"a.example"}))));
  EXPECT_TRUE(Fits(search, PastOf(Named(&cache::Selectors::all, true))));
  EXPECT_FALSE(Fits(search, PastOf(Named(&cache::Selectors::urls, {"https://a.example/dir/x"}))));
  EXPECT_FALSE(
      Fits(search, PastOf(Named(&cache::Selectors::prefixes, {"https://a.example/other/"}))));
  EXPECT_FALSE(Fits(search, PastOf(Named(&cache::Selectors::hosts, {"b.example"}))));
  EXPECT_FALSE(Fits(search, PastOf(Named(&cache::Selectors::tags, {"t"}))));
}

TEST(SearchTest, AUrlIsFoundByTheActivationsThatChangedItsPath) {
  Past past = PastOf(Named(&cache::Selectors::tags, {cache::SitePathTag("shop", "/a"), "t"}));
  past.record.kind = cache::RecordKind::kActivation;
  past.record.site = "shop";
  EXPECT_TRUE(Fits({.url = "https://a.example/a?q=1"}, past));
  EXPECT_FALSE(Fits({.url = "https://a.example/b"}, past));
  EXPECT_FALSE(Fits({.url = "https://a.example"}, past));
  past.record.selectors.tags = {cache::SitePathTag("shop", "/")};
  EXPECT_TRUE(Fits({.url = "https://a.example"}, past));
  past.record.selectors.tags = {cache::SiteTag("shop")};
  EXPECT_TRUE(Fits({.url = "https://a.example/b"}, past));
  past.record.kind = cache::RecordKind::kPurge;
  EXPECT_FALSE(Fits({.url = "https://a.example/b"}, past));
}

TEST(SearchTest, AHostIsFoundByWhatLiesOnIt) {
  const Search search{.host = "a.example"};
  EXPECT_TRUE(Fits(search, PastOf(Named(&cache::Selectors::urls, {"https://a.example/x"}))));
  EXPECT_TRUE(Fits(search, PastOf(Named(&cache::Selectors::prefixes, {"https://a.example/"}))));
  EXPECT_FALSE(Fits(search, PastOf(Named(&cache::Selectors::urls, {"https://a.example.org/x"}))));
}

TEST(SearchTest, AllThatIsSetMustFit) {
  const Past past = PastOf(Named(&cache::Selectors::tags, {"t", "u"}));
  EXPECT_TRUE(Fits({.who = "0123456789ab", .tag = "u", .since = "2026-11-21"}, past));
  EXPECT_FALSE(Fits({.who = "another", .tag = "u"}, past));
  EXPECT_FALSE(Fits({.tag = "v"}, past));
  EXPECT_FALSE(Fits({.since = "2026-11-22"}, past));
  EXPECT_FALSE(Fits({.until = "2026-11-21T18:00:00Z"}, PastOf({})));
  EXPECT_TRUE(Fits({.until = "2026-11-22"}, past));
  EXPECT_FALSE(Fits({.site = "shop"}, past));
}

TEST(SearchTest, OfAThousandUrlsAFewAreShownAndAllAreCounted) {
  cache::Selectors named;
  for (int i = 0; i < 1000; ++i) named.urls.push_back("https://a.example/" + std::to_string(i));
  const std::string text = ToJson(Pasts{{PastOf(named)}, 7});
  EXPECT_THAT(text, HasSubstr(R"("urls":1000)"));
  EXPECT_THAT(text, HasSubstr("https://a.example/4"));
  EXPECT_LT(text.size(), 600u);
  EXPECT_THAT(text, HasSubstr(R"("next":7)"));
}

}  // namespace
}  // namespace skerry::purge
