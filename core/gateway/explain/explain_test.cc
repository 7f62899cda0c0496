#include "core/gateway/explain/explain.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "core/gateway/testing.h"
#include "core/gateway/words.h"

namespace skerry::gateway {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

http::RequestHead RequestFor(std::string path, http::Fields fields = {},
                             std::string method = "GET") {
  return {std::move(method), "https", "example.com", std::move(path), std::move(fields)};
}

cache::Selectors Tag(std::string tag) {
  cache::Selectors selectors;
  selectors.tags = {std::move(tag)};
  return selectors;
}
cache::Selectors Url(std::string url) {
  cache::Selectors selectors;
  selectors.urls = {std::move(url)};
  return selectors;
}

Explanation ExplainNow(GatewayHarness& at, const http::RequestHead& request, bool running = true) {
  std::optional<Explanation> told;
  const ExplainSources sources{
      .shared = at.shared,
      .classifier = std::shared_ptr<const Classifier>(&at.gateway->classifier(), [](auto*) {}),
      .running = running,
      .find_record = [](cache::Seq record) -> std::optional<cache::AppliedRecord> {
        return cache::AppliedRecord{.seq = record,
                                    .id = "p-" + std::to_string(record),
                                    .kind = cache::RecordKind::kPurge,
                                    .release = "",
                                    .at = {}};
      }};
  ExplainQuery query;
  query.request = request;
  Explain(sources, query, at.loop, [&](Explanation one) { told = std::move(one); });
  at.loop.RunPosted();
  return told.value_or(Explanation{});
}

// "skerry-edge; hit; ttl=5", or of what was forwarded cache, fwd and what was known of
// detail before upstream was asked.
std::string BeforeUpstream(const std::string& cache_status, const std::string& foretold) {
  const bool forwarded = cache_status.find("; fwd=") != cache_status.npos;
  if (!forwarded) return cache_status;
  std::string kept = cache_status.substr(0, cache_status.find(';', cache_status.find("fwd=")));
  const size_t detail = cache_status.find("; detail=");
  if (detail != cache_status.npos && foretold.find("; detail=") != foretold.npos) {
    kept += cache_status.substr(detail);
  }
  return kept;
}

constexpr const char* kSwr = "max-age=60, stale-while-revalidate=60";

struct Case {
  const char* name;
  std::function<void(GatewayHarness&)> arrange;
  http::RequestHead request;
  Route route = {};
};

// Long: one list.
std::vector<Case> Situations() {
  const auto stored = [](std::string control, Seconds pause) {
    return [=](GatewayHarness& at) {
      at.Fill("/a", {{"cache-control", control}, {"etag", "\"v\""}, {"cache-tag", "news, a"}}, "x");
      at.loop.Advance(pause);
    };
  };
  const auto purged = [stored](cache::PurgeMode mode, std::string control) {
    return [=](GatewayHarness& at) {
      stored(control, 1s)(at);
      at.Purge(Tag("news"), mode);
    };
  };
  Route bypass;
  bypass.policy.bypass = true;
  Route rfc;
  rfc.policy = cache::Policy::Rfc();
  const http::RequestHead get = RequestFor("/a");
  return {
      {"nothing is stored", [](GatewayHarness&) {}, get},
      {"fresh", stored("max-age=60", 10s), get},
      {"fresh for a HEAD", stored("max-age=60", 10s), RequestFor("/a", {}, "HEAD")},
      {"the last second", stored("max-age=60", 59s), get},
      {"expired", stored("max-age=60", 60s), get},
      {"within stale-while-revalidate", stored(kSwr, 70s), get},
      {"behind stale-while-revalidate", stored(kSwr, 200s), get},
      {"no-cache", stored("no-cache", 1s), get},
      {"a hard purge", purged(cache::PurgeMode::kHard, "max-age=60"), get},
      {"a soft purge", purged(cache::PurgeMode::kSoft, "max-age=60"), get},
      {"a soft purge within the window", purged(cache::PurgeMode::kSoft, kSwr), get},
      {"fenced",
       [stored](GatewayHarness& at) {
         stored("max-age=60", 1s)(at);
         at.fence = cache::Fence::kPartition;
       },
       get},
      {"another variant",
       [](GatewayHarness& at) {
         at.Ask("/a", {{"accept-language", "de"}});
         at.Answer(200, {{"cache-control", "max-age=60"}, {"vary", "accept-language"}}, "x");
       },
       RequestFor("/a", {{"accept-language", "fr"}})},
      {"its variant",
       [](GatewayHarness& at) {
         at.Ask("/a", {{"accept-language", "de"}});
         at.Answer(200, {{"cache-control", "max-age=60"}, {"vary", "accept-language"}}, "x");
       },
       RequestFor("/a", {{"accept-language", "de"}})},
      {"private lately",
       [](GatewayHarness& at) {
         at.Ask("/a");
         at.Answer(200, {{"cache-control", "private"}}, "x");
       },
       get},
      {"a method", [](GatewayHarness&) {}, RequestFor("/a", {}, "POST")},
      {"a rule that bypasses", [](GatewayHarness&) {}, get, bypass},
      {"credentials", [](GatewayHarness&) {}, RequestFor("/a", {{"authorization", "Basic x"}})},
      {"an onlooker's no-cache is ignored", stored("max-age=60", 1s),
       RequestFor("/a", {{"cache-control", "no-cache"}})},
      {"no-cache of the request in profile rfc", stored("max-age=60", 1s),
       RequestFor("/a", {{"cache-control", "no-cache"}}), rfc},
      {"max-stale in profile rfc", stored("max-age=60", 70s),
       RequestFor("/a", {{"cache-control", "max-stale=100"}}), rfc},
      {"only-if-cached, and it is not", [](GatewayHarness&) {},
       RequestFor("/a", {{"cache-control", "only-if-cached"}})},
      {"only-if-cached, and it is", stored("max-age=60", 1s),
       RequestFor("/a", {{"cache-control", "only-if-cached"}})},
      {"another spelling of the path", stored("max-age=60", 1s), RequestFor("/b/../%61")},
      {"after an unsafe method",
       [stored](GatewayHarness& at) {
         stored("max-age=60", 1s)(at);
         at.Ask("/a", {}, "POST");
         at.Answer(200, {}, "done");
       },
       get},
      {"stored under another query",
       [](GatewayHarness& at) {
         at.Fill("/a?u=1", {{"cache-control", "max-age=60"}, {"no-vary-search", "params=(\"u\")"}},
                 "x");
       },
       RequestFor("/a?u=2")},
      {"a condition that holds", stored("max-age=60", 1s),
       RequestFor("/a", {{"if-match", "\"v\""}})},
      {"a condition that does not", stored("max-age=60", 1s),
       RequestFor("/a", {{"if-match", "\"w\""}})},
      {"a condition on a miss", [](GatewayHarness&) {}, RequestFor("/a", {{"if-match", "*"}})},
      {"it varies on what is left out",
       [](GatewayHarness& at) {
         at.Fill("/a", {{"cache-control", "max-age=60"}, {"vary", "cookie"}}, "x");
       },
       RequestFor("/a", {{"cookie", "a=b"}})},
  };
}

TEST(ExplainTest, WhatItForetellsIsWhatTheNextRequestsCacheStatusSays) {
  for (const Case& one : Situations()) {
    SCOPED_TRACE(one.name);
    GatewayHarness at(one.route);
    one.arrange(at);
    const Explanation told = ExplainNow(at, one.request);
    const size_t asked = at.asked();
    http::Fields fields = one.request.fields;
    const auto answer = at.Ask(one.request.path, fields, one.request.method);
    if (at.asked() > asked && !answer->answered) {
      at.Answer(200, {{"cache-control", "max-age=60"}}, "new");
    }
    ASSERT_TRUE(answer->answered);
    const std::string real = answer->Field("cache-status");
    EXPECT_EQ(told.cache_status, BeforeUpstream(real, told.cache_status)) << ToText(told);
    EXPECT_EQ(told.hit, real.find("; hit") != real.npos);
  }
}

TEST(ExplainTest, LookingTwiceIsLookingOnce) {
  for (const Case& one : Situations()) {
    SCOPED_TRACE(one.name);
    GatewayHarness at(one.route);
    one.arrange(at);
    const size_t asked = at.asked();
    const size_t objects = at.shared.ram->objects();
    const std::string metrics = at.metrics.Text();
    const std::string first = ToText(ExplainNow(at, one.request));
    EXPECT_EQ(ToText(ExplainNow(at, one.request)), first);
    EXPECT_EQ(at.asked(), asked);
    EXPECT_EQ(at.shared.ram->objects(), objects);
    EXPECT_EQ(at.metrics.Text(), metrics);
  }
}

class ExplainTextTest : public testing::Test {
 protected:
  std::string Text(std::string path = "/a", http::Fields fields = {}) {
    return ToText(ExplainNow(at_, RequestFor(std::move(path), std::move(fields))));
  }
  GatewayHarness at_;
};

TEST_F(ExplainTextTest, AHitSaysWhereItsLifetimeComesFromAndWhatBrowsersAreSent) {
  at_.Fill("/a", {{"cache-control", "max-age=60"}, {"cdn-cache-control", "max-age=600"}}, "x");
  at_.loop.Advance(10s);
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("answered from the cache"));
  EXPECT_THAT(text, HasSubstr("10 min, max-age of cdn-cache-control: max-age=600"));
  EXPECT_THAT(text, HasSubstr("9 min 50 s more"));
  EXPECT_THAT(text, HasSubstr("max-age=60 (as the origin says)"));
}

