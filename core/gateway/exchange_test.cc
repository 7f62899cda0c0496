#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/gateway/testing.h"

namespace skerry::gateway {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

cache::Selectors Urls(std::string url) {
  cache::Selectors selectors;
  selectors.urls = {std::move(url)};
  return selectors;
}

cache::Selectors Tags(std::string tag) {
  cache::Selectors selectors;
  selectors.tags = {std::move(tag)};
  return selectors;
}

class ExchangeTest : public testing::Test {
 protected:
  GatewayHarness at_;
};

const http::Fields kFresh = {{"cache-control", "max-age=60"}, {"etag", "\"v1\""}};

TEST_F(ExchangeTest, AMissIsFetchedStoredAndThenAHit) {
  const auto miss = at_.Ask("/a");
  at_.Answer(200, kFresh, "body");
  EXPECT_EQ(miss->body, "body");
  EXPECT_TRUE(miss->ended);
  EXPECT_THAT(miss->Field("cache-status"), HasSubstr("fwd=uri-miss; fwd-status=200"));
  EXPECT_THAT(miss->Field("cache-status"), HasSubstr("stored"));
  at_.loop.Advance(10s);
  const auto hit = at_.Ask("/a");
  EXPECT_EQ(hit->body, "body");
  EXPECT_EQ(hit->Field("age"), "10");
  EXPECT_EQ(hit->Field("cache-status"), "skerry-edge; hit; ttl=50");
  EXPECT_EQ(at_.asked(), 1u);
}

TEST_F(ExchangeTest, TheWaitersShareOneFetchAndHaveBytesAsTheyArrive) {
  const auto first = at_.Ask("/a");
  const auto second = at_.Ask("/a");
  at_.Head(200, {{"cache-control", "max-age=60"}});
  at_.Body("part one, ");
  EXPECT_EQ(first->body, "part one, ");
  EXPECT_EQ(second->body, "part one, ");
  const auto late = at_.Ask("/a");
  at_.Body("part two");
  at_.End();
  for (const auto& stream : {first, second, late}) {
    EXPECT_EQ(stream->body, "part one, part two");
    EXPECT_TRUE(stream->ended);
  }
  EXPECT_EQ(at_.asked(), 1u);
  EXPECT_THAT(second->Field("cache-status"), HasSubstr("collapsed"));
}

TEST_F(ExchangeTest, WaitersForAPrivateAnswerFetchForThemselves) {
  const auto first = at_.Ask("/a");
  const auto second = at_.Ask("/a");
  at_.Answer(200, {{"cache-control", "private"}}, "for the first", 0);
  EXPECT_EQ(first->body, "for the first");
  EXPECT_FALSE(second->answered);
  at_.Answer(200, {{"cache-control", "private"}}, "for the second", 1);
  EXPECT_EQ(second->body, "for the second");
  const auto third = at_.Ask("/a");
  EXPECT_EQ(at_.asked(), 3u);  // never stored, never waited for
  at_.Answer(200, {{"cache-control", "private"}}, "third");
  EXPECT_EQ(third->body, "third");
}

TEST_F(ExchangeTest, TheAnonymousRequestGoesFirstAndTheCookieOnlyWhereItMatters) {
  const auto shared = at_.Ask("/style.css", {{"cookie", "id=1"}});
  EXPECT_FALSE(at_.origin->asked[0]->request.fields.Has("cookie"));
  at_.Answer(200, kFresh, "css");
  EXPECT_EQ(shared->body, "css");

  const auto mine = at_.Ask("/account", {{"cookie", "id=1"}});
  at_.Answer(302, {{"location", "/login"}}, "");
  ASSERT_EQ(at_.asked(), 3u);
  EXPECT_EQ(at_.origin->asked[2]->request.fields.Find("cookie"), "id=1");
  at_.Answer(200, {{"cache-control", "private"}}, "hello, one");
  EXPECT_EQ(mine->status, 200);
  EXPECT_EQ(mine->body, "hello, one");
}

TEST_F(ExchangeTest, AStaleAnswerIsServedOnceMoreAndRefreshedBehindOnce) {
  at_.Fill("/a", {{"cache-control", "max-age=60, stale-while-revalidate=60"}, {"etag", "\"v1\""}},
           "old");
  at_.loop.Advance(70s);
  const auto first = at_.Ask("/a");
  const auto second = at_.Ask("/a");
  EXPECT_EQ(first->body, "old");
  EXPECT_EQ(second->body, "old");
  ASSERT_EQ(at_.asked(), 2u);
  EXPECT_EQ(at_.origin->asked[1]->request.fields.Find("if-none-match"), "\"v1\"");
  at_.Answer(200, kFresh, "new");
  EXPECT_EQ(at_.Ask("/a")->body, "new");
  EXPECT_EQ(at_.asked(), 2u);
}

TEST_F(ExchangeTest, AFailedRefreshKeepsTheStaleCopy) {
  at_.Fill("/a", {{"cache-control", "max-age=60, stale-while-revalidate=600"}}, "old");
  at_.loop.Advance(70s);
  at_.Ask("/a");
  at_.Fail({Code::kReset, Side::kUpstream, true, "gone"});
  EXPECT_EQ(at_.Ask("/a")->body, "old");
}

TEST_F(ExchangeTest, BehindTheWindowItIsValidatedBeforeItIsServed) {
  at_.Fill("/a", {{"cache-control", "max-age=60, stale-while-revalidate=5"}, {"etag", "\"v1\""}},
           "old");
  at_.loop.Advance(70s);
  const auto stream = at_.Ask("/a");
  EXPECT_FALSE(stream->answered);
  at_.Head(304, {{"cache-control", "max-age=60"}});
  EXPECT_EQ(stream->status, 200);
  EXPECT_EQ(stream->body, "old");
  EXPECT_THAT(stream->Field("cache-status"), HasSubstr("fwd=stale; fwd-status=304"));
  at_.loop.Advance(30s);
  EXPECT_THAT(at_.Ask("/a")->Field("cache-status"), HasSubstr("hit"));
}

TEST_F(ExchangeTest, A304AboutAnotherTagIsAskedAgainWithoutConditions) {
  at_.Fill("/a", {{"cache-control", "max-age=60"}, {"etag", "\"v1\""}}, "old");
  at_.loop.Advance(70s);
  const auto stream = at_.Ask("/a");
  at_.Head(304, {{"etag", "\"v9\""}});
  ASSERT_EQ(at_.asked(), 3u);
  EXPECT_FALSE(at_.origin->asked[2]->request.fields.Has("if-none-match"));
  at_.Answer(200, kFresh, "new");
  EXPECT_EQ(stream->body, "new");
}

TEST_F(ExchangeTest, A304ThatForbidsStoringIsServedAndNotKeptFresh) {
  at_.Fill("/a", {{"cache-control", "max-age=60"}, {"etag", "\"v1\""}}, "old");
  at_.loop.Advance(70s);
  const auto stream = at_.Ask("/a");
  at_.Head(304, {{"cache-control", "no-store"}});
  EXPECT_EQ(stream->body, "old");
  at_.Ask("/a");
  EXPECT_EQ(at_.asked(), 3u);
}

TEST_F(ExchangeTest, AnErrorIsAnsweredWithTheStaleCopyWithinItsWindow) {
  at_.Fill("/a", {{"cache-control", "max-age=60, stale-if-error=600"}}, "old");
  at_.loop.Advance(70s);
  const auto on_500 = at_.Ask("/a");
  at_.Answer(500, {{"cache-control", "max-age=60"}}, "broken");
  EXPECT_EQ(on_500->body, "old");
  const auto on_reset = at_.Ask("/a");
  at_.Fail({Code::kReset, Side::kUpstream, true, "gone"});
  EXPECT_EQ(on_reset->body, "old");
  at_.loop.Advance(3600s);
  const auto too_late = at_.Ask("/a");
  at_.Answer(500, {}, "broken");
  EXPECT_EQ(too_late->status, 500);
}

TEST_F(ExchangeTest, WithoutAnythingStoredAFailureIs502AndATimeout504) {
  const auto reset = at_.Ask("/a");
  at_.Fail({Code::kReset, Side::kUpstream, true, "gone"});
  EXPECT_EQ(reset->status, 502);
  EXPECT_THAT(reset->Field("proxy-status"), HasSubstr("connection_terminated"));
  const auto timeout = at_.Ask("/a");
  at_.Fail({Code::kTimeout, Side::kUpstream, true, "slow"});
  EXPECT_EQ(timeout->status, 504);
}

TEST_F(ExchangeTest, ABodyThatBreaksOffIsNeverEndedAndNeverStored) {
  const auto stream = at_.Ask("/a");
  at_.Head(200, {{"cache-control", "max-age=60"}, {"content-length", "10"}});
  at_.Body("01234");
  at_.Fail({Code::kReset, Side::kUpstream, true, "gone"});
  EXPECT_TRUE(stream->broken);
  EXPECT_FALSE(stream->ended);
  at_.Ask("/a");
  EXPECT_EQ(at_.asked(), 2u);
}

TEST_F(ExchangeTest, VariantsLiveSideBySide) {
  const auto ask = [&](const char* language) {
    return at_.Ask("/a", {{"accept-language", language}});
  };
  const http::Fields varies = {{"cache-control", "max-age=60"}, {"vary", "accept-language"}};
  ask("de");
  at_.Answer(200, varies, "hallo");
  const auto french = ask("fr");
  EXPECT_FALSE(french->answered);
  at_.Answer(200, varies, "bonjour");
  EXPECT_THAT(french->Field("cache-status"), HasSubstr("fwd=vary-miss"));
  EXPECT_EQ(ask("de")->body, "hallo");
  EXPECT_EQ(ask("fr")->body, "bonjour");
  EXPECT_EQ(at_.asked(), 2u);
}

TEST_F(ExchangeTest, AVaryOnWhatTheOriginNeverSawIsNotStored) {
  const auto stream = at_.Ask("/a", {{"cookie", "a=b"}});
  at_.Answer(200, {{"cache-control", "max-age=60"}, {"vary", "cookie"}}, "anonymous");
  EXPECT_FALSE(stream->answered);
  at_.Answer(200, {{"cache-control", "max-age=60"}, {"vary", "cookie"}}, "for a=b");
  EXPECT_EQ(stream->body, "for a=b");
  at_.Ask("/a", {{"cookie", "a=c"}});
  EXPECT_EQ(at_.asked(), 3u);
}

TEST_F(ExchangeTest, AHardPurgeTakesItAwayAndASoftOneMakesItStale) {
  at_.Fill("/a", {{"cache-control", "max-age=600, stale-while-revalidate=600"}, {"etag", "\"1\""}},
           "old");
  at_.Purge(Urls("https://example.com/a"), cache::PurgeMode::kSoft);
  const auto soft = at_.Ask("/a");
  EXPECT_EQ(soft->body, "old");
  EXPECT_EQ(at_.asked(), 2u);  // refreshed behind
  at_.Answer(200, kFresh, "newer");
  at_.Purge(Urls("https://example.com/a"));
  const auto hard = at_.Ask("/a");
  EXPECT_FALSE(hard->answered);
  EXPECT_FALSE(at_.origin->asked.back()->request.fields.Has("if-none-match"));
  at_.Answer(200, kFresh, "newest");
  EXPECT_EQ(hard->body, "newest");
}

TEST_F(ExchangeTest, APurgeDuringAFetchKeepsItFromThoseWhoComeLater) {
  const auto before = at_.Ask("/a");
  at_.Purge(Urls("https://example.com/a"));
  const auto after = at_.Ask("/a");
  ASSERT_EQ(at_.asked(), 2u);
  at_.Answer(200, kFresh, "old", 0);
  EXPECT_EQ(before->body, "old");  // it began before the purge
  EXPECT_FALSE(after->answered);
  at_.Answer(200, kFresh, "new", 1);
  EXPECT_EQ(after->body, "new");
  EXPECT_EQ(at_.Ask("/a")->body, "new");
}

TEST_F(ExchangeTest, APurgeByTagIsSeenWhenTheHeadBringsTheTag) {
  const auto before = at_.Ask("/a");
  at_.Purge(Tags("product-7"));
  const auto after = at_.Ask("/a");
  ASSERT_EQ(at_.asked(), 1u);  // nobody can know the tag yet
  at_.Answer(200, {{"cache-control", "max-age=60"}, {"cache-tag", "product-7"}}, "old", 0);
  EXPECT_EQ(before->body, "old");
  EXPECT_FALSE(after->answered);
  ASSERT_EQ(at_.asked(), 2u);
  at_.Answer(200, {{"cache-control", "max-age=60"}, {"cache-tag", "product-7"}}, "new", 1);
  EXPECT_EQ(after->body, "new");
}

TEST_F(ExchangeTest, AFencedNodeValidatesWhatIsFreshButServesWhatIsNamedByItsBytes) {
  at_.Fill("/page", {{"cache-control", "max-age=600"}, {"etag", "\"1\""}}, "page");
  at_.Fill("/app.9f2c0a1b.js", {{"cache-control", "max-age=600, immutable"}}, "script");
  at_.fence = cache::Fence::kPartition;
  EXPECT_EQ(at_.Ask("/app.9f2c0a1b.js")->body, "script");
  const auto page = at_.Ask("/page");
  EXPECT_FALSE(page->answered);
  at_.Head(304, {});
  EXPECT_EQ(page->body, "page");
  EXPECT_THAT(page->Field("cache-status"), HasSubstr("fwd=stale"));
  EXPECT_THAT(page->Field("cache-status"), HasSubstr("detail=fenced"));
}

TEST_F(ExchangeTest, AnUnsafeMethodThatSucceedsInvalidatesAndOneThatFailsDoesNot) {
  at_.Fill("/a", kFresh, "old");
  at_.Ask("/a", {}, "POST");
  at_.Answer(500, {}, "");
  EXPECT_EQ(at_.Ask("/a")->body, "old");
  at_.Ask("/a", {}, "POST");
  at_.Answer(204, {}, "");
  at_.Ask("/a");
  EXPECT_EQ(at_.asked(), 4u);
}

TEST_F(ExchangeTest, AnUnsafeMethodInvalidatesWhatItsLocationNamesOnTheSameHost) {
  at_.Fill("/list", kFresh, "list");
  at_.Ask("/items", {}, "POST");
  at_.Answer(201, {{"location", "/list"}}, "");
  at_.Ask("/list");
  EXPECT_EQ(at_.asked(), 3u);
}

TEST_F(ExchangeTest, ARequestBodyGoesUpstreamWithItsFlowControl) {
  const auto stream = at_.Ask("/form", {{"content-length", "5"}}, "POST", false);
  ASSERT_NE(at_.origin->bodies[0], nullptr);
  at_.Events(stream).OnBody("hello");
  at_.Events(stream).OnBodyEnd({});
  http::BodySource& body = *at_.origin->bodies[0];
  EXPECT_EQ(body.Peek(100).bytes, "hello");
  EXPECT_EQ(stream->consumed, 0u);
  body.Consume(5);
  EXPECT_EQ(stream->consumed, 5u);
  EXPECT_EQ(body.Peek(100).state, http::BodySource::State::kEnd);
}

TEST_F(ExchangeTest, ABodyOnAGetNeverReachesTheOrigin) {
  const auto stream = at_.Ask("/a", {{"content-length", "5"}}, "GET", false);
  EXPECT_EQ(at_.origin->bodies[0], nullptr);
  at_.Events(stream).OnBody("hello");
  EXPECT_EQ(stream->consumed, 5u);
}

TEST_F(ExchangeTest, CompressesOnceForAllWhoTakeBrotliAndKeepsTheWhole) {
  const std::string css(4000, 'a');
  const auto ask = [&](const char* accepts) {
    return at_.Ask("/a.css", {{"accept-encoding", accepts}});
  };
  const auto first = ask("gzip, br");
  at_.Answer(
      200, {{"cache-control", "max-age=60"}, {"content-type", "text/css"}, {"etag", "\"1\""}}, css);
  while (!first->ended) at_.loop.RunPosted();
  EXPECT_EQ(first->Field("content-encoding"), "br");
  EXPECT_THAT(first->Field("etag"), StartsWith("\"1~br5."));
  EXPECT_THAT(first->Field("vary"), HasSubstr("accept-encoding"));
  EXPECT_LT(first->body.size(), 100u);
  EXPECT_EQ(ask("br, gzip")->body, first->body);
  EXPECT_EQ(at_.asked(), 1u);
  const auto plain = ask("identity");
  at_.Answer(
      200, {{"cache-control", "max-age=60"}, {"content-type", "text/css"}, {"etag", "\"1\""}}, css);
  EXPECT_EQ(plain->body, css);
  EXPECT_THAT(plain->Field("vary"), HasSubstr("accept-encoding"));
  EXPECT_EQ(plain->Field("etag"), "\"1\"");
}

TEST_F(ExchangeTest, HeadAndRangesAreAnsweredFromTheStoredGet) {
  at_.Fill("/a", kFresh, "0123456789");
  const auto head = at_.Ask("/a", {}, "HEAD");
  EXPECT_EQ(head->status, 200);
  const auto range = at_.Ask("/a", {{"range", "bytes=3-5"}});
  EXPECT_EQ(range->status, 206);
  EXPECT_EQ(range->body, "345");
  EXPECT_EQ(at_.Ask("/a", {{"if-none-match", "\"v1\""}})->status, 304);
  EXPECT_EQ(at_.asked(), 1u);
}

TEST_F(ExchangeTest, ARangeOnAMissFillsTheWholeObject) {
  const auto stream = at_.Ask("/a", {{"range", "bytes=3-5"}});
  EXPECT_FALSE(at_.origin->asked[0]->request.fields.Has("range"));
  at_.Answer(200, kFresh, "0123456789");
  EXPECT_EQ(stream->status, 206);
  EXPECT_EQ(stream->body, "345");
  EXPECT_EQ(at_.Ask("/a")->body, "0123456789");
}

TEST_F(ExchangeTest, TheInitiatorMayLeaveWhileOthersRead) {
  const auto first = at_.Ask("/a");
  const auto second = at_.Ask("/a");
  at_.Head(200, kFresh);
  at_.Leave(first);
  at_.Body("body");
  at_.End();
  EXPECT_EQ(second->body, "body");
}

TEST_F(ExchangeTest, AFetchIsCancelledWhenNobodyIsLeft) {
  const auto stream = at_.Ask("/a");
  at_.Leave(stream);
  EXPECT_TRUE(at_.origin->asked[0]->cancelled);
  at_.Ask("/a");
  EXPECT_EQ(at_.asked(), 2u);
}

TEST_F(ExchangeTest, OnlyIfCachedNeverGoesUpstream) {
  EXPECT_EQ(at_.Ask("/a", {{"cache-control", "only-if-cached"}})->status, 504);
  EXPECT_EQ(at_.asked(), 0u);
}

TEST_F(ExchangeTest, ClientsCannotBypassTheCacheByDefault) {
  at_.Fill("/a", kFresh, "body");
  at_.Ask("/a", {{"cache-control", "no-cache"}, {"pragma", "no-cache"}});
  EXPECT_EQ(at_.asked(), 1u);
}

TEST_F(ExchangeTest, TagsAndTargetedFieldsNeverReachClients) {
  at_.Ask("/a");
  at_.Answer(200,
             {{"cdn-cache-control", "max-age=600"},
              {"cache-control", "max-age=5"},
              {"cache-tag", "a, b"},
              {"surrogate-key", "c"}},
             "body");
  at_.loop.Advance(100s);
  const auto hit = at_.Ask("/a");
  EXPECT_THAT(hit->Field("cache-status"), HasSubstr("hit; ttl=500"));
  EXPECT_EQ(hit->Field("cache-control"), "max-age=5");
  EXPECT_EQ(hit->Field("cdn-cache-control"), "");
  EXPECT_EQ(hit->Field("cache-tag"), "");
  EXPECT_EQ(hit->Field("surrogate-key"), "");
}

TEST_F(ExchangeTest, InterimAnswersGoToTheOneWhoAskedFirst) {
  const auto stream = at_.Ask("/a");
  at_.origin->asked[0]->events->OnInterim({103, {{"link", "</a.css>; rel=preload"}}});
  ASSERT_EQ(stream->interim.size(), 1u);
  EXPECT_EQ(stream->interim[0].status, 103);
  at_.Answer(200, kFresh, "body");
  EXPECT_EQ(at_.Ask("/a")->Field("link"), "");
}

const auto kEdgeTokens = std::make_shared<const Secrets>(std::vector<std::string>{"token-of-edge"});

TEST(ExchangeTierTest, AnEdgeTellsItsShieldHowMuchOfTheLogItHasApplied) {
  GatewayHarness at({}, /*shield_behind=*/true);
  at.shared.tier.node = "edge-1";
  at.shared.tier.tokens = kEdgeTokens;
  at.Purge(Tags("x"));
  at.Ask("/a", {{"skerry-node-token", "forged"}});
  const http::Fields& sent = at.origin->asked[0]->request.fields;
  EXPECT_EQ(sent.Combined("skerry-node-token"), "token-of-edge");
  EXPECT_EQ(sent.Find("skerry-scheme"), "https");
  EXPECT_THAT(std::string(sent.Find("skerry-purge-seq").value_or("")), HasSubstr("1"));
}

TEST(ExchangeTierTest, AShieldBehindItsEdgeBypassesItsCache) {
  GatewayHarness at;
  at.shared.tier.is_shield = true;
  at.shared.tier.tokens = kEdgeTokens;
  at.Fill("/a", kFresh, "old");
  const http::Fields from_edge = {{"skerry-node", "edge-1"},
                                  {"skerry-node-token", "token-of-edge"},
                                  {"skerry-scheme", "https"},
                                  {"skerry-purge-seq", cache::ToFieldValue({5, ""})}};
  const auto ahead = at.Ask("/a", from_edge);
  EXPECT_FALSE(ahead->answered) << ahead->status << " " << ahead->Field("cache-status");
  at.Answer(200, kFresh, "new");
  EXPECT_EQ(ahead->body, "new");
  EXPECT_EQ(at.Ask("/a", {{"skerry-node-token", "guess"}})->status, 403);
}

TEST(ExchangeTierTest, AShieldThatDoesNotKnowOurTokenIsAFailureOfOurs) {
  GatewayHarness at({}, /*shield_behind=*/true);
  const auto refused = at.Ask("/a");
  at.Answer(403, {{"skerry-refused", "node-token"}}, "who are you?");
  EXPECT_EQ(refused->status, 502);
  EXPECT_EQ(refused->Field("proxy-status"), "skerry-edge; error=connection_refused");
  const auto denied = at.Ask("/b");
  at.Answer(403, {}, "not for you");
  EXPECT_EQ(denied->status, 403);
}

TEST(ExchangeTierTest, OnlyAShieldCanRefuseUs) {
  GatewayHarness at;
  const auto answer = at.Ask("/a");
  at.Answer(403, {{"skerry-refused", "node-token"}}, "not for you");
  EXPECT_EQ(answer->status, 403);
  EXPECT_EQ(answer->Field("skerry-refused"), "");
}

TEST(ExchangeTierTest, AShieldHandsAnEdgeNothingThatWasPurgedSoftly) {
  GatewayHarness at;
  at.shared.tier.is_shield = true;
  at.shared.tier.tokens = kEdgeTokens;
  at.Fill("/a", {{"cache-control", "max-age=60, stale-if-error=600"}}, "old");
  at.Purge(Urls("https://example.com/a"), cache::PurgeMode::kSoft);
  const auto client = at.Ask("/a");
  at.Fail({Code::kReset, Side::kUpstream, true, ""});
  EXPECT_EQ(client->body, "old");
  const auto edge = at.Ask("/a", {{"skerry-node", "edge-1"},
                                  {"skerry-node-token", "token-of-edge"},
                                  {"skerry-scheme", "https"}});
  at.Fail({Code::kReset, Side::kUpstream, true, ""});
  EXPECT_EQ(edge->status, 502);
}

TEST(ExchangeTierTest, StaleWhileRevalidateActsAtTheTierThatClientsAsk) {
  GatewayHarness at;
  at.shared.tier.is_shield = true;
  at.shared.tier.tokens = kEdgeTokens;
  at.Fill("/a", {{"cache-control", "max-age=60, stale-while-revalidate=600"}}, "old");
  at.loop.Advance(Seconds(70));
  const auto edge = at.Ask("/a", {{"skerry-node", "edge-1"},
                                  {"skerry-node-token", "token-of-edge"},
                                  {"skerry-scheme", "https"}});
  EXPECT_FALSE(edge->answered);
  at.Fail({Code::kReset, Side::kUpstream, true, ""});
  EXPECT_EQ(at.Ask("/a")->body, "old");
  at.Answer(200, {{"cache-control", "max-age=60, stale-while-revalidate=600"}}, "new");
  at.Purge(Urls("https://example.com/a"), cache::PurgeMode::kSoft);
  EXPECT_FALSE(at.Ask("/a")->answered);
}

}  // namespace
}  // namespace skerry::gateway
