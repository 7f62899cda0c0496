#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "core/cache/freshness.h"
#include "core/cache/reuse_case.h"

namespace skerry::cache {
namespace {

using namespace std::chrono_literals;

// ---- cc-response: RFC 9111 5.2.2

TEST(CacheControlResponseTest, NoStoreIsNeverStored) {
  for (const char* control : {"no-store", "No-StOrE", "max-age=10000, no-store"}) {
    EXPECT_EQ(WithControl(control).storable(), Storable::kNoStore) << control;
  }
}

TEST(CacheControlResponseTest, PrivateIsNeverStored) {
  EXPECT_EQ(WithControl("private, max-age=3600").storable(), Storable::kPrivate);
  EXPECT_EQ(WithControl("private=\"a\", max-age=3600").storable(), Storable::kPrivate);
}

TEST(CacheControlResponseTest, NoCacheIsStoredAndValidatedOnEachUse) {
  for (const char* control : {"no-cache", "max-age=10000, No-CaChE"}) {
    const Case stored{.fields = {{"cache-control", control}, {"etag", "\"abcd\""}}};
    EXPECT_EQ(stored.After(0ms), Usable::kValidate) << control;
  }
}

TEST(CacheControlResponseTest, NoCacheWithoutAValidatorIsOfNoUse) {
  EXPECT_EQ(WithControl("no-cache, max-age=10000, stale-if-error=60").storable(),
            Storable::kNotFreshEver);
}

TEST(CacheControlResponseTest, NoCacheWithFieldsKeepsOnlyThoseBack) {
  const Case stored{.fields = {{"cache-control", "no-cache=\"a, B\""},
                               {"cache-control", "max-age=3600"},
                               {"a", "1"},
                               {"b", "2"},
                               {"c", "3"}}};
  EXPECT_TRUE(stored.ReusedAfter(3s));
  http::Fields sent = stored.fields;
  RemoveUnvalidated(sent, stored.lifetimes());
  EXPECT_FALSE(sent.Has("a"));
  EXPECT_FALSE(sent.Has("b"));
  EXPECT_TRUE(sent.Has("c"));
}

TEST(CacheControlResponseTest, MustRevalidateIsReusedWhileFreshOnly) {
  const Case stored{
      .fields = {{"cache-control", "max-age=2, must-revalidate"}, {"etag", "\"abcd\""}}};
  EXPECT_TRUE(stored.ReusedAfter(1s));
  EXPECT_EQ(stored.After(3s), Usable::kValidate);
}

TEST(CacheControlResponseTest, AValidatorAloneMakesItStorable) {
  const Case stored{.fields = {{"etag", "\"abcd\""}}};
  EXPECT_EQ(stored.storable(), Storable::kYes);
  EXPECT_FALSE(stored.lifetimes().explicit_fresh);
  EXPECT_FALSE(stored.ReusedAfter(0s));
}

// ---- status: RFC 9111 3

TEST(StatusTest, AnyFinalStatusWithExplicitFreshnessIsStored) {
  for (int status : {200, 203, 204, 299, 301, 302, 303, 307, 308, 400, 404, 410, 451, 499, 500, 502,
                     503, 504, 599}) {
    EXPECT_TRUE(Reused({{"cache-control", "max-age=100000"}}, status)) << status;
  }
}

TEST(StatusTest, AnswersToOneRequestsRangeOrConditionsAreNot) {
  for (int status : {100, 103, 206, 304, 412, 416}) {
    EXPECT_EQ((Case{.fields = {{"cache-control", "max-age=9"}}, .status = status}.storable()),
              Storable::kStatus)
        << status;
  }
}

TEST(StatusTest, MustUnderstandCancelsNoStoreForKnownStatusesOnly) {
  const http::Fields fields{{"cache-control", "max-age=3600, no-store, must-understand"}};
  EXPECT_TRUE(Reused(fields, 200));
  EXPECT_EQ((Case{.fields = fields, .status = 599}.storable()), Storable::kStatus);
}

// ---- method: RFC 9110 9.3.3

Case Post(std::string content_location, std::string control = "max-age=3600") {
  return {.fields = {{"cache-control", std::move(control)},
                     {"content-location", std::move(content_location)},
                     {"etag", "\"a\""}},
          .method = "POST"};
}

TEST(MethodTest, OnlyGetAndHeadAreStored) {
  for (const char* method : {"POST", "PUT", "DELETE", "OPTIONS", "PURGE", "get"}) {
    EXPECT_EQ((Case{.fields = {{"cache-control", "max-age=9"}}, .method = method}.storable()),
              Storable::kMethod)
        << method;
  }
  EXPECT_EQ((Case{.fields = {{"cache-control", "max-age=9"}}, .method = "HEAD"}.storable()),
            Storable::kYes);
}

TEST(MethodTest, APostThatAnswersWithItsUrlsContentIsStored) {
  EXPECT_EQ(Post("/a").storable(), Storable::kYes);
  EXPECT_EQ(Post("https://EXAMPLE.com/b/../a").storable(), Storable::kYes);
  EXPECT_EQ(Post("/b").storable(), Storable::kMethod);
  EXPECT_EQ(Post("http://example.com/a").storable(), Storable::kMethod);
  EXPECT_EQ(Post("/a", "public").storable(), Storable::kMethod);
  Case careful = Post("/a");
  careful.policy = Policy::Careful();
  EXPECT_EQ(careful.storable(), Storable::kMethod);
}

// ---- auth: RFC 9111 3.5

Case Authorized(std::string control, Policy policy = Policy::Rfc()) {
  Case stored = WithControl(std::move(control), std::move(policy));
  stored.request = {{"authorization", "Basic Zm9v"}};
  return stored;
}

TEST(AuthorizationTest, NeedsPublicMustRevalidateOrSMaxage) {
  EXPECT_EQ(Authorized("max-age=3600").storable(), Storable::kAuthorization);
  for (const char* control :
       {"max-age=3600, public", "max-age=3600, must-revalidate", "s-maxage=3600"}) {
    EXPECT_TRUE(Authorized(control).ReusedAfter(3s)) << control;
  }
}

TEST(AuthorizationTest, IsNeverEnoughForTheCarefulProfileUnlessThePolicySaysSo) {
  EXPECT_EQ(Authorized("max-age=9, public", Policy::Careful()).storable(),
            Storable::kAuthorization);
  Policy policy;
  policy.store_authorized = true;
  EXPECT_EQ(Authorized("max-age=9, public", policy).storable(), Storable::kYes);
  EXPECT_EQ(Authorized("max-age=9", policy).storable(), Storable::kAuthorization);
}

// ---- other: cookies

TEST(SetCookieTest, IsStoredOnlyUnderExplicitFreshnessAndAPolicyThatAllowsIt) {
  const http::Fields explicit_fresh{{"cache-control", "max-age=3600"}, {"set-cookie", "a=b"}};
  http::Fields guessed = ChangedADayAgo();
  guessed.Add("set-cookie", "a=b");
  EXPECT_TRUE(Reused(explicit_fresh));
  EXPECT_EQ(Case{.fields = guessed}.storable(), Storable::kSetCookie);
  EXPECT_EQ((Case{.fields = explicit_fresh, .policy = Policy::Careful()}.storable()),
            Storable::kSetCookie);
  EXPECT_EQ((Case{.fields = {{"cache-control", "max-age=9"}, {"set-cookie2", "a=b"}},
                  .policy = Policy::Careful()}
                 .storable()),
            Storable::kSetCookie);
  Policy policy;
  policy.store_set_cookie = true;
  EXPECT_EQ((Case{.fields = explicit_fresh, .policy = policy}.storable()), Storable::kYes);
}

TEST(CookieTest, InTheRequestDoesNotStopReuse) {
  EXPECT_TRUE(WithControl("max-age=3600").ReusedAfter(3s, {{"cookie", "a=b"}}));
}

// ---- vary

TEST(StorableVaryTest, AStarIsNotStored) {
  EXPECT_EQ((Case{.fields = {{"cache-control", "max-age=9"}, {"vary", "Foo, *"}}}.storable()),
            Storable::kVaryAny);
}

TEST(StorableVaryTest, AFieldTheOriginNeverSawMakesItUncacheable) {
  const http::RequestHead request{
      .method = "GET", .scheme = "https", .authority = "a", .path = "/", .fields = {}};
  const http::ResponseHead response{
      .status = 200, .fields = {{"cache-control", "max-age=9"}, {"vary", "Accept, Cookie"}}};
  const std::vector<std::string> few{"accept"};
  const std::vector<std::string> all{"accept", "cookie"};
  EXPECT_EQ(Decide({request, response, kNow, &few}, {}).storable, Storable::kVaryUnforwarded);
  EXPECT_EQ(Decide({request, response, kNow, &all}, {}).storable, Storable::kYes);
  EXPECT_EQ(Decide({request, response, kNow}, {}).storable, Storable::kYes);
}

}  // namespace
}  // namespace skerry::cache