TEST_F(ExplainTextTest, APurgeIsNamedByRecordSelectorAndMode) {
  at_.Fill("/a", {{"cache-control", "max-age=60"}, {"surrogate-key", "shop news"}}, "x");
  at_.Purge(Url("https://example.com/other"));
  at_.Purge(Tag("news"));
  const std::string text = Text();
  EXPECT_THAT(text, HasSubstr("a purge has taken away what is stored"));
  EXPECT_THAT(text, HasSubstr("tag news"));
  EXPECT_THAT(text, HasSubstr("record 2 of the purge log, applied here"));
  EXPECT_THAT(text, HasSubstr("p-2"));
  EXPECT_THAT(text, HasSubstr("hard: what was fetched before is never used again"));
}

TEST_F(ExplainTextTest, APurgeIsStillNamedWhenWhatItTookIsGone) {
  at_.Fill("/a", {{"cache-control", "max-age=60"}}, "x");
  at_.Purge(Url("https://example.com/a"));
  at_.Ask("/a");
  at_.Fail({Code::kReset, Side::kUpstream, true, "gone"});
  EXPECT_THAT(Text(), HasSubstr("url example.com/a"));
}

TEST_F(ExplainTextTest, WhyNothingIsStoredIsToldWhileItIsKnown) {
  at_.Fill("/a", {{"cache-control", "no-store, max-age=60"}}, "x");
  EXPECT_THAT(Text(), testing::AllOf(HasSubstr("could not be stored: it said no-store"),
                                     HasSubstr("an origin that does not say no-store")));
  at_.Fill("/a", {{"cache-control", "maxage=60"}}, "x");
  EXPECT_THAT(Text(), testing::AllOf(HasSubstr("no field that is understood gave it a lifetime"),
                                     HasSubstr("edge_ttl or default_ttl in the rule")));
  at_.loop.Advance(121s);
  EXPECT_THAT(Text(), HasSubstr("never asked for, never storable, or evicted"));
}

