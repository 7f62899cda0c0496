#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/cache/freshness.h"
#include "core/cache/reuse_case.h"

namespace skerry::cache {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

// ---- headers: what clients are sent

http::Fields Sent(http::Fields received, Policy policy = Policy::Careful(), bool tags = false) {
  return ClientFields(received, policy, tags);
}

const http::Fields kFromOrigin{{"age", "5"},
                               {"connection", "a"},
                               {"a", "1"},
                               {"keep-alive", "x"},
                               {"cache-tag", "t"},
                               {"surrogate-key", "t"},
                               {"cache-groups", "\"g\""},
                               {"skerry-variants", "br"},
                               {"skerry-cache-control", "max-age=1"},
                               {"cdn-cache-control", "max-age=1"},
                               {"set-cookie", "b=1"},
                               {"set-cookie", "c=2"}};

std::vector<std::string> NamesOf(const http::Fields& fields) {
  std::vector<std::string> names;
  for (const http::Field& field : fields) names.emplace_back(field.name);
  return names;
}

TEST(ClientFieldsTest, TheCarefulProfileKeepsTagsAndTargetedFieldsToItself) {
  EXPECT_THAT(NamesOf(Sent(kFromOrigin)), ElementsAre("cache-groups", "set-cookie", "set-cookie"));
}

TEST(ClientFieldsTest, TheRfcProfileForwardsEveryEndToEndFieldButOurs) {
  EXPECT_THAT(NamesOf(Sent(kFromOrigin, Policy::Rfc())),
              ElementsAre("cache-tag", "surrogate-key", "cache-groups", "cdn-cache-control",
                          "set-cookie", "set-cookie"));
}

TEST(ClientFieldsTest, ATierOfOursGetsThemAll) {
  EXPECT_THAT(NamesOf(Sent(kFromOrigin, Policy::Careful(), /*tags=*/true)),
              ElementsAre("cache-tag", "surrogate-key", "cache-groups", "skerry-variants",
                          "skerry-cache-control", "cdn-cache-control", "set-cookie", "set-cookie"));
}

TEST(ClientFieldsTest, BrowserTtlReplacesWhatTheOriginTellsBrowsers) {
  Policy policy;
  policy.browser_ttl = 60s;
  EXPECT_THAT(
      Sent({{"cache-control", "max-age=1, public, s-maxage=9, x=\"a b\""}, {"expires", Date(9s)}},
           policy),
      ElementsAre(http::Field{"cache-control", "max-age=60, public, s-maxage=9, x=\"a b\""}));
  EXPECT_EQ(Sent({}, policy).Find("cache-control"), "max-age=60");
  EXPECT_EQ(Sent({{"cache-control", "public, a b, immutable"}}, policy).Find("cache-control"),
            "max-age=60, public, immutable");
}

TEST(ClientFieldsTest, BrowserTtlDoesNotUndoWhatForbidsStoring) {
  Policy policy;
  policy.browser_ttl = 60s;
  for (const char* control : {"no-store", "no-cache", "private, max-age=5"}) {
    EXPECT_EQ(Sent({{"cache-control", control}}, policy).Find("cache-control"), control);
  }
}

TEST(ClientFieldsTest, BrowserTtlIsNotForATierOfOurs) {
  Policy policy;
  policy.browser_ttl = 60s;
  EXPECT_EQ(Sent({{"cache-control", "max-age=5"}}, policy, true).Find("cache-control"),
            "max-age=5");
}

TEST(ClientFieldsTest, BrowserTtlIsNotForErrors) {
  Policy policy;
  policy.browser_ttl = 60s;
  const auto sent = [&](int status) { return ClientFields({}, policy, false, status); };
  EXPECT_TRUE(sent(206).Has("cache-control"));
  EXPECT_TRUE(sent(301).Has("cache-control"));
  for (const int status : {302, 404, 500}) EXPECT_FALSE(sent(status).Has("cache-control"));
}

TEST(ClientFieldsTest, ImmutableIsSaidOnceBesideBrowserTtl) {
  Policy policy;
  policy.browser_ttl = 60s;
  policy.immutable = true;
  EXPECT_EQ(Sent({}, policy).Find("cache-control"), "max-age=60, immutable");
  EXPECT_EQ(Sent({{"cache-control", "immutable"}}, policy).Find("cache-control"),
            "max-age=60, immutable");
}

TEST(ClientFieldsTest, BrowsersAreToldToAskOrToKeepNothingAndTheStricterWins) {
  Policy policy;
  const auto sent = [&](const char* control) {
    return *Sent({{"cache-control", control}, {"expires", Date(9s)}}, policy)
                .Combined("cache-control");
  };
  policy.browser = Policy::Browser::kNoCache;
  EXPECT_EQ(sent("max-age=60, public"), "no-cache");
  EXPECT_EQ(sent("private"), "private, no-cache");
  EXPECT_EQ(sent("no-store"), "no-store");
  EXPECT_EQ(sent("max-age=60, no-transform"), "no-cache, no-transform");
  EXPECT_FALSE(Sent({{"expires", Date(9s)}}, policy).Has("expires"));
  policy.browser = Policy::Browser::kNoStore;
  EXPECT_EQ(sent("max-age=60"), "no-store");
  EXPECT_EQ(Sent({{"cache-control", "max-age=5"}}, policy, true).Find("cache-control"),
            "max-age=5");
}

// ---- update304: RFC 9111 3.2, 4.3.4

TEST(UpdateTest, NewFieldsReplaceAllLinesOfTheirNameAndOthersStay) {
  const http::Fields updated = UpdateFields({{"a", "1"}, {"a", "2"}, {"b", "3"}},
                                            {{"a", "4"}, {"c", "5"}, {"c", "6"}}, Policy::Rfc());
  EXPECT_THAT(updated, ElementsAre(http::Field{"b", "3"}, http::Field{"a", "4"},
                                   http::Field{"c", "5"}, http::Field{"c", "6"}));
}

TEST(UpdateTest, CacheControlIsReplaced) {
  const http::Fields updated =
      UpdateFields({{"cache-control", "max-age=1"}}, {{"cache-control", "max-age=3600"}});
  EXPECT_TRUE(Reused(updated));
}

TEST(UpdateTest, WhatDescribesTheStoredBytesStays) {
  const http::Fields stored{{"content-length", "36"}, {"content-encoding", "br"}};
  EXPECT_EQ(UpdateFields(stored, {{"content-length", "10"},
                                  {"content-digest", "sha-256=:x:"},
                                  {"content-encoding", "gzip"},
                                  {"content-range", "bytes 0-1/2"}}),
            stored);
}

TEST(UpdateTest, HopByHopFieldsAreNotTakenOver) {
  EXPECT_THAT(UpdateFields({}, {{"connection", "x"}, {"x", "1"}, {"te", "a"}, {"upgrade", "b"}}),
              IsEmpty());
}

TEST(UpdateTest, ACookieIsTakenOverOnlyWhereCookiesAreStored) {
  const http::Fields cookie{{"set-cookie", "a=c"}};
  EXPECT_THAT(UpdateFields({}, cookie), IsEmpty());
  EXPECT_EQ(UpdateFields({{"set-cookie", "a=b"}}, cookie, Policy::Rfc()), cookie);
}

TEST(UpdateTest, AnOldAgeDoesNotOutliveItsTransfer) {
  EXPECT_THAT(UpdateFields({{"age", "3000"}}, {{"date", Date(0s)}}),
              ElementsAre(Field(&http::Field::name, "date")));
  EXPECT_EQ(UpdateFields({{"age", "3000"}}, {{"age", "7"}}).Find("age"), "7");
}

TEST(ConfirmsTest, A304SpeaksOfTheStoredResponseUnlessItNamesAnother) {
  const http::Fields strong{{"etag", "\"a\""}};
  const http::Fields weak{{"etag", "W/\"a\""}};
  const http::Fields other{{"etag", "\"b\""}};
  const http::Fields unquoted{{"etag", "a"}};
  EXPECT_TRUE(Confirms(strong, strong));
  EXPECT_TRUE(Confirms(strong, weak));
  EXPECT_TRUE(Confirms(weak, strong));
  EXPECT_TRUE(Confirms(strong, {}));
  EXPECT_TRUE(Confirms({}, strong));
  EXPECT_TRUE(Confirms(unquoted, unquoted));
  EXPECT_FALSE(Confirms(strong, other));
  EXPECT_FALSE(Confirms(unquoted, strong));
}

}  // namespace
}  // namespace skerry::cache
