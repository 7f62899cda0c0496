// What RFC 9111 and its companions say a shared cache does, category by category, seen
// from a client and an origin.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/gateway/testing.h"
#include "core/http/date.h"

namespace skerry::gateway {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

Route Rfc() {
  Route route;
  route.policy = cache::Policy::Rfc();
  return route;
}

class SemanticsTest : public testing::Test {
 protected:
  explicit SemanticsTest(Route route = {}) : at_(std::move(route)) {}

  // A date so long ago.
  std::string Ago(Seconds span) { return http::FormatDate(at_.loop.clock().Wall() - span); }
  // One client's request and the origin's answer to it.
  std::shared_ptr<FakeStream> Exchange(const std::string& path, int status, http::Fields fields,
                                       http::Fields asks = {}) {
    auto stream = at_.Ask(path, std::move(asks));
    at_.Answer(status, std::move(fields), "body");
    return stream;
  }
  bool IsHit(const std::string& path, http::Fields asks = {}) {
    const size_t before = at_.asked();
    const auto stream = at_.Ask(path, std::move(asks));
    const bool hit = at_.asked() == before && stream->answered;
    at_.Leave(stream);
    return hit;
  }
  const http::Fields& Sent() { return at_.origin->asked.back()->request.fields; }

  GatewayHarness at_;
};

class RfcSemanticsTest : public SemanticsTest {
 protected:
  RfcSemanticsTest() : SemanticsTest(Rfc()) {}
};

// --- how long

TEST_F(SemanticsTest, ATenthOfItsAgeIsAGuessForTheStatusesThatAllowOne) {
  for (const int status : {200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501}) {
    const std::string path = "/guess" + std::to_string(status);
    Exchange(path, status, {{"last-modified", Ago(1000s)}});
    at_.loop.Advance(99s);
    EXPECT_TRUE(IsHit(path)) << status;
    at_.loop.Advance(2s);
    EXPECT_FALSE(IsHit(path)) << status;
  }
}

TEST_F(SemanticsTest, NoOtherStatusIsGuessedAt) {
  for (const int status : {201, 202, 206, 302, 303, 307, 400, 401, 403, 416, 429, 500, 503, 599}) {
    const std::string path = "/no" + std::to_string(status);
    Exchange(path, status, {{"last-modified", Ago(1000s)}});
    EXPECT_FALSE(IsHit(path)) << status;
  }
}

TEST_F(SemanticsTest, EveryFinalStatusIsKeptForAsLongAsItSays) {
  for (const int status :
       {200, 201, 204, 299, 302, 307, 400, 403, 404, 405, 414, 451, 499, 500, 501, 503, 599}) {
    const std::string path = "/says" + std::to_string(status);
    Exchange(path, status, {{"cache-control", "max-age=60"}});
    EXPECT_TRUE(IsHit(path)) << status;
  }
  for (const int status : {206, 304, 412, 416}) {
    const std::string path = "/part" + std::to_string(status);
    Exchange(path, status, {{"cache-control", "max-age=60"}});
    EXPECT_FALSE(IsHit(path)) << status;
  }
}

TEST_F(SemanticsTest, MustUnderstandCancelsNoStoreForStatusesThatAreKnownHere) {
  const http::Fields fields = {{"cache-control", "max-age=60, no-store, must-understand"}};
  Exchange("/known", 200, fields);
  Exchange("/unknown", 299, fields);
  Exchange("/only", 299, {{"cache-control", "max-age=60, must-understand"}});
  EXPECT_TRUE(IsHit("/known"));
  EXPECT_FALSE(IsHit("/unknown"));
  EXPECT_FALSE(IsHit("/only"));
}

// --- how old

TEST_F(SemanticsTest, AnOriginWhoseClockIsBehindMakesAnswersOlderAndOneAheadDoesNot) {
  Exchange("/behind", 200, {{"cache-control", "max-age=60"}, {"date", Ago(20s)}});
  Exchange("/ahead", 200, {{"cache-control", "max-age=60"}, {"date", Ago(-500s)}});
  EXPECT_EQ(at_.Ask("/behind")->Field("age"), "20");
  EXPECT_EQ(at_.Ask("/ahead")->Field("age"), "0");
  at_.loop.Advance(45s);
  EXPECT_FALSE(IsHit("/behind"));
  EXPECT_EQ(at_.Ask("/ahead")->Field("age"), "45");
}

TEST_F(SemanticsTest, TheAgeThatCameAndTheTimeOfTheTransferAreAdded) {
  const auto stream = at_.Ask("/a");
  at_.loop.Advance(3s);
  at_.Answer(200, {{"cache-control", "max-age=60"}, {"age", "10"}, {"date", Ago(0s)}}, "body");
  EXPECT_EQ(stream->Field("age"), "13");
  at_.loop.Advance(5s);
  const auto hit = at_.Ask("/a");
  EXPECT_EQ(hit->Field("age"), "18");
  EXPECT_THAT(hit->Field("cache-status"), HasSubstr("ttl=42"));
}

TEST_F(SemanticsTest, AValidationStartsTheAgeAnew) {
  Exchange("/a", 200, {{"cache-control", "max-age=60"}, {"etag", "\"1\""}, {"age", "30"}});
  at_.loop.Advance(40s);
  at_.Ask("/a");
  at_.Head(304, {});
  EXPECT_EQ(at_.Ask("/a")->Field("age"), "0");
}

// --- Vary

TEST_F(SemanticsTest, AStarInVaryIsNeverReused) {
  for (const char* vary : {"*", "accept-language, *", "*, accept", ", *"}) {
    Exchange("/star", 200, {{"cache-control", "max-age=60"}, {"vary", vary}});
    EXPECT_FALSE(IsHit("/star")) << vary;
  }
}

TEST_F(SemanticsTest, AVaryThatComesLaterCountsFromThenOn) {
  Exchange("/a", 200, {{"cache-control", "max-age=10"}, {"etag", "\"1\""}});
  at_.loop.Advance(20s);
  Exchange("/a", 200, {{"cache-control", "max-age=60"}, {"vary", "accept-language"}},
           {{"accept-language", "de"}});
  EXPECT_TRUE(IsHit("/a", {{"accept-language", "de"}}));
  EXPECT_FALSE(IsHit("/a", {{"accept-language", "fr"}}));
  EXPECT_FALSE(IsHit("/a"));
}

TEST_F(SemanticsTest, AVaryThatIsGoneNoLongerKeepsRequestsApart) {
  Exchange("/a", 200, {{"cache-control", "max-age=10"}, {"vary", "accept-language"}},
           {{"accept-language", "de"}});
  at_.loop.Advance(20s);
  Exchange("/a", 200, {{"cache-control", "max-age=60"}}, {{"accept-language", "de"}});
  EXPECT_TRUE(IsHit("/a", {{"accept-language", "fr"}}));
  EXPECT_TRUE(IsHit("/a", {{"accept-language", "de"}}));
}

TEST_F(SemanticsTest, AnAnswerThatVariesOnWhatOriginsNeverSeeIsForThoseWhoDoNotSendIt) {
  const http::Fields varies = {{"cache-control", "max-age=60"}, {"vary", "cookie"}};
  const auto mine = at_.Ask("/a", {{"cookie", "id=1"}});
  at_.Answer(200, varies, "anonymous");
  ASSERT_EQ(at_.asked(), 2u);
  EXPECT_EQ(Sent().Find("cookie"), "id=1");
  at_.Answer(200, varies, "for one");
  EXPECT_EQ(mine->body, "for one");
  EXPECT_EQ(at_.Ask("/a")->body, "anonymous");
  EXPECT_EQ(at_.asked(), 2u);
  const auto other = at_.Ask("/a", {{"cookie", "id=2"}});
  ASSERT_EQ(at_.asked(), 3u);  // at once as who it is, the anonymous answer is known
  EXPECT_EQ(Sent().Find("cookie"), "id=2");
  at_.Answer(200, varies, "for two");
  EXPECT_EQ(other->body, "for two");
  EXPECT_THAT(other->Field("cache-status"), HasSubstr("fwd=vary-miss"));
  EXPECT_THAT(other->Field("cache-status"), HasSubstr("detail=vary-unforwarded"));
}

TEST_F(SemanticsTest, AWaiterWithACookieDoesNotTakeTheAnonymousAnswerThatVariesOnIt) {
  const http::Fields varies = {{"cache-control", "max-age=60"}, {"vary", "cookie"}};
  const auto anonymous = at_.Ask("/a");
  const auto mine = at_.Ask("/a", {{"cookie", "id=1"}});
  ASSERT_EQ(at_.asked(), 1u);
  at_.Answer(200, varies, "anonymous", 0);
  EXPECT_EQ(anonymous->body, "anonymous");
  EXPECT_FALSE(mine->answered);
  at_.Answer(200, varies, "for one", 1);
  EXPECT_EQ(mine->body, "for one");
  EXPECT_EQ(at_.Ask("/a")->body, "anonymous");
}

// --- a 304 that says something else now (RFC 9111 4.3.4)

TEST_F(SemanticsTest, A304ThatForbidsStoringTakesTheStoredResponseAway) {
  for (const char* says : {"private, max-age=60", "no-store"}) {
    at_.loop.Advance(200s);
    Exchange("/a", 200, {{"cache-control", "max-age=60"}, {"etag", "\"1\""}});
    at_.loop.Advance(70s);
    const auto validated = at_.Ask("/a");
    at_.Head(304, {{"cache-control", says}});
    EXPECT_EQ(validated->body, "body");
    EXPECT_THAT(validated->Field("cache-status"), Not(HasSubstr("stored")));
    at_.Ask("/a");
    EXPECT_FALSE(Sent().Has("if-none-match")) << says;
    at_.Answer(500, {}, "");
  }
}

TEST_F(SemanticsTest, NobodySharesA304ThatIsPrivateAndWhoHasACookieAsksWithIt) {
  Exchange("/a", 200, {{"cache-control", "max-age=60"}, {"etag", "\"1\""}});
  at_.loop.Advance(70s);
  const auto first = at_.Ask("/a", {{"cookie", "id=1"}});
  const auto second = at_.Ask("/a");
  ASSERT_EQ(at_.asked(), 2u);
  at_.Head(304, {{"cache-control", "private"}});
  EXPECT_FALSE(first->answered);
  EXPECT_FALSE(second->answered);
  ASSERT_EQ(at_.asked(), 4u);
  EXPECT_EQ(at_.origin->asked[2]->request.fields.Find("cookie"), "id=1");
  EXPECT_FALSE(at_.origin->asked[3]->request.fields.Has("cookie"));
}

// --- fields of a response

TEST_F(SemanticsTest, FieldsThatNoCacheNamesAreSentOnlyAfterValidation) {
  Exchange(
      "/a", 200,
      {{"cache-control", "max-age=60, no-cache=\"x-quota\""}, {"etag", "\"1\""}, {"x-quota", "7"}});
  const auto hit = at_.Ask("/a");
  EXPECT_EQ(hit->body, "body");
  EXPECT_EQ(hit->Field("x-quota"), "");
  at_.loop.Advance(70s);
  const auto validated = at_.Ask("/a");
  at_.Head(304, {{"x-quota", "8"}});
  EXPECT_EQ(validated->Field("x-quota"), "8");
}

TEST_F(SemanticsTest, FieldsThatNoCacheNamesAreNotSentOnFailureEither) {
  Exchange("/a", 200,
           {{"cache-control", "max-age=60, stale-if-error=600, no-cache=\"x-quota\""},
            {"x-quota", "7"}});
  at_.loop.Advance(70s);
  const auto stale = at_.Ask("/a");
  at_.Fail({Code::kReset, Side::kUpstream, false, ""});
  EXPECT_EQ(stale->body, "body");
  EXPECT_EQ(stale->Field("x-quota"), "");
}

TEST_F(SemanticsTest, PrivateWithFieldsIsPrivateAltogether) {
  Exchange("/a", 200, {{"cache-control", "max-age=60, private=\"x-user\""}, {"x-user", "7"}});
  EXPECT_FALSE(IsHit("/a"));
}

TEST_F(SemanticsTest, TrailersComeWithTheBodyAndWithEveryHit) {
  const auto miss = at_.Ask("/a");
  at_.Head(200, {{"cache-control", "max-age=60"}});
  at_.Body("body");
  at_.End(-1, {{"x-checksum", "abc"}});
  const auto hit = at_.Ask("/a");
  EXPECT_EQ(hit->announced, std::nullopt);  // or HTTP/1.1 could not send them
  for (const auto& stream : {miss, hit}) {
    EXPECT_TRUE(stream->ended);
    EXPECT_EQ(stream->trailers, (http::Fields{{"x-checksum", "abc"}}));
    EXPECT_EQ(stream->Field("x-checksum"), "");  // never merged into the head
  }
  EXPECT_TRUE(at_.Ask("/a", {{"range", "bytes=0-1"}})->trailers.empty());
}

TEST_F(SemanticsTest, InterimAnswersPassAndLeaveNothingBehind) {
  const auto stream = at_.Ask("/a");
  at_.origin->asked[0]->events->OnInterim({102, {}});
  at_.origin->asked[0]->events->OnInterim({103, {{"link", "</a.css>; rel=preload"}}});
  at_.Answer(200, {{"cache-control", "max-age=60"}}, "body");
  ASSERT_EQ(stream->interim.size(), 2u);
  EXPECT_EQ(stream->interim[1].fields.Find("link"), "</a.css>; rel=preload");
  EXPECT_EQ(stream->Field("link"), "");
}

// --- targeted fields (RFC 9213)

TEST_F(SemanticsTest, TheMostSpecificTargetedFieldThatIsValidDecidesAlone) {
  const auto fresh_for = [&](http::Fields fields) {
    GatewayHarness at;
    at.Fill("/a", std::move(fields), "body");
    int64_t left = 0;
    const std::string status = at.Ask("/a")->Field("cache-status");
    const size_t ttl = status.find("ttl=");
    if (status.find("; hit") == status.npos || ttl == status.npos) return left;
    return static_cast<int64_t>(std::stoll(status.substr(ttl + 4)));
  };
  const http::Field own{"skerry-cache-control", "max-age=30"};
  const http::Field cdn{"cdn-cache-control", "max-age=20"};
  const http::Field all{"cache-control", "max-age=10"};
  EXPECT_EQ(fresh_for({own, cdn, all}), 30);
  EXPECT_EQ(fresh_for({cdn, all}), 20);
  EXPECT_EQ(fresh_for({all}), 10);
  EXPECT_EQ(fresh_for({{"skerry-cache-control", "max-age=\"30\""}, cdn, all}), 20);
  EXPECT_EQ(fresh_for({{"cdn-cache-control", ""}, all}), 10);
  EXPECT_EQ(fresh_for({{"cdn-cache-control", "no-store"}, all}), 0);
  EXPECT_EQ(fresh_for({cdn, {"cache-control", "no-store"}}), 20);
  EXPECT_EQ(fresh_for({{"cdn-cache-control", "public"}, {"expires", Ago(-500s)}}), 0);
}

// --- requests (RFC 9111 5.2.1)

TEST_F(SemanticsTest, OnlyIfCachedIsAnsweredFromTheStoreOr504) {
  const http::Fields only = {{"cache-control", "only-if-cached"}};
  const auto nothing = at_.Ask("/a", only);
  EXPECT_EQ(nothing->status, 504);
  EXPECT_EQ(nothing->Field("cache-status"), "skerry-edge; detail=only-if-cached");
  EXPECT_EQ(at_.asked(), 0u);
  Exchange("/a", 200, {{"cache-control", "max-age=60"}});
  EXPECT_EQ(at_.Ask("/a", only)->body, "body");
  at_.loop.Advance(70s);
  EXPECT_EQ(at_.Ask("/a", only)->status, 504);
  EXPECT_EQ(at_.Ask("/a", {{"cache-control", "only-if-cached"}, {"authorization", "x"}})->status,
            504);
  EXPECT_EQ(at_.asked(), 1u);
}

TEST_F(SemanticsTest, ByDefaultNothingElseThatAClientSaysCostsTheOriginARequest) {
  Exchange("/a", 200, {{"cache-control", "max-age=60"}});
  for (const char* says : {"no-cache", "no-store", "max-age=0", "min-fresh=1000"}) {
    EXPECT_TRUE(IsHit("/a", {{"cache-control", says}, {"pragma", "no-cache"}})) << says;
  }
}

TEST_F(RfcSemanticsTest, NoCacheAndMaxAgeWantAnswersThatAreValidated) {
  Exchange("/a", 200, {{"cache-control", "max-age=60"}, {"etag", "\"1\""}});
  at_.loop.Advance(10s);
  EXPECT_TRUE(IsHit("/a", {{"cache-control", "max-age=20"}}));
  for (const char* says : {"no-cache", "max-age=5", "max-age=0"}) {
    const auto stream = at_.Ask("/a", {{"cache-control", says}});
    EXPECT_EQ(Sent().Find("if-none-match"), "\"1\"") << says;
    at_.Head(304, {});
    EXPECT_THAT(stream->Field("cache-status"), HasSubstr("fwd=request; fwd-status=304"));
    at_.loop.Advance(10s);
  }
}

TEST_F(RfcSemanticsTest, PragmaCountsOnlyWithoutCacheControl) {
  Exchange("/a", 200, {{"cache-control", "max-age=60"}});
  EXPECT_FALSE(IsHit("/a", {{"pragma", "no-cache"}}));
  EXPECT_TRUE(IsHit("/a", {{"pragma", "no-cache"}, {"cache-control", "max-age=50"}}));
}

TEST_F(RfcSemanticsTest, MinFreshWantsTimeToBeLeft) {
  Exchange("/a", 200, {{"cache-control", "max-age=60"}});
  EXPECT_TRUE(IsHit("/a", {{"cache-control", "min-fresh=50"}}));
  EXPECT_FALSE(IsHit("/a", {{"cache-control", "min-fresh=70"}}));
}

TEST_F(RfcSemanticsTest, MaxStaleTakesWhatHasExpiredUnlessItMustBeValidated) {
  Exchange("/a", 200, {{"cache-control", "max-age=10"}});
  Exchange("/must", 200, {{"cache-control", "max-age=10, must-revalidate"}});
  at_.loop.Advance(20s);
  EXPECT_TRUE(IsHit("/a", {{"cache-control", "max-stale"}}));
  EXPECT_TRUE(IsHit("/a", {{"cache-control", "max-stale=15"}}));
  EXPECT_FALSE(IsHit("/a", {{"cache-control", "max-stale=5"}}));
  EXPECT_FALSE(IsHit("/must", {{"cache-control", "max-stale"}}));
}

TEST_F(RfcSemanticsTest, NoStoreKeepsTheAnswerOutAndTheFetchToItself) {
  const auto other = at_.Ask("/a");
  const auto secret = at_.Ask("/a", {{"cache-control", "no-store"}});
  ASSERT_EQ(at_.asked(), 2u);
  at_.Answer(200, {{"cache-control", "max-age=60"}}, "secret", 1);
  EXPECT_EQ(secret->body, "secret");
  EXPECT_THAT(secret->Field("cache-status"), HasSubstr("fwd=request; fwd-status=200"));
  EXPECT_THAT(secret->Field("cache-status"), Not(HasSubstr("stored")));
  EXPECT_FALSE(other->answered);
  at_.Answer(200, {{"cache-control", "max-age=60"}}, "shared", 0);
  EXPECT_EQ(at_.Ask("/a")->body, "shared");
}

// --- hit-for-miss

TEST_F(SemanticsTest, AKeyWhoseAnswersBecomeShareableIsStoredAgainAtOnce) {
  Exchange("/a", 200, {{"cache-control", "private"}});
  Exchange("/a", 200, {{"cache-control", "max-age=60"}});
  EXPECT_TRUE(IsHit("/a"));
}

TEST_F(RfcSemanticsTest, WhatOneWhoHasSignedInIsAnsweredIsNoReasonToAskForEverybodyAlone) {
  Exchange("/a", 200, {{"cache-control", "max-age=60"}}, {{"authorization", "x"}});
  at_.Ask("/a");
  at_.Ask("/a");
  EXPECT_EQ(at_.asked(), 2u);
}

TEST_F(SemanticsTest, CacheStatusGoesOnSayingWhyAnAnswerIsNotStored) {
  for (const auto& [field, value, word] : {std::tuple("cache-control", "private", "private"),
                                           {"cache-control", "no-store", "no-store"},
                                           {"set-cookie", "a=b", "set-cookie"},
                                           {"vary", "*", "vary-any"}}) {
    const std::string path = std::string("/") + word;
    http::Fields fields = {{"etag", "\"1\""}};
    fields.Add(field, value);
    for (int round = 0; round < 3; ++round) {
      const auto stream = Exchange(path, 200, fields);
      EXPECT_THAT(stream->Field("cache-status"), HasSubstr(std::string("detail=") + word)) << round;
    }
    // Of one who brings a cookie the request goes upstream as it came.
    const auto known = Exchange(path, 200, fields, {{"cookie", "a=b"}});
    EXPECT_THAT(known->Field("cache-status"), HasSubstr(std::string("detail=") + word));
    EXPECT_EQ(Sent().Find("cookie"), "a=b");
  }
}

TEST_F(SemanticsTest, NobodyWaitsForAKeyWhoseAnswersAreNotShareableUntilThatIsForgotten) {
  Exchange("/a", 200, {{"cache-control", "private"}});
  at_.Ask("/a");
  at_.Ask("/a");
  EXPECT_EQ(at_.asked(), 3u);
  at_.loop.Advance(121s);
  at_.Ask("/a");
  at_.Ask("/a");
  EXPECT_EQ(at_.asked(), 4u);
}

// --- Cache-Status (RFC 9211) and Proxy-Status (RFC 9209)

TEST_F(SemanticsTest, CacheStatusSaysWhatHappenedOnEveryWay) {
  const auto status = [](const std::shared_ptr<FakeStream>& stream) {
    return stream->Field("cache-status");
  };
  const http::Fields fresh = {{"cache-control", "max-age=60"}, {"etag", "\"1\""}};
  EXPECT_EQ(status(Exchange("/a", 200, fresh)),
            "skerry-edge; fwd=uri-miss; fwd-status=200; ttl=60; stored");
  EXPECT_EQ(status(at_.Ask("/a")), "skerry-edge; hit; ttl=60");
  EXPECT_EQ(status(Exchange("/no", 200, {{"cache-control", "no-store"}})),
            "skerry-edge; fwd=uri-miss; fwd-status=200; detail=no-store");
  const auto post = at_.Ask("/p", {}, "POST");
  at_.Answer(200, {}, "");
  EXPECT_EQ(status(post), "skerry-edge; fwd=method; fwd-status=200");
  EXPECT_EQ(status(Exchange("/auth", 200, {}, {{"authorization", "x"}})),
            "skerry-edge; fwd=bypass; fwd-status=200");
  at_.loop.Advance(70s);
  const auto validated = at_.Ask("/a");
  at_.Head(304, {});
  EXPECT_EQ(status(validated), "skerry-edge; fwd=stale; fwd-status=304; ttl=60; stored");
  const auto failed = at_.Ask("/b");
  at_.Fail({Code::kReset, Side::kUpstream, false, ""});
  EXPECT_EQ(status(failed), "skerry-edge; fwd=uri-miss");
}

TEST_F(SemanticsTest, MembersOfCachesBehindUsStayAndOursIsLast) {
  const http::Fields fields = {{"cache-control", "max-age=60"},
                               {"cache-status", "inner; hit; ttl=9"}};
  EXPECT_THAT(Exchange("/a", 200, fields)->Field("cache-status"),
              testing::StartsWith("inner; hit; ttl=9, skerry-edge; fwd=uri-miss"));
  EXPECT_EQ(at_.Ask("/a")->Field("cache-status"), "inner; hit; ttl=9, skerry-edge; hit; ttl=60");
}

TEST_F(SemanticsTest, ProxyStatusNamesWhatWentWrongUpstreamAndNothingElse) {
  const std::pair<Code, const char*> errors[] = {{Code::kTimeout, "http_response_timeout"},
                                                 {Code::kRefused, "connection_refused"},
                                                 {Code::kReset, "connection_terminated"},
                                                 {Code::kInvalid, "http_protocol_error"},
                                                 {Code::kNotFound, "dns_error"}};
  for (const auto& [code, type] : errors) {
    const auto stream = at_.Ask("/a");
    at_.Fail({code, Side::kUpstream, false, ""});
    EXPECT_EQ(stream->status, code == Code::kTimeout ? 504 : 502);
    EXPECT_EQ(stream->Field("proxy-status"), std::string("skerry-edge; error=") + type);
    EXPECT_EQ(stream->Field("cache-control"), "no-store");
  }
  EXPECT_EQ(Exchange("/b", 500, {})->Field("proxy-status"), "");
  EXPECT_EQ(at_.Ask("/c", {{"cache-control", "only-if-cached"}})->Field("proxy-status"), "");
}

TEST_F(SemanticsTest, AnAnswerThatUpstreamSaysOfItsOwnProxyStaysWithIt) {
  EXPECT_EQ(
      Exchange("/a", 502, {{"proxy-status", "inner; error=dns_error"}})->Field("proxy-status"),
      "inner; error=dns_error");
}

// --- cache deception

class StaticRuleTest : public SemanticsTest {
 protected:
  static Route Static() {
    Route route;
    route.policy.edge_ttl = 3600s;
    return route;
  }
  StaticRuleTest() : SemanticsTest(Static()) {}
};

TEST_F(StaticRuleTest, HtmlUnderTheNameOfAStaticFileIsNotStored) {
  const http::Fields html = {{"content-type", "Text/HTML; charset=utf-8"}};
  for (const char* path : {"/account/x.css", "/account/x.JS", "/a/b.png?c", "/x.woff2"}) {
    Exchange(path, 200, html);
    EXPECT_FALSE(IsHit(path)) << path;
  }
  for (const char* path : {"/x.html", "/", "/account/x", "/v1.2/page", "/x.css/"}) {
    Exchange(path, 200, html);
    EXPECT_TRUE(IsHit(path)) << path;
  }
  Exchange("/y.css", 200, {{"content-type", "text/css"}});
  EXPECT_TRUE(IsHit("/y.css"));
}

TEST_F(SemanticsTest, HtmlUnderSuchANameIsStoredOnlyIfItsOriginSaysSo) {
  Exchange("/said.css", 200, {{"content-type", "text/html"}, {"cache-control", "max-age=60"}});
  EXPECT_TRUE(IsHit("/said.css"));
  Exchange("/guessed.css", 200, {{"content-type", "text/html"}, {"last-modified", Ago(1000s)}});
  EXPECT_FALSE(IsHit("/guessed.css"));
  Exchange("/missing.css", 404, {{"content-type", "text/html"}, {"last-modified", Ago(1000s)}});
  EXPECT_TRUE(IsHit("/missing.css"));  // a page that says so is no page of somebody
}

// --- No-Vary-Search

TEST_F(SemanticsTest, QueriesThatMakeNoDifferenceAreAnsweredByOneStoredResponse) {
  const http::Fields fields = {{"cache-control", "max-age=60"},
                               {"no-vary-search", "params=(\"utm\"), key-order"}};
  EXPECT_FALSE(IsHit("/a?id=1&utm=x"));
  Exchange("/a?id=1&utm=x", 200, fields);
  for (const char* query : {"?id=1&utm=x", "?id=1&utm=y", "?utm=z&id=1", "?id=1"}) {
    EXPECT_TRUE(IsHit(std::string("/a") + query)) << query;
  }
  EXPECT_THAT(at_.Ask("/a?id=1")->Field("cache-status"), HasSubstr("detail=no-vary-search"));
  EXPECT_FALSE(IsHit("/a?id=2"));
  EXPECT_FALSE(IsHit("/b?id=1"));
}

TEST_F(SemanticsTest, AResponseThatAnswersForManyQueriesIsGoneWhicheverOfThemIsPurged) {
  for (const std::string purged : {"/a?utm=y", "/b?utm=x", "/c"}) {
    const std::string path = purged.substr(0, 2);
    Exchange(path + "?utm=x", 200,
             {{"cache-control", "max-age=60"}, {"no-vary-search", "params=(\"utm\")"}});
    ASSERT_TRUE(IsHit(path + "?utm=z"));
    cache::Selectors selectors;
    selectors.urls = {"https://example.com" + purged};
    at_.Purge(std::move(selectors));
    for (const char* query : {"?utm=z", "?utm=y", "?utm=x"}) {
      EXPECT_FALSE(IsHit(path + query)) << purged << ' ' << query;
    }
  }
}

TEST_F(SemanticsTest, TheStoredResponseIsValidatedUnderItsOwnUrlOnceForAllOfThem) {
  const http::Fields fields = {
      {"cache-control", "max-age=60"}, {"etag", "\"1\""}, {"no-vary-search", "params=(\"utm\")"}};
  Exchange("/a?utm=x", 200, fields);
  at_.loop.Advance(70s);
  const auto first = at_.Ask("/a?utm=y");
  const auto second = at_.Ask("/a?utm=z");
  ASSERT_EQ(at_.asked(), 2u);
  EXPECT_EQ(at_.origin->asked[1]->request.path, "/a?utm=x");
  at_.Head(304, {});
  EXPECT_EQ(first->body, "body");
  EXPECT_EQ(second->body, "body");
}

TEST_F(SemanticsTest, AResponseThatSaysSoNoLongerIsNotUsedForOtherQueries) {
  Exchange("/a?utm=x", 200,
           {{"cache-control", "max-age=60"}, {"no-vary-search", "params=(\"utm\")"}});
  at_.loop.Advance(70s);
  const auto other = at_.Ask("/a?utm=y");
  at_.Answer(200, {{"cache-control", "max-age=60"}}, "of x");
  EXPECT_FALSE(other->answered);
  EXPECT_EQ(at_.origin->asked.back()->request.path, "/a?utm=y");
  at_.Answer(200, {{"cache-control", "max-age=60"}}, "of y");
  EXPECT_EQ(other->body, "of y");
  EXPECT_EQ(at_.Ask("/a?utm=x")->body, "of x");
}

}  // namespace
}  // namespace skerry::gateway
