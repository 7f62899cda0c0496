#include "core/cache/key.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace skerry::cache {
namespace {

http::RequestHead Request(std::string authority, std::string path, std::string scheme = "https") {
  return {.method = "GET",
          .scheme = std::move(scheme),
          .authority = std::move(authority),
          .path = std::move(path),
          .fields = {}};
}

std::string Url(std::string authority, std::string path, std::string scheme = "https") {
  const Result<Target> target =
      NormalizeTarget(Request(std::move(authority), std::move(path), std::move(scheme)));
  return target ? target->Url() : "refused";
}

std::string Shaped(std::string path, const KeyRules& rules) {
  return ApplyKeyRules(*NormalizeTarget(Request("a", std::move(path))), rules).Url();
}

TEST(TargetTest, IsNormalisedWithoutDecodingReservedCharacters) {
  EXPECT_EQ(Url("Example.COM:443", "/a/../b/%7euser/%2f%c3?Q=%41"),
            "https://example.com/b/~user/%2F%C3?Q=A");
}

TEST(TargetTest, KeepsAPortThatIsNotTheSchemesOwn) {
  EXPECT_EQ(Url("a:8443", "/"), "https://a:8443/");
  EXPECT_EQ(Url("a:80", "/", "http"), "http://a/");
  EXPECT_EQ(Url("a:443", "/", "http"), "http://a:443/");
}

TEST(TargetTest, OneAuthorityIsAnotherHostUnderAnotherScheme) {
  EXPECT_EQ(Url("Example.com:80", "/", "https"), "https://example.com:80/");
  EXPECT_EQ(Url("Example.com:80", "/", "http"), "http://example.com/");
  EXPECT_EQ(Url("Example.com:80", "/", "https"), "https://example.com:80/");
  EXPECT_EQ(Url("Example.com:80", "/", "ftp"), "refused");
}

TEST(TargetTest, AnEmptyQueryIsNotNone) {
  EXPECT_EQ(Url("a", "/?"), "https://a/?");
  EXPECT_EQ(Url("a", "/"), "https://a/");
}

TEST(TargetTest, RefusesWhatNamesNoResourceHere) {
  EXPECT_EQ(Url("a", "*"), "refused");
  EXPECT_EQ(Url("a", ""), "refused");
  EXPECT_EQ(Url("", "/"), "refused");
  EXPECT_EQ(Url("a", "/%zz"), "refused");
  EXPECT_EQ(Url("a", "/", "ftp"), "refused");
  const Result<Target> refused = NormalizeTarget(Request("", "/"));
  EXPECT_EQ(refused.error().code, Code::kInvalid);
  EXPECT_EQ(refused.error().side, Side::kClient);
}

TEST(KeyRulesTest, WithoutRulesTheQueryStaysAsItCame) {
  EXPECT_EQ(Shaped("/?b=1&&a=2&", {}), "https://a/?b=1&&a=2&");
}

TEST(KeyRulesTest, SortingKeepsTheOrderOfOneNamesValues) {
  EXPECT_EQ(Shaped("/?b=2&a=9&b=1&a=3", {.sort_query = true}), "https://a/?a=9&a=3&b=2&b=1");
  std::string many = "/?";
  for (int i = 40; i > 0; --i) many += "b=" + std::to_string(i) + "&";
  EXPECT_EQ(Shaped(many + "c", {.sort_query = true}), "https://a" + many + "c");
}

TEST(KeyRulesTest, EmptyPiecesDoNotCountOnceTheQueryIsShaped) {
  EXPECT_EQ(Shaped("/?b=1&&a=2&", {.sort_query = true}), "https://a/?a=2&b=1");
  EXPECT_EQ(Shaped("/?&", {.sort_query = true}), "https://a/");
}

TEST(KeyRulesTest, OnlyAllowedParametersCount) {
  const KeyRules rules{.query_allow = {{"page", "size"}}};
  EXPECT_EQ(Shaped("/?x=1&size=2&page=3", rules), "https://a/?size=2&page=3");
  EXPECT_EQ(Shaped("/?x=1", rules), "https://a/");
}

TEST(KeyRulesTest, DeniedParametersNeverCount) {
  const KeyRules rules{.query_allow = {{"page", "fbclid"}}, .query_deny = {"fbclid"}};
  EXPECT_EQ(Shaped("/?fbclid=z&page=3", rules), "https://a/?page=3");
}

TEST(KeyRulesTest, AStarNamesEveryParameterThatBeginsSo) {
  const KeyRules rules{.query_deny = {"utm_*"}};
  EXPECT_EQ(Shaped("/?utm_source=m&utm=1&utm_=2", rules), "https://a/?utm=1");
}

TEST(KeyTest, SchemeHostPathAndQueryAreInIt) {
  const Key key = MakeKey(*NormalizeTarget(Request("a", "/b?c")));
  EXPECT_EQ(key.text, "https://a/b?c");
  EXPECT_EQ(key.hash, Xxh3_128(key.text));
  EXPECT_EQ(key, Key::Of("https://a/b?c"));
  EXPECT_FALSE(key == MakeKey(*NormalizeTarget(Request("a", "/b?c", "http"))));
}

TEST(KeyTest, DimensionsAreLinesBehindTheUrl) {
  const Key key = MakeKey(*NormalizeTarget(Request("a", "/")), {{"country", "de"}, {"tier", "1"}});
  EXPECT_EQ(key.text, "https://a/\ncountry=de\ntier=1");
  EXPECT_EQ(key.url(), "https://a/");
}

TEST(KeyTest, AValueCannotBeginALineOfItsOwn) {
  const Target target = *NormalizeTarget(Request("a", "/"));
  const Key forged = MakeKey(target, {{"device", "x\ntier=1"}});
  EXPECT_FALSE(forged == MakeKey(target, {{"device", "x"}, {"tier", "1"}}));
  EXPECT_FALSE(forged == MakeKey(target, {{"device", "x\\ntier=1"}}));
}

TEST(PurgeUrlTest, IsTheSameForBothSchemes) {
  EXPECT_EQ(PurgeUrl("https://a:8443/b?c"), "a:8443/b?c");
  EXPECT_EQ(PurgeUrl("http://a:8443/b?c"), PurgeUrl("https://a:8443/b?c"));
  EXPECT_EQ(PurgeUrl("a/b"), "a/b");
  EXPECT_EQ(PurgeUrl("a:8443/b"), "a:8443/b");
}

TEST(PurgeUrlTest, AUrlInTheQueryIsNoHost) {
  EXPECT_EQ(PurgeUrl("https://a/b?to=http://c/d"), "a/b?to=http://c/d");
  EXPECT_EQ(PurgeUrl("a/b?to=http://c/d"), "a/b?to=http://c/d");
  EXPECT_EQ(PurgeHost("a/b?to=http://c/d"), "a");
  EXPECT_EQ(PurgeHost("a?http://c/d"), "a");
  EXPECT_EQ(PurgeHost("https://a/http://c/d"), "a");
}

TEST(PurgeUrlTest, HostHasItsPort) {
  EXPECT_EQ(PurgeHost("https://a:8443/b?c"), "a:8443");
  EXPECT_EQ(PurgeHost("http://a"), "a");
}

}  // namespace
}  // namespace skerry::cache
