#include "core/cache/purge/scopes.h"

#include <gmock/gmock.h>

#include "core/base/random.h"
#include "core/http/url.h"

namespace skerry::cache {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

TEST(ScopesTest, TheSameTextInTwoRolesDiffers) {
  EXPECT_NE(TagHash("example.com"), HostHash("example.com"));
  EXPECT_NE(HostHash("example.com"), UrlHash("example.com"));
}

TEST(ScopesTest, TagsAreCaseSensitive) { EXPECT_NE(TagHash("News"), TagHash("news")); }

TEST(TagsOfTest, CacheTagIsSplitAtCommas) {
  EXPECT_THAT(TagsOf({{"cache-tag", "a b, c,,\td "}}),
              ElementsAre(TagHash("a b"), TagHash("c"), TagHash("d")));
}

TEST(TagsOfTest, SurrogateKeyIsSplitAtBlanks) {
  EXPECT_THAT(TagsOf({{"surrogate-key", "a,b  c"}}), ElementsAre(TagHash("a,b"), TagHash("c")));
}

TEST(TagsOfTest, CacheGroupsIsAListOfStrings) {
  EXPECT_THAT(TagsOf({{"cache-groups", R"("a, b";x=1, "c\"d")"}, {"cache-groups", R"("e")"}}),
              ElementsAre(TagHash("a, b"), TagHash("c\"d"), TagHash("e")));
}

TEST(TagsOfTest, CacheGroupsThatIsNotAListIsIgnoredWhole) {
  for (const char* value : {R"("a", b)", R"("a)", R"("a",)", R"("a" "b")", R"("a\n")"}) {
    EXPECT_THAT(TagsOf({{"cache-groups", value}}), IsEmpty()) << value;
  }
}

TEST(GroupTagsTest, TheSameGroupOfAnotherOriginIsAnotherTag) {
  const std::vector<std::string> tags = GroupTags("https://a.example/x?y", R"("g";p=1, "h")");
  EXPECT_EQ(tags, GroupTags("https://a.example", R"("g", "h")"));
  EXPECT_EQ(tags.size(), 2u);
  EXPECT_NE(tags[0], GroupTags("http://a.example/x", R"("g")")[0]);
  EXPECT_NE(tags[0], GroupTags("https://a.example:8443/x", R"("g")")[0]);
  EXPECT_THAT(GroupTags("https://a.example/x", "g"), IsEmpty());
}

TEST(GroupTagsTest, AResponseIsInItsGroupsAndHasThemAsTags) {
  const std::string url = "https://a.example/x";
  EXPECT_THAT(TagsOf({{"cache-groups", R"("g")"}}, url),
              ElementsAre(TagHash("g"), TagHash(GroupTags(url, R"("g")")[0])));
}

TEST(TagsOfTest, EachTagCountsOnceInTheOrderTheyCame) {
  EXPECT_THAT(TagsOf({{"surrogate-key", "b a b"}, {"cache-tag", "a,c"}}),
              ElementsAre(TagHash("b"), TagHash("a"), TagHash("c")));
}

TEST(TagsOfTest, AnOverlongTagAndTagsBeyondTheLimitAreIgnored) {
  std::string many;
  for (int i = 0; i < 1100; ++i) many += "t" + std::to_string(i) + ' ';
  EXPECT_EQ(TagsOf({{"surrogate-key", many}}).size(), kMaxTags);
  EXPECT_THAT(TagsOf({{"cache-tag", std::string(kMaxTagBytes + 1, 'x') + ",a"}}),
              ElementsAre(TagHash("a")));
}

TEST(SiteTagTest, APathWithCommasIsOneTag) {
  const std::string tag = SitePathTag("shop", "/a,b c");
  EXPECT_THAT(TagsOf({{"cache-tag", tag}}), ElementsAre(TagHash(tag)));
  EXPECT_NE(tag, SitePathTag("shop", "/a,b"));
  EXPECT_NE(tag, SitePathTag("blog", "/a,b c"));
}

TEST(IsPlainUrlTest, NormalisingAPlainUrlChangesNothing) {
  SeededRandom random(1);
  const std::string_view parts[] = {"https://", "http://", "a",   "b.example", "/", "/x",  ".",
                                    "..",       "?",       "q=1", "%41",       "#", ":80", "A",
                                    "\x7f",     " ",       "_",   "\xc3",      "//"};
  size_t plain = 0;
  for (int i = 0; i < 200'000; ++i) {
    std::string url(parts[random.Below(2)]);
    for (uint64_t left = random.Below(7); left > 0; --left) url += parts[random.Below(19)];
    if (!IsPlainUrl(url)) continue;
    ++plain;
    const auto parsed = http::ParseUrl(url);
    ASSERT_TRUE(parsed) << url;
    EXPECT_EQ(parsed->ToString(), url);
  }
  EXPECT_GT(plain, 1000u);
  EXPECT_TRUE(IsPlainUrl("https://www.shop.example/a-b_c/item.7.html?x=1&y"));
}

}  // namespace
}  // namespace skerry::cache
