#include "core/cache/freshness.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>
#include <string_view>
#include <vector>

#include "core/cache/reuse_case.h"
#include "core/http/age.h"

namespace skerry::cache {
namespace {

using namespace std::chrono_literals;

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

// ---- heuristic: RFC 9111 4.2.2

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

TEST(PolicyTest, StatusTtlReplacesTheLifetimeOfItsStatusesTheFirstThatHasIt) {
  Policy policy;
  policy.edge_ttl = 9s;
  policy.status_ttl = {{404, 404, 20s}, {400, 599, 10s}};
  const auto fresh = [&](int status) {
    return Case{.fields = {{"cache-control", "max-age=1"}}, .status = status, .policy = policy}
        .lifetimes()
        .fresh;
  };
  EXPECT_EQ(fresh(404), 20s);
  EXPECT_EQ(fresh(500), 10s);
  EXPECT_EQ(fresh(200), 9s);
  EXPECT_EQ(fresh(302), 1s);
}

TEST(PolicyTest, StatusTtlDoesNotUndoWhatForbidsStoring) {
  Policy policy;
  policy.status_ttl = {{400, 599, 10s}};
  const Case told{.fields = {{"cache-control", "no-store"}}, .status = 500, .policy = policy};
  EXPECT_EQ(told.storable(), Storable::kNoStore);
}

TEST(PolicyTest, StaleWindowsOfTheOperatorAreNotForErrors) {
  Policy policy;
  policy.status_ttl = {{400, 599, 10s}};
  policy.swr = policy.sie = 60s;
  EXPECT_EQ((Case{.status = 503, .policy = policy}.lifetimes().swr), 0s);
  EXPECT_EQ((Case{.status = 503, .policy = policy}.lifetimes().sie), 0s);
  EXPECT_EQ((Case{.status = 404, .policy = policy}.lifetimes().swr), 60s);
}

TEST(PolicyTest, ImmutableOfTheOperatorIsAsOfTheOrigin) {
  Policy policy;
  policy.immutable = true;
  EXPECT_TRUE(WithControl("max-age=9", policy).lifetimes().immutable);
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

// ---- why: what /explain says

LifetimeFrom FromOf(http::Fields fields, Policy policy = Policy::Rfc(), int status = 200) {
  return Case{.fields = std::move(fields), .status = status, .policy = std::move(policy)}
      .Stored()
      .from;
}

TEST(WhyTest, TheFieldOrRuleThatGaveTheLifetimeIsNamed) {
  EXPECT_EQ(FromOf({{"cache-control", "max-age=9, s-maxage=10"}}), LifetimeFrom::kSMaxage);
  EXPECT_EQ(FromOf({{"cache-control", "max-age=9"}}), LifetimeFrom::kMaxAge);
  EXPECT_EQ(FromOf({{"expires", Date(60s)}}), LifetimeFrom::kExpires);
  EXPECT_EQ(FromOf(ChangedADayAgo()), LifetimeFrom::kHeuristic);
  EXPECT_EQ(FromOf({{"etag", "\"v\""}}), LifetimeFrom::kNothing);
  Policy policy = Policy::Careful();
  policy.default_ttl = 5s;
  EXPECT_EQ(FromOf({}, policy), LifetimeFrom::kDefaultTtl);
  policy.negative_ttl = 6s;
  EXPECT_EQ(FromOf({}, policy, 404), LifetimeFrom::kNegativeTtl);
  policy.edge_ttl = 7s;
  EXPECT_EQ(FromOf({{"cache-control", "max-age=9"}}, policy), LifetimeFrom::kEdgeTtl);
}

TEST(WhyTest, TheGoverningTargetedFieldIsNamed) {
  const auto governs = [](http::Fields fields) {
    return Case{.fields = std::move(fields)}.Stored().targeted;
  };
  EXPECT_EQ(governs({{"cdn-cache-control", "max-age=9"}}), 1);
  EXPECT_EQ(governs({{"cdn-cache-control", "max-age=9"}, {"skerry-cache-control", "max-age=8"}}),
            0);
  EXPECT_EQ(governs({{"cache-control", "max-age=9"}}), std::nullopt);
}

TEST(WhyTest, EveryJudgementHasItsGround) {
  const auto ground = [](std::string control, Seconds age, http::Fields later = {},
                         bool soft = false) {
    const Policy policy = Policy::Rfc();
    const StoreDecision stored =
        Case{.fields = {{"cache-control", std::move(control)}, {"etag", "\"v\""}}, .policy = policy}
            .Stored();
    return JudgeWithGround({stored.lifetimes, 0s, kNow, kNow + age, soft},
                           ParseRequestDirectives(later, policy), policy)
        .ground;
  };
  const http::Fields none;
  EXPECT_EQ(ground("max-age=10", 9s), Ground::kLifetime);
  EXPECT_EQ(ground("max-age=10, no-cache", 1s), Ground::kNoCache);
  EXPECT_EQ(ground("max-age=10", 1s, {{"cache-control", "no-cache"}}), Ground::kRequestNoCache);
  EXPECT_EQ(ground("max-age=10", 5s, {{"cache-control", "max-age=3"}}), Ground::kRequestTooOld);
  EXPECT_EQ(ground("max-age=10", 11s, {{"cache-control", "max-stale=3"}}),
            Ground::kRequestMaxStale);
  EXPECT_EQ(ground("max-age=10, must-revalidate", 11s), Ground::kMustRevalidate);
  EXPECT_EQ(ground("max-age=10, stale-while-revalidate=5", 11s), Ground::kSwrWindow);
  EXPECT_EQ(ground("max-age=10, stale-while-revalidate=5", 1s, none, true), Ground::kSwrWindow);
  EXPECT_EQ(ground("max-age=10", 11s), Ground::kSieWindow);  // profile rfc
  EXPECT_EQ(ground("max-age=10, s-maxage=10, stale-if-error=5", 11s), Ground::kMustRevalidate);
}

}  // namespace
}  // namespace skerry::cache