TEST_F(ExplainTextTest, WhatMakesItAHitFitsWhyItIsNone) {
  at_.Fill("/a", {{"cache-control", "max-age=60"}}, "x");
  at_.Purge(Url("https://example.com/a"));
  EXPECT_THAT(Text(), HasSubstr("the next request: it fetches what is there now"));
  at_.Fill("/vary", {{"cache-control", "max-age=60"}, {"vary", "x-group"}}, "x");
  EXPECT_THAT(Text("/vary", {{"x-group", "1"}}),
              testing::AllOf(HasSubstr("the one for no x-group"), HasSubstr("key.fields"),
                             Not(HasSubstr("304 or 200 makes it fresh"))));
}

TEST_F(ExplainTextTest, VariantsThatAreTooManyAreSaidToBe) {
  at_.shared.variants_per_key = 2;
  for (const char* language : {"de", "fr"}) {
    at_.Ask("/a", {{"accept-language", language}});
    at_.Answer(200, {{"cache-control", "max-age=60"}, {"vary", "accept-language"}}, "x");
  }
  EXPECT_THAT(Text("/a", {{"accept-language", "it"}}),
              testing::AllOf(HasSubstr("2 at most (limits.variants)"), HasSubstr("fewer values")));
}

TEST_F(ExplainTextTest, FieldsThatDoNotReachTheOriginAreNamed) {
  EXPECT_THAT(Text("/a", {{"cookie", "id=1"}, {"accept-language", "de"}}),
              testing::AllOf(HasSubstr("accept-language: de"), HasSubstr("cookie (an answer"),
                             Not(HasSubstr("id=1"))));
}

