#include "core/gateway/ruled_urls.h"

#include <gmock/gmock.h>

#include <utility>

#include "core/cache/key.h"
#include "core/cache/purge/generations.h"

namespace skerry::gateway {
namespace {

using ::testing::Contains;
using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::shared_ptr<const Classifier> Rules(cache::KeyRules rules) {
  Route route;
  route.key_rules = std::move(rules);
  return std::make_shared<OneRoute>(std::move(route));
}

std::vector<std::string> NamesOf(const RuledUrls& urls, std::string_view url) {
  std::vector<std::string> names;
  urls.AddNames(url, names);
  return names;
}

TEST(RuledUrlsTest, WithoutRulesAUrlHasNoOtherName) {
  RuledUrls urls;
  EXPECT_THAT(NamesOf(urls, "a.example/x?b=2&a=1"), IsEmpty());
  urls.SetClassifier(Rules({}), "");
  EXPECT_THAT(NamesOf(urls, "a.example/x?b=2&a=1"), IsEmpty());
}

TEST(RuledUrlsTest, WhenRulesChangeAUrlIsNamedByTheFormerToo) {
  RuledUrls urls;
  urls.SetClassifier(Rules({true, {}, {}}), "sorted");
  urls.SetClassifier(Rules({false, {}, {"b"}}), "without b");
  EXPECT_THAT(NamesOf(urls, "a.example/x?b=2&a=1"),
              ElementsAre("a.example/x?a=1&b=2", "a.example/x?a=1"));
}

// What was stored under the first rules is found again when they come back.
TEST(RuledUrlsTest, APurgeBetweenTwoTimesOfTheSameRulesNamesByThem) {
  RuledUrls urls;
  urls.SetClassifier(Rules({true, {}, {}}), "sorted");
  urls.SetClassifier(Rules({}), "");
  EXPECT_THAT(NamesOf(urls, "a.example/x?b&a"), ElementsAre("a.example/x?a&b"));
  urls.SetClassifier(Rules({true, {}, {}}), "sorted");
  EXPECT_THAT(NamesOf(urls, "a.example/x?b&a"), ElementsAre("a.example/x?a&b"));
}

TEST(RuledUrlsTest, TheSameRulesAgainAreNoFurtherSet) {
  RuledUrls urls;
  urls.SetClassifier(Rules({true, {}, {}}), "sorted");
  for (int i = 0; i < 20; ++i) urls.SetClassifier(Rules({false, {}, {"b"}}), "without b");
  EXPECT_THAT(NamesOf(urls, "a.example/x?b&a"), ElementsAre("a.example/x?a&b", "a.example/x?a"));
}

TEST(RuledUrlsTest, TheOldestOfTooManySetsIsForgotten) {
  RuledUrls urls;
  urls.SetClassifier(Rules({true, {}, {}}), "sorted");
  for (size_t i = 1; i < RuledUrls::kSets; ++i) {
    urls.SetClassifier(Rules({false, {}, {"b"}}), std::to_string(i));
  }
  EXPECT_THAT(NamesOf(urls, "a.example/x?b&a"), Contains("a.example/x?a&b"));
  urls.SetClassifier(Rules({false, {}, {"b"}}), "one more");
  EXPECT_THAT(NamesOf(urls, "a.example/x?b&a"), ElementsAre("a.example/x?a"));
}

TEST(RuledUrlsTest, AUrlInTheQueryIsNoHost) {
  RuledUrls urls;
  urls.SetClassifier(Rules({true, {}, {}}), "sorted");
  EXPECT_THAT(NamesOf(urls, "a.example/x?to=http://b.example/&a=1"),
              ElementsAre("a.example/x?a=1&to=http://b.example/"));
}

TEST(RuledUrlsTest, AUrlNamesWhatItsKeyIs) {
  for (const cache::KeyRules& rules :
       {cache::KeyRules{true, {}, {}}, cache::KeyRules{false, {{"a", "b"}}, {}},
        cache::KeyRules{false, {}, {"utm_*"}}, cache::KeyRules{true, {{"a"}}, {"a"}}}) {
    RuledUrls urls;
    urls.SetClassifier(Rules(rules), "some");
    for (const std::string url :
         {"https://a.example/x?b=2&a=1", "http://a.example:443/x?utm_source=y",
          "https://a.example/?", "https://a.example/x",
          "http://a.example/%7ex?b&utm_a=1&a=%2f&&a=2"}) {
      const size_t path = url.find('/', 8);
      const auto target = cache::NormalizeTarget(
          url.substr(0, url.find(':')), url.substr(url.find("//") + 2, path - url.find("//") - 2),
          url.substr(path));
      ASSERT_TRUE(target);
      const cache::Key key = cache::MakeKey(cache::ApplyKeyRules(*target, rules));
      std::vector<std::string> names = NamesOf(urls, cache::PurgeUrlOf(url));
      names.push_back(cache::PurgeUrlOf(url));
      EXPECT_THAT(names, Contains(std::string(cache::PurgeUrl(key.url())))) << url;
    }
  }
}

}  // namespace
}  // namespace skerry::gateway
