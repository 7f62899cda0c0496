#include "core/gateway/ruled_urls.h"

#include <gtest/gtest.h>

#include <utility>

#include "core/cache/key.h"

namespace skerry::gateway {
namespace {

std::shared_ptr<const Classifier> Rules(cache::KeyRules rules) {
  Route route;
  route.key_rules = std::move(rules);
  return std::make_shared<OneRoute>(std::move(route));
}

TEST(RuledUrlsTest, WithoutRulesAUrlIsNormalisedOnly) {
  RuledUrls urls;
  EXPECT_EQ(urls.Of("https://A.example/x?b=2&a=1"), "a.example/x?b=2&a=1");
  urls.SetClassifier(Rules({}));
  EXPECT_EQ(urls.Of("https://A.example/x?b=2&a=1"), "a.example/x?b=2&a=1");
}

TEST(RuledUrlsTest, AUrlNamesWhatItsKeyIs) {
  for (const cache::KeyRules& rules :
       {cache::KeyRules{true, {}, {}}, cache::KeyRules{false, {{"a", "b"}}, {}},
        cache::KeyRules{false, {}, {"utm_*"}}, cache::KeyRules{true, {{"a"}}, {"a"}}}) {
    RuledUrls urls;
    urls.SetClassifier(Rules(rules));
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
      EXPECT_EQ(urls.Of(url), cache::PurgeUrl(key.url())) << url;
    }
  }
}

}  // namespace
}  // namespace skerry::gateway