TEST_F(ExplainTextTest, TheValuesStandInOneColumn) {
  at_.Fill("/a", {{"cache-control", "max-age=60"}}, "x");
  std::istringstream lines(Text());
  std::optional<size_t> column;
  for (std::string line; std::getline(lines, line);) {
    if (!line.starts_with("   ")) continue;
    const size_t gap = line.find("  ", 3);
    ASSERT_NE(gap, line.npos) << line;
    const size_t value = line.find_first_not_of(' ', gap);
    if (!column) column = value;
    EXPECT_EQ(value, *column) << line;
  }
}

TEST_F(ExplainTextTest, ForMachinesTheSameFactsAreMembers) {
  at_.Fill("/a", {{"cache-control", "max-age=60"}, {"etag", "\"v\""}}, "body");
  const auto json = nlohmann::json::parse(ToJson(ExplainNow(at_, RequestFor("/a"))));
  EXPECT_EQ(json["hit"], true);
  EXPECT_EQ(json["cache_status"], "skerry-edge; hit; ttl=60");
  EXPECT_EQ(json["key"]["cache_key"], "https://example.com/a");
  EXPECT_EQ(json["lookup"]["found"], "ram");
  EXPECT_EQ(json["lookup"]["bytes"], 4);
  EXPECT_EQ(json["freshness"]["at_the_edge"], 60);
  EXPECT_EQ(json["freshness"]["from"], "max-age");
  EXPECT_EQ(json["purge"]["purged"], false);
}

TEST_F(ExplainTextTest, WithoutANodeNothingIsSaidOfWhatIsStored) {
  const Explanation told = ExplainNow(at_, RequestFor("/a"), /*running=*/false);
  EXPECT_EQ(told.cache_status, "");
  EXPECT_THAT(ToText(told), HasSubstr("no running node was asked"));
}

TEST_F(ExplainTextTest, BytesThatAreNoTextDoNoHarm) {
  const Explanation told = ExplainNow(at_, RequestFor("/\xff\x1b[31m"));
  EXPECT_THAT(ToText(told), Not(HasSubstr("\x1b")));
  EXPECT_TRUE(nlohmann::json::accept(ToJson(told)));
}

// ---- the query

TEST(ExplainQueryTest, GivesTheRequestThatAClientWouldSend) {
  const auto query = ParseExplainQuery(
      "/explain?url=https://Example.com:8443/a%2520b?x=1%26y=2%23part&header=Accept:%20image/*"
      "&header=accept-language:de&method=HEAD&format=json");
  ASSERT_TRUE(query) << query.error().context;
  EXPECT_EQ(query->request.method, "HEAD");
  EXPECT_EQ(query->request.scheme, "https");
  EXPECT_EQ(query->request.authority, "example.com:8443");
  EXPECT_EQ(query->request.path, "/a%20b?x=1&y=2");
  EXPECT_EQ(query->request.fields.Find("accept"), "image/*");
  EXPECT_EQ(query->request.fields.Find("accept-language"), "de");
  EXPECT_EQ(query->json, true);
}

