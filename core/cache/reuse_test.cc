#include <gtest/gtest.h>

#include <string>

#include "core/cache/freshness.h"
#include "core/cache/reuse_case.h"

namespace skerry::cache {
namespace {

using namespace std::chrono_literals;

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
  EXPECT_EQ(stored.After(3s, {{"cache-control", "max-age=60"}}), Usable::kStaleIfError);
  EXPECT_EQ(stored.After(3s, {{"cache-control", "min-fresh=0"}}), Usable::kStaleIfError);
  EXPECT_EQ(stored.After(3s, {{"cache-control", "max-stale=1"}}), Usable::kStaleIfError);
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

}  // namespace
}  // namespace skerry::cache
