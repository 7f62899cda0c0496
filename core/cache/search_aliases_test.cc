#include "core/cache/search_aliases.h"

#include <gtest/gtest.h>

namespace skerry::cache {
namespace {

Key Of(const std::string& rest) { return Key::Of("https://a.example" + rest); }

const http::NoVarySearch kNoUtm{.params = {"utm"}, .except = {}};

TEST(SearchAliasesTest, AnotherQueryFindsTheStoredUrlIfTheRuleSaysSo) {
  SearchAliases aliases;
  aliases.Learn(Of("/x?id=1&utm=a"), kNoUtm);
  EXPECT_EQ(aliases.Find(Of("/x?utm=b&id=1")), Of("/x?id=1&utm=a"));
  EXPECT_EQ(aliases.Find(Of("/x?id=1")), Of("/x?id=1&utm=a"));
  EXPECT_EQ(aliases.Find(Of("/x?id=2")), std::nullopt);
  EXPECT_EQ(aliases.Find(Of("/y?id=1")), std::nullopt);
  EXPECT_EQ(aliases.Find(Of("/x?id=1&utm=a")), std::nullopt);  // its own
}

TEST(SearchAliasesTest, SchemesHostsAndDimensionsStayApart) {
  SearchAliases aliases;
  aliases.Learn(Of("/x?utm=a\ncountry=CH"), kNoUtm);
  EXPECT_EQ(aliases.Find(Of("/x\ncountry=CH")), Of("/x?utm=a\ncountry=CH"));
  EXPECT_EQ(aliases.Find(Of("/x\ncountry=DE")), std::nullopt);
  EXPECT_EQ(aliases.Find(Of("/x")), std::nullopt);
  EXPECT_EQ(aliases.Find(Key::Of("http://a.example/x\ncountry=CH")), std::nullopt);
}

TEST(SearchAliasesTest, TheNewestUrlOfAFormIsTheOneThatIsFound) {
  SearchAliases aliases;
  aliases.Learn(Of("/x?utm=a"), kNoUtm);
  aliases.Learn(Of("/x?utm=b"), kNoUtm);
  EXPECT_EQ(aliases.Find(Of("/x")), Of("/x?utm=b"));
  EXPECT_EQ(aliases.size(), 1u);
}

TEST(SearchAliasesTest, ForgetsTheOldestBeyondItsCapacity) {
  SearchAliases aliases(10);
  for (int i = 0; i < 100; ++i) aliases.Learn(Of("/p" + std::to_string(i) + "?utm=a"), kNoUtm);
  EXPECT_EQ(aliases.size(), 10u);
  EXPECT_EQ(aliases.Find(Of("/p0")), std::nullopt);
  EXPECT_TRUE(aliases.Find(Of("/p99")));
}

TEST(SameButForSearchTest, OnlyTheFieldOfTheStoredResponseDecides) {
  const http::Fields says = {{"no-vary-search", "params=(\"utm\")"}};
  EXPECT_TRUE(SameButForSearch(Of("/x?utm=a"), Of("/x"), says));
  EXPECT_FALSE(SameButForSearch(Of("/x?utm=a"), Of("/x"), {}));
  EXPECT_FALSE(SameButForSearch(Of("/x?utm=a"), Of("/y"), says));
  EXPECT_FALSE(SameButForSearch(Of("/x?id=1"), Of("/x"), says));
  EXPECT_TRUE(SameButForSearch(Of("/x?id=1"), Of("/x?id=1"), {}));
}

}  // namespace
}  // namespace skerry::cache