TEST(ExplainTest, AFetchUnderWayIsToldAsFarAsItIs) {
  GatewayHarness at;
  const auto text = [&](http::RequestHead request) { return ToText(ExplainNow(at, request)); };
  EXPECT_THAT(text(RequestFor("/a")), HasSubstr("no fetch that it could share"));
  at.Ask("/a");
  EXPECT_THAT(text(RequestFor("/a")), HasSubstr("has not answered yet"));
  EXPECT_THAT(ExplainNow(at, RequestFor("/a")).summary, HasSubstr("share the fetch"));
  EXPECT_THAT(text(RequestFor("/b")), HasSubstr("no fetch that it could share"));
  EXPECT_THAT(text(RequestFor("/a", {}, "HEAD")), HasSubstr("no fetch that it could share"));
  EXPECT_THAT(text(RequestFor("/a", {{"if-match", "\"x\""}})),
              HasSubstr("no fetch that it could share"));
  at.Head(200, {{"cache-control", "max-age=60"}, {"content-length", "10"}});
  at.Body("12345");
  EXPECT_THAT(text(RequestFor("/a")), HasSubstr("5 bytes have come so far"));
  const auto joined = at.Ask("/a");
  EXPECT_EQ(joined->body, "12345");  // as it says
  at.Body("67890");
  at.End();
  EXPECT_EQ(ExplainNow(at, RequestFor("/a")).summary, "It would be answered from the cache.");
  EXPECT_EQ(at.asked(), 1u);
}

TEST(ExplainTest, AFetchFromBeforeAPurgeIsNotOneToShare) {
  GatewayHarness at;
  at.Ask("/a");
  at.Purge(Url("https://example.com/a"));
  EXPECT_THAT(ToText(ExplainNow(at, RequestFor("/a"))), HasSubstr("no fetch that it could share"));
}

TEST(ExplainTest, ARefreshBehindAStaleAnswerIsTold) {
  GatewayHarness at;
  at.Fill("/a", {{"cache-control", kSwr}}, "x");
  at.loop.Advance(70s);
  EXPECT_EQ(at.Ask("/a")->body, "x");
  EXPECT_THAT(ToText(ExplainNow(at, RequestFor("/a"))), HasSubstr("for which nobody waits"));
}

TEST(ExplainQueryTest, SaysWhatIsWrong) {
  const auto wrong = [](const char* query) {
    const auto parsed = ParseExplainQuery(query);
    return parsed ? std::string("accepted") : parsed.error().context;
  };
  EXPECT_THAT(wrong("/explain"), HasSubstr("which URL"));
  EXPECT_THAT(wrong("/explain?url=https://a/x?b=1&c=2"), HasSubstr("%26"));
  EXPECT_THAT(wrong("/explain?url=/a"), HasSubstr("https://host/path"));
  EXPECT_THAT(wrong("/explain?url=ftp://a/"), HasSubstr("https://host/path"));
  EXPECT_THAT(wrong("/explain?url=https://a/&header=novalue"), HasSubstr("Name: value"));
  EXPECT_THAT(wrong("/explain?url=https://a/&format=xml"), HasSubstr("format"));
}

TEST(ExplainQueryTest, WhatIsAskedOfANodeArrivesAsItWasGiven) {
  const std::string path = ToExplainPath("https://a.example/x?b=1&c=%20+ü",
                                         {"Accept: a&b=c", "Cookie: x=1; y=2"}, false);
  const auto query = ParseExplainQuery(path);
  ASSERT_TRUE(query) << query.error().context;
  EXPECT_EQ(query->request.path, "/x?b=1&c=%20+ü");
  EXPECT_EQ(query->request.fields.Find("accept"), "a&b=c");
  EXPECT_EQ(query->request.fields.Find("cookie"), "x=1; y=2");
  EXPECT_EQ(query->json, false);
}

TEST(WordsTest, DurationsAndSizesAsPeopleReadThem) {
  EXPECT_EQ(InWords(0s), "0 s");
  EXPECT_EQ(InWords(59s), "59 s");
  EXPECT_EQ(InWords(200s), "3 min 20 s");
  EXPECT_EQ(InWords(7500s), "2 h 5 min");
  EXPECT_EQ(InWords(86400s * 4 + 3600s * 3), "4 d 3 h");
  EXPECT_EQ(InWords(-5s), "-5 s");
  EXPECT_EQ(InWords(Seconds(2147483648)), "for ever");
  EXPECT_EQ(Grouped(1234567), "1,234,567");
  EXPECT_EQ(Grouped(12), "12");
  EXPECT_EQ(SizeInWords(512), "512 B");
  EXPECT_EQ(SizeInWords(1234), "1.2 KiB");
}

}  // namespace
}  // namespace skerry::gateway
