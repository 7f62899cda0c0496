#include "core/cache/freshness.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <optional>
#include <string>
#include <vector>

#include "core/http/age.h"
#include "core/http/date.h"

namespace skerry::cache {
namespace {

using ::testing::ElementsAre;
using ::testing::Field;
using ::testing::IsEmpty;
using namespace std::chrono_literals;

const WallTime kNow{1'700'000'000s};

std::string Date(Seconds from_now) { return http::FormatDate(kNow + from_now); }

// One response to one request, received at kNow, and what later requests make of it.
// Without other words: a 200 answer to a plain GET under profile rfc.
struct Case {
  http::Fields fields = {};
  int status = 200;
  Policy policy = Policy::Rfc();
  http::Fields request = {};
  std::string method = "GET";

  StoreDecision Stored() const {
    const http::RequestHead head{.method = method,
                                 .scheme = "https",
                                 .authority = "example.com",
                                 .path = "/a",
                                 .fields = request};
    const http::ResponseHead response{.status = status, .fields = fields};
    return Decide({.request = head, .response = response, .response_time = kNow}, policy);
  }
  Storable storable() const { return Stored().storable; }
  Lifetimes lifetimes() const { return Stored().lifetimes; }

  // Nothing where it was not stored.
  std::optional<Usable> After(Millis pause, const http::Fields& later = {},
                              bool soft_purged = false) const {
    const StoreDecision decision = Stored();
    if (decision.storable != Storable::kYes) return std::nullopt;
    return Judge({.lifetimes = decision.lifetimes,
                  .initial_age = InitialAge(fields, kNow, kNow),
                  .response_time = kNow,
                  .now = kNow + pause,
                  .soft_purged = soft_purged},
                 ParseRequestDirectives(later, policy), policy);
  }
  bool ReusedAfter(Millis pause, const http::Fields& later = {}) const {
    return After(pause, later) == Usable::kFresh;
  }
};

// Is a response with these fields reused three seconds later?
bool Reused(http::Fields fields, int status = 200) {
  return Case{.fields = std::move(fields), .status = status}.ReusedAfter(3s);
}
bool Reused(std::string cache_control) {
  return Reused(http::Fields{{"cache-control", std::move(cache_control)}});
}

Case WithControl(std::string cache_control, Policy policy = Policy::Rfc()) {
  return {.fields = {{"cache-control", std::move(cache_control)}}, .policy = std::move(policy)};
}

// ---- cc-freshness: RFC 9111 4.2.1, 5.2.2

TEST(CacheControlFreshnessTest, MaxAgeIsTheLifetimeToTheMillisecond) {
  const Case stored = WithControl("max-age=2");
  EXPECT_TRUE(stored.ReusedAfter(1999ms));
  EXPECT_FALSE(stored.ReusedAfter(2000ms));
}

TEST(CacheControlFreshnessTest, WithoutFreshnessAndValidatorNothingIsStored) {
  EXPECT_EQ(Case{}.storable(), Storable::kNotFreshEver);
}

TEST(CacheControlFreshnessTest, ZeroAndNegativeLifetimesAreStale) {
  EXPECT_FALSE(Reused("max-age=0"));
  EXPECT_FALSE(Reused("max-age=-3600"));
}

TEST(CacheControlFreshnessTest, HugeLifetimesSaturate) {
  for (const char* control : {"max-age=2147483647", "max-age=2147483648", "max-age=2147483649",
                              "max-age=99999999999", "s-maxage=99999999999999999999999999"}) {
    EXPECT_TRUE(Reused(control)) << control;
  }
}

TEST(CacheControlFreshnessTest, MaxAgeWinsOverExpires) {
  EXPECT_TRUE(Reused({{"cache-control", "max-age=3600"}, {"expires", Date(-7200s)}}));
  EXPECT_TRUE(Reused({{"cache-control", "max-age=3600"}, {"expires", "0"}}));
  EXPECT_FALSE(Reused({{"cache-control", "max-age=0"}, {"expires", Date(3600s)}}));
}

TEST(CacheControlFreshnessTest, SMaxageWinsOverMaxAge) {
  EXPECT_TRUE(Reused("max-age=1, s-maxage=3600"));
  EXPECT_FALSE(Reused("max-age=3600, s-maxage=1"));
  EXPECT_FALSE(Reused("s-maxage=1, max-age=3600"));
  EXPECT_FALSE(Reused({{"cache-control", "max-age=3600"}, {"cache-control", "s-maxage=1"}}));
}

TEST(CacheControlFreshnessTest, UnknownDirectivesAreIgnored) {
  EXPECT_TRUE(Reused("foobar, max-age=3600, x=\"y\""));
  EXPECT_TRUE(Reused("MaX-aGe=3600"));
}

// ---- cc-parse

TEST(CacheControlParseTest, AQuotedMaxAgeDoesNotCount) {
  EXPECT_FALSE(Reused("extension=\"max-age=3600\", max-age=1"));
  EXPECT_FALSE(Reused("max-age=1, extension=\"max-age=3600\""));
}

TEST(CacheControlParseTest, AnInvalidMaxAgeIsStale) {
  EXPECT_FALSE(Reused("max-age='3600'"));
  EXPECT_FALSE(Reused("max-age=3600a"));
  EXPECT_TRUE(Reused("max-age=003600"));
}

TEST(CacheControlParseTest, OfTwoMaxAgesTheSmallerCounts) {
  EXPECT_FALSE(Reused("max-age=1800, max-age=1"));
  EXPECT_FALSE(Reused("max-age=1, max-age=1800"));
}

// ---- age: RFC 9111 4.2.3, 5.1

TEST(AgeTest, ReceivedAgeUsesUpTheLifetime) {
  const http::Fields fields{{"cache-control", "max-age=3600"}, {"age", "3590"}};
  EXPECT_TRUE(Case{.fields = fields}.ReusedAfter(9999ms));
  EXPECT_FALSE(Case{.fields = fields}.ReusedAfter(10s));
}

TEST(AgeTest, TheLifetimeItselfIsNotShortenedByAge) {
  const Case stored{.fields = {{"cache-control", "max-age=3600"}, {"age", "100"}}};
  EXPECT_EQ(stored.lifetimes().fresh, 3600s);
}

TEST(AgeTest, AnInvalidAgeIsIgnored) {
  for (const char* age : {"abc", "-7200", "7200.0", "", "0, 7200", "7200;foo=bar"}) {
    EXPECT_TRUE(Reused({{"cache-control", "max-age=3600"}, {"age", age}})) << age;
  }
}

TEST(AgeTest, TheFirstMemberOfTheFirstLineCountsAndSaturates) {
  for (const char* age : {"7200, 0", "2147483647", "2147483648", "2147483649", "99999999999999"}) {
    EXPECT_FALSE(Reused({{"cache-control", "max-age=3600"}, {"age", age}})) << age;
  }
  EXPECT_FALSE(Reused({{"cache-control", "max-age=3600"}, {"age", "7200"}, {"age", "0"}}));
  EXPECT_TRUE(Reused({{"cache-control", "max-age=3600"}, {"age", "0"}, {"age", "7200"}}));
}

TEST(AgeTest, TheTimeTheResponseTookIsAge) {
  EXPECT_EQ(InitialAge({{"age", "10"}}, kNow - 2500ms, kNow), 12s);
  EXPECT_EQ(InitialAge({}, kNow - 5s, kNow), 5s);
}

TEST(AgeTest, AnOldDateIsAge) {
  EXPECT_EQ(InitialAge({{"date", Date(-7200s)}, {"age", "30"}}, kNow, kNow), 7200s);
  EXPECT_EQ(InitialAge({{"date", Date(-10s)}, {"age", "30"}}, kNow, kNow), 30s);
}

TEST(AgeTest, IsNeverNegative) {
  EXPECT_EQ(InitialAge({{"date", Date(500s)}}, kNow, kNow), 0s);
  EXPECT_EQ(InitialAge({}, kNow + 10s, kNow), 0s);
  EXPECT_EQ(InitialAge({{"age", "30"}}, kNow + 10s, kNow), 30s);
  EXPECT_EQ(CurrentAge(5s, kNow, kNow - 100s), 5s);
}

TEST(AgeTest, CurrentAgeGrowsInWholeSeconds) {
  EXPECT_EQ(CurrentAge(30s, kNow, kNow + 2999ms), 32s);
  EXPECT_EQ(CurrentAge(30s, kNow, kNow + 3000ms), 33s);
  EXPECT_EQ(CurrentAge(http::kMaxDelta, kNow, kNow + 3s), http::kMaxDelta);
}

// ---- expires: RFC 9111 5.3

bool ExpiresReused(Seconds date, Seconds expires, std::string age = "0") {
  return Reused({{"date", Date(date)}, {"expires", Date(expires)}, {"age", std::move(age)}});
}

TEST(ExpiresTest, LifetimeIsExpiresMinusDate) {
  EXPECT_TRUE(ExpiresReused(0s, 720h));
  EXPECT_FALSE(ExpiresReused(0s, -720h));
  EXPECT_FALSE(ExpiresReused(0s, 0s));
  EXPECT_FALSE(ExpiresReused(400s, 300s));
}

TEST(ExpiresTest, AgeIsComparedWithThatDifference) {
  EXPECT_FALSE(ExpiresReused(-10s, 10s, "25"));
  EXPECT_FALSE(ExpiresReused(10s, 20s, "15"));
}

TEST(ExpiresTest, WithoutAValidDateTheTimeOfReceiptCounts) {
  const Case invalid{.fields = {{"date", "foo"}, {"expires", Date(10s)}}};
  EXPECT_EQ(invalid.lifetimes().fresh, 10s);
  EXPECT_TRUE(invalid.ReusedAfter(9s));
  EXPECT_FALSE(invalid.ReusedAfter(10s));
  EXPECT_TRUE(Reused({{"expires", Date(10s)}}));
  EXPECT_FALSE(Reused({{"expires", Date(3s)}}));
}

TEST(ExpiresTest, AnInvalidDateIsAlreadyExpired) {
  for (const char* expires : {"0", "Thu, 18 Aug 2050 02:01:18 UTC", "Thu, 18 Aug 50 02:01:18 GMT",
                              "Thu 18 Aug 2050 02:01:18 GMT", "Thu, 18  Aug  2050 02:01:18 GMT",
                              "Thu, 18-Aug-2050 02:01:18 GMT", "Thu, 18 Aug 2050 2:01:18 GMT"}) {
    EXPECT_FALSE(Reused({{"expires", expires}})) << expires;
  }
  EXPECT_FALSE(Reused({{"expires", Date(3600s)}, {"expires", Date(3601s)}}));
}

TEST(ExpiresTest, AnInvalidDateIsNoReasonToGuess) {
  EXPECT_FALSE(Reused({{"expires", "0"}, {"last-modified", Date(-24h)}, {"date", Date(0s)}}));
}

TEST(ExpiresTest, OtherFormsOfADateCount) {
  for (const char* expires : {"Tue, 19 Jan 2038 14:14:08 GMT", "Sun, 21 Nov 2286 04:46:39 GMT",
                              "Thursday, 18-Aug-50 02:01:18 GMT", "Thu Aug  8 02:01:18 2050",
                              "THU, 18 AUG 2050 02:01:18 gMT"}) {
    EXPECT_TRUE(Reused({{"expires", expires}})) << expires;
  }
}

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

// ---- stale: RFC 9111 4.2.4, RFC 5861

TEST(StaleTest, WhileRevalidateEndsWithItsWindow) {
  const Case stored = WithControl("max-age=1, stale-while-revalidate=4", Policy::Careful());
  EXPECT_EQ(stored.After(999ms), Usable::kFresh);
  EXPECT_EQ(stored.After(1s), Usable::kStaleWhileRevalidate);
  EXPECT_EQ(stored.After(4999ms), Usable::kStaleWhileRevalidate);
  EXPECT_EQ(stored.After(5s), Usable::kValidate);
}

TEST(StaleTest, IfErrorEndsWithItsWindow) {
  const Case stored = WithControl("max-age=1, stale-if-error=4", Policy::Careful());
  EXPECT_EQ(stored.After(1s), Usable::kStaleIfError);
  EXPECT_EQ(stored.After(4999ms), Usable::kStaleIfError);
  EXPECT_EQ(stored.After(5s), Usable::kValidate);
}

TEST(StaleTest, BothWindowsBeginWhenTheResponseExpires) {
  const Case stored =
      WithControl("max-age=1, stale-while-revalidate=2, stale-if-error=4", Policy::Careful());
  EXPECT_EQ(stored.After(2s), Usable::kStaleWhileRevalidate);
  EXPECT_EQ(stored.After(3s), Usable::kStaleIfError);
  EXPECT_EQ(stored.After(5s), Usable::kValidate);
}

TEST(StaleTest, WindowsMakeAnAnswerWithoutLifetimeStorable) {
  EXPECT_EQ(WithControl("max-age=0, stale-while-revalidate=5", Policy::Careful()).After(1s),
            Usable::kStaleWhileRevalidate);
  EXPECT_EQ(WithControl("max-age=0, stale-if-error=5", Policy::Careful()).After(1s),
            Usable::kStaleIfError);
}

TEST(StaleTest, OnlyTheRfcProfileServesStaleOnDisconnectWithoutBeingTold) {
  EXPECT_EQ(WithControl("max-age=2").After(1000h), Usable::kStaleIfError);
  EXPECT_EQ(WithControl("max-age=2", Policy::Careful()).After(3s), Usable::kValidate);
}

TEST(StaleTest, WhatForbidsStaleAnswersForbidsThemOnDisconnect) {
  for (const char* control :
       {"max-age=2, must-revalidate", "max-age=2, proxy-revalidate", "max-age=2, s-maxage=2",
        "s-maxage=2, stale-if-error=60", "max-age=2, must-revalidate, stale-while-revalidate=60"}) {
    EXPECT_EQ(WithControl(control).After(3s), Usable::kValidate) << control;
  }
  const Case no_cache{.fields = {{"cache-control", "max-age=2, no-cache"}, {"etag", "\"a\""}}};
  EXPECT_EQ(no_cache.After(3s), Usable::kValidate);
}

TEST(StaleTest, WhatForbidsStaleAnswersLeavesNoWindow) {
  const Lifetimes lifetimes =
      WithControl("max-age=2, must-revalidate, stale-while-revalidate=9, stale-if-error=9")
          .lifetimes();
  EXPECT_TRUE(lifetimes.must_revalidate);
  EXPECT_EQ(lifetimes.swr, 0s);
  EXPECT_EQ(lifetimes.sie, 0s);
}

TEST(StaleTest, TheCarefulProfileTakesAWindowBesideSMaxageAsMeant) {
  const Policy careful;
  EXPECT_EQ(WithControl("s-maxage=2, stale-while-revalidate=60", careful).After(3s),
            Usable::kStaleWhileRevalidate);
  EXPECT_EQ(WithControl("s-maxage=2", careful).After(3s), Usable::kValidate);
  EXPECT_TRUE(WithControl("s-maxage=2", careful).lifetimes().must_revalidate);
  EXPECT_EQ(
      WithControl("s-maxage=2, proxy-revalidate, stale-while-revalidate=60", careful).After(3s),
      Usable::kValidate);
  Policy window;
  window.swr = 60s;
  EXPECT_EQ(WithControl("s-maxage=2", window).After(3s), Usable::kStaleWhileRevalidate);
  Policy disconnect;
  disconnect.stale_on_disconnect = true;
  EXPECT_EQ(WithControl("s-maxage=2, stale-while-revalidate=5", disconnect).After(9s),
            Usable::kValidate);
}

TEST(StaleTest, ThePolicysWindowsReplaceTheOrigins) {
  Policy policy;
  policy.swr = 10s;
  policy.sie = 20s;
  const Case stored = WithControl("max-age=1, stale-while-revalidate=99999", policy);
  EXPECT_EQ(stored.After(10s), Usable::kStaleWhileRevalidate);
  EXPECT_EQ(stored.After(11s), Usable::kStaleIfError);
  EXPECT_EQ(stored.After(21s), Usable::kValidate);
  EXPECT_EQ(WithControl("max-age=1, must-revalidate", policy).After(2s), Usable::kValidate);
}

TEST(StaleTest, ASoftPurgedResponseHasJustExpired) {
  const Case windows = WithControl("max-age=100, stale-while-revalidate=4", Policy::Careful());
  EXPECT_EQ(windows.After(1s, {}, /*soft_purged=*/true), Usable::kStaleWhileRevalidate);
  EXPECT_EQ(windows.After(99s, {}, true), Usable::kStaleWhileRevalidate);
  EXPECT_EQ(windows.After(104s, {}, true), Usable::kValidate);
  EXPECT_EQ(WithControl("max-age=100", Policy::Careful()).After(1s, {}, true), Usable::kValidate);
  EXPECT_EQ(WithControl("max-age=100, must-revalidate").After(1s, {}, true), Usable::kValidate);
}

// ---- heuristic: RFC 9111 4.2.2

http::Fields ChangedADayAgo(std::string control = "x") {
  return {{"last-modified", Date(-24h)}, {"date", Date(0s)}, {"cache-control", std::move(control)}};
}

TEST(HeuristicTest, ATenthOfTheTimeSinceTheChangeIsFresh) {
  const Case stored{.fields = ChangedADayAgo()};
  EXPECT_EQ(stored.lifetimes().fresh, 8640s);
  EXPECT_FALSE(stored.lifetimes().explicit_fresh);
  EXPECT_TRUE(stored.ReusedAfter(8639s));
  EXPECT_FALSE(stored.ReusedAfter(8640s));
}

TEST(HeuristicTest, OnlyForStatusesThatAllowIt) {
  for (int status : {200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501}) {
    EXPECT_TRUE(Reused(ChangedADayAgo(), status)) << status;
  }
  for (int status : {201, 202, 302, 303, 307, 400, 403, 500, 502, 503, 504, 599}) {
    EXPECT_EQ((Case{.fields = ChangedADayAgo(), .status = status}.storable()),
              Storable::kNotFreshEver)
        << status;
  }
}

TEST(HeuristicTest, PublicAllowsItForAnyStatus) {
  EXPECT_TRUE(Reused(ChangedADayAgo("public"), 599));
}

TEST(HeuristicTest, AGuessIsNeverLongerThanADay) {
  const Case stored{.fields = {{"last-modified", Date(-24h * 3650)}, {"date", Date(0s)}}};
  EXPECT_EQ(stored.lifetimes().fresh, 24h);
}

TEST(HeuristicTest, AChangeInTheFutureGivesNoLifetime) {
  const Case stored{.fields = {{"last-modified", Date(1h)}, {"date", Date(0s)}}};
  EXPECT_EQ(stored.After(0s), Usable::kStaleIfError);
  const Case invalid{.fields = {{"last-modified", "yesterday"}}};
  EXPECT_EQ(invalid.lifetimes().fresh, 0s);
}

TEST(HeuristicTest, CanBeSwitchedOffOrReplaced) {
  Policy policy;
  policy.heuristics = false;
  EXPECT_EQ((Case{.fields = ChangedADayAgo(), .policy = policy}.After(0s)), Usable::kValidate);
  policy.default_ttl = 5s;
  EXPECT_EQ((Case{.fields = ChangedADayAgo(), .policy = policy}.lifetimes().fresh), 5s);
  EXPECT_EQ((Case{.status = 503, .policy = policy}.storable()), Storable::kNotFreshEver);
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

// ---- cc-request: RFC 9111 5.2.1

bool ReusedFor(std::string request_control, std::string control, std::string age = "0",
               Millis pause = 3s) {
  const Case stored{.fields = {{"cache-control", std::move(control)}, {"age", std::move(age)}}};
  return stored.ReusedAfter(pause, {{"cache-control", std::move(request_control)}});
}

TEST(RequestDirectivesTest, MaxAgeRefusesOlderAnswers) {
  EXPECT_FALSE(ReusedFor("max-age=0", "max-age=3600"));
  EXPECT_FALSE(ReusedFor("max-age=0", "max-age=3600", "0", 0s));
  EXPECT_FALSE(ReusedFor("max-age=1", "max-age=3600"));
  EXPECT_FALSE(ReusedFor("max-age=600", "max-age=3600", "1800"));
  EXPECT_TRUE(ReusedFor("max-age=600", "max-age=3600"));
}

TEST(RequestDirectivesTest, MaxStaleAcceptsExpiredAnswers) {
  EXPECT_TRUE(ReusedFor("max-stale=1000", "max-age=2"));
  EXPECT_TRUE(ReusedFor("max-stale=1000", "max-age=1500", "2000"));
  EXPECT_TRUE(ReusedFor("max-stale", "max-age=2", "0", 1000h));
  EXPECT_FALSE(ReusedFor("max-stale=1", "max-age=1"));
  EXPECT_FALSE(ReusedFor("max-stale=1000", "max-age=2, must-revalidate"));
  EXPECT_FALSE(ReusedFor("max-stale=1000", "s-maxage=2"));
}

TEST(RequestDirectivesTest, MaxStaleDoesNotUndoASoftPurge) {
  EXPECT_NE(WithControl("max-age=100").After(1s, {{"cache-control", "max-stale"}}, true),
            Usable::kFresh);
}

TEST(RequestDirectivesTest, MinFreshWantsTimeToBeLeft) {
  EXPECT_FALSE(ReusedFor("min-fresh=2000", "max-age=1500"));
  EXPECT_FALSE(ReusedFor("min-fresh=1000", "max-age=1500", "1000"));
  EXPECT_TRUE(ReusedFor("min-fresh=1497", "max-age=1500"));
  EXPECT_FALSE(ReusedFor("min-fresh=1498", "max-age=1500"));
}

TEST(RequestDirectivesTest, NoCacheAndNoStoreWantValidation) {
  const Case stored = WithControl("max-age=3600, stale-while-revalidate=60");
  EXPECT_EQ(stored.After(3s, {{"cache-control", "no-cache"}}), Usable::kValidate);
  EXPECT_EQ(stored.After(3s, {{"cache-control", "no-store"}}), Usable::kValidate);
}

TEST(RequestDirectivesTest, NoStoreKeepsTheAnswerOut) {
  Case stored = WithControl("max-age=3600");
  stored.request = {{"cache-control", "no-store"}};
  EXPECT_EQ(stored.storable(), Storable::kNoStore);
  stored.policy = Policy::Careful();
  EXPECT_EQ(stored.storable(), Storable::kYes);
}

TEST(RequestDirectivesTest, AnAnswerThatOnlyTheRequestRefusesMayServeOnError) {
  EXPECT_EQ(WithControl("max-age=3600").After(3s, {{"cache-control", "max-age=1"}}),
            Usable::kStaleIfError);
  EXPECT_EQ(WithControl("s-maxage=3600").After(3s, {{"cache-control", "max-age=1"}}),
            Usable::kValidate);
}

TEST(RequestDirectivesTest, StaleWhileRevalidateIsNotForWhoWantsItFresh) {
  const Case stored = WithControl("max-age=1, stale-while-revalidate=60");
  EXPECT_EQ(stored.After(3s), Usable::kStaleWhileRevalidate);
  EXPECT_EQ(stored.After(3s, {{"cache-control", "max-age=2"}}), Usable::kStaleIfError);
  EXPECT_EQ(stored.After(3s, {{"cache-control", "min-fresh=0"}}), Usable::kStaleIfError);
}

TEST(RequestDirectivesTest, TheCarefulProfileReadsOnlyOnlyIfCached) {
  const http::Fields all{
      {"cache-control", "no-cache, no-store, only-if-cached, max-age=0, min-fresh=9, max-stale=9"}};
  const RequestDirectives careful = ParseRequestDirectives(all, Policy::Careful());
  EXPECT_TRUE(careful.only_if_cached);
  EXPECT_FALSE(careful.no_cache || careful.no_store || careful.max_age || careful.min_fresh ||
               careful.max_stale);
  EXPECT_TRUE(WithControl("max-age=9", Policy::Careful()).ReusedAfter(3s, all));
  const RequestDirectives rfc = ParseRequestDirectives(all, Policy::Rfc());
  EXPECT_TRUE(rfc.no_cache && rfc.no_store && rfc.only_if_cached);
  EXPECT_EQ(rfc.max_age, 0s);
  EXPECT_EQ(rfc.min_fresh, 9s);
  EXPECT_EQ(rfc.max_stale, 9s);
}

TEST(RequestDirectivesTest, UnknownOnesAreIgnored) {
  EXPECT_TRUE(ReusedFor("nothing-to-see-here", "max-age=3600"));
}

TEST(ImmutableTest, AReloadDoesNotRefetchAFreshOne) {
  const Case stored = WithControl("max-age=100, immutable");
  EXPECT_TRUE(stored.ReusedAfter(3s, {{"cache-control", "max-age=0"}}));
  EXPECT_FALSE(stored.ReusedAfter(3s, {{"cache-control", "no-cache"}}));
  EXPECT_FALSE(stored.ReusedAfter(100s, {{"cache-control", "max-age=0"}}));
}

TEST(ImmutableTest, AReloadOfAnExpiredOneIsValidated) {
  const Case stored = WithControl("max-age=2, immutable, stale-while-revalidate=60");
  EXPECT_EQ(stored.After(3s), Usable::kStaleWhileRevalidate);
  EXPECT_EQ(stored.After(3s, {{"cache-control", "max-age=0"}}), Usable::kStaleIfError);
}

// ---- pragma: RFC 9111 5.4

TEST(PragmaTest, CountsOnlyInRequestsWithoutCacheControl) {
  const Case stored = WithControl("max-age=3600");
  EXPECT_FALSE(stored.ReusedAfter(3s, {{"pragma", "no-cache"}}));
  EXPECT_TRUE(stored.ReusedAfter(3s, {{"pragma", "no-cache"}, {"cache-control", "x"}}));
  EXPECT_TRUE(stored.ReusedAfter(3s, {{"pragma", "foo"}}));
  EXPECT_TRUE(Reused({{"cache-control", "max-age=3600"}, {"pragma", "no-cache"}}));
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

// ---- cdn-cache-control: RFC 9213

bool Targeted(std::string cdn, http::Fields others = {}) {
  others.Add("cdn-cache-control", cdn);
  return Reused(std::move(others));
}

TEST(TargetedTest, AValidFieldDecidesAlone) {
  EXPECT_TRUE(Targeted("max-age=3600"));
  EXPECT_TRUE(Targeted("foobar, max-age=3600"));
  EXPECT_TRUE(Targeted("max-age=2147483648"));
  EXPECT_TRUE(Targeted("max-age=99999999999"));
  EXPECT_TRUE(Targeted("max-age=3600", {{"expires", Date(-10000s)}}));
  EXPECT_TRUE(Targeted("max-age=3600", {{"expires", "0"}}));
  EXPECT_TRUE(Targeted("max-age=3600", {{"cache-control", "max-age=1"}}));
  EXPECT_TRUE(Targeted("max-age=10000", {{"cache-control", "no-store"}}));
  EXPECT_TRUE(Targeted("max-age=10000", {{"cache-control", "private"}}));
  EXPECT_FALSE(Targeted("max-age=0"));
  EXPECT_FALSE(Targeted("max-age=0", {{"expires", Date(10000s)}}));
  EXPECT_FALSE(Targeted("max-age=1", {{"cache-control", "max-age=3600"}}));
  for (const char* forbids : {"private", "no-cache", "no-store"}) {
    EXPECT_FALSE(Targeted(forbids, {{"cache-control", "max-age=10000"}, {"expires", Date(10000s)}}))
        << forbids;
  }
}

TEST(TargetedTest, AgeStillCounts) { EXPECT_FALSE(Targeted("max-age=3600", {{"age", "7200"}})); }

TEST(TargetedTest, AFieldWithoutLifetimeStillHidesTheOthers) {
  const Case stored{.fields = {{"cdn-cache-control", "foo"},
                               {"cache-control", "max-age=3600"},
                               {"expires", Date(3600s)}}};
  EXPECT_EQ(stored.storable(), Storable::kNotFreshEver);
}

TEST(TargetedTest, AnInvalidOrEmptyFieldIsIgnoredAsAWhole) {
  for (const char* invalid : {"max-age=10000, &&&&&", "max-age=\"10000\"", "max-age =100", ""}) {
    EXPECT_FALSE(Targeted(invalid, {{"cache-control", "no-store"}})) << invalid;
    EXPECT_TRUE(Targeted(invalid, {{"cache-control", "max-age=9"}})) << invalid;
  }
}

TEST(TargetedTest, TheMostSpecificValidFieldWins) {
  EXPECT_TRUE(Targeted("max-age=1", {{"skerry-cache-control", "max-age=3600"}}));
  EXPECT_FALSE(Targeted("max-age=1", {{"skerry-cache-control", "???"}}));
}

TEST(TargetedTest, OnlyFieldsOfThePolicyCount) {
  Policy policy;
  policy.targeted = {};
  EXPECT_FALSE(
      (Case{.fields = {{"cdn-cache-control", "max-age=9"}}, .policy = policy}).ReusedAfter(3s));
}

// ---- the operator's lifetimes

TEST(PolicyTest, BypassStoresNothing) {
  Policy policy;
  policy.bypass = true;
  EXPECT_EQ(WithControl("max-age=9", policy).storable(), Storable::kBypass);
}

TEST(PolicyTest, EdgeTtlReplacesTheOriginsLifetimeButNotWhatForbidsStoring) {
  Policy policy;
  policy.edge_ttl = 10s;
  EXPECT_EQ(WithControl("max-age=9999", policy).lifetimes().fresh, 10s);
  EXPECT_TRUE(WithControl("no-cache, max-age=0", policy).ReusedAfter(9s));
  EXPECT_FALSE(WithControl("no-cache, max-age=0", policy).ReusedAfter(10s));
  EXPECT_EQ(WithControl("no-store", policy).storable(), Storable::kNoStore);
  EXPECT_EQ(WithControl("private", policy).storable(), Storable::kPrivate);
}

TEST(PolicyTest, EdgeTtlIsNotForErrorsAndTemporaryRedirects) {
  Policy policy;
  policy.edge_ttl = 10s;
  for (int status : {302, 307, 400, 403, 500, 503}) {
    EXPECT_EQ((Case{.status = status, .policy = policy}.storable()), Storable::kNotFreshEver)
        << status;
  }
  const Case told{.fields = {{"cache-control", "max-age=3"}}, .status = 503, .policy = policy};
  EXPECT_EQ(told.lifetimes().fresh, 3s);
}

TEST(PolicyTest, NegativeTtlIsForMissingPagesWithoutExplicitFreshness) {
  Policy policy;
  policy.negative_ttl = 10s;
  for (int status : {404, 410}) {
    const Case guessed{.status = status, .policy = policy};
    EXPECT_EQ(guessed.lifetimes().fresh, 10s) << status;
    EXPECT_FALSE(guessed.lifetimes().explicit_fresh);
  }
  const Case told{.fields = {{"cache-control", "max-age=3"}}, .status = 404, .policy = policy};
  EXPECT_EQ(told.lifetimes().fresh, 3s);
  EXPECT_EQ((Case{.policy = policy}.storable()), Storable::kNotFreshEver);
}

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
  for (const http::Field& field : fields) names.push_back(field.name);
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

// ---- names

TEST(NameTest, EveryOutcomeHasAWordOfItsOwn) {
  std::vector<std::string_view> words;
  for (int i = 0; i <= static_cast<int>(Storable::kVaryUnforwarded); ++i) {
    words.push_back(Name(static_cast<Storable>(i)));
  }
  for (int i = 0; i <= static_cast<int>(Usable::kValidate); ++i) {
    words.push_back(Name(static_cast<Usable>(i)));
  }
  std::sort(words.begin(), words.end());
  EXPECT_EQ(std::adjacent_find(words.begin(), words.end()), words.end());
  EXPECT_EQ(std::count(words.begin(), words.end(), "?"), 0);
}

}  // namespace
}  // namespace skerry::cache
