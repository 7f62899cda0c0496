#include "edge/replay/replay.h"

#include <gtest/gtest.h>

#include <chrono>

#include "core/cache/entry.h"

namespace skerry::edge {
namespace {

using namespace std::chrono_literals;

// A log made line by line, whose outcome is known by hand.
class ReplayTest : public testing::Test {
 protected:
  ReplayTest() {
    log_.urls.emplace_back();
    log_.requests.emplace_back();
    log_.peers.emplace_back("192.0.2.1");
    log_.answers.emplace_back();
    options_ = OptionTable().Defaults();
    options_.origin = "http://origin.example";
    options_.ram_cache = 64_MiB;
    options_.disk_cache = 0;
  }

  struct Said {
    http::Fields fields = {};
    uint64_t size = 1000;
    http::Fields request = {};
    std::string method = "GET";
    Millis took{0};
    int status = 200;
  };
  LogLine& At(Millis when, const std::string& path, Said said) {
    LogLine line;
    line.begun = WallTime(1'800'000'000s) + when;
    line.took = said.took;
    line.url = UrlOf(path);
    line.request = static_cast<uint32_t>(log_.requests.size());
    log_.requests.push_back({said.method, said.request});
    line.answer = static_cast<uint32_t>(log_.answers.size());
    log_.answers.push_back({said.status, said.fields});
    line.size = line.bytes = said.size;
    line.served = LogLine::Served::kForwarded;
    log_.lines.push_back(line);
    return log_.lines.back();
  }
  uint32_t UrlOf(const std::string& path) {
    for (uint32_t i = 1; i < log_.urls.size(); ++i) {
      if (log_.urls[i].path == path) return i;
    }
    log_.urls.push_back({"https", "a.example", path});
    return static_cast<uint32_t>(log_.urls.size() - 1);
  }
  Tally Play() { return PlayAll().all; }
  Outcome PlayAll() {
    return Replay(log_, options_, "new", [](size_t) {}).value_or(Outcome{});
  }
  RuleOptions& Rule(const std::string& glob) {
    if (options_.sites.empty()) {
      options_.sites.emplace_back();
      options_.sites[0].name = "site";
      options_.sites[0].hosts = {"a.example"};
    }
    RuleOptions& rule = options_.sites[0].rules.emplace_back();
    rule.match = {glob};
    return rule;
  }

  ReplayLog log_;
  Options options_;
};

const http::Fields kMinute = {{"cache-control", "max-age=60"}, {"etag", "\"v\""}};

TEST_F(ReplayTest, AMissThenHitsUntilItExpiresThenARevalidation) {
  for (const Millis when : {0ms, 1000ms, 59'900ms, 60'000ms, 61'000ms}) {
    At(when, "/a", {.fields = kMinute});
  }
  const Tally tally = Play();
  EXPECT_EQ(tally.requests, 5u);
  EXPECT_EQ(tally.hits, 3u);
  EXPECT_EQ(tally.origin_requests, 2u);
  EXPECT_EQ(tally.origin_bytes, 1000u);  // the second was a 304
  EXPECT_EQ(tally.forwarded.at("uri-miss"), 1u);
  EXPECT_EQ(tally.forwarded.at("stale"), 1u);
}

TEST_F(ReplayTest, ARuleOfTheNewConfigurationDecides) {
  for (const Millis when : {0ms, 1000ms, 2000ms}) {
    At(when, "/page", {.fields = {{"cache-control", "max-age=0"}, {"etag", "\"v\""}}});
  }
  EXPECT_EQ(Play().hits, 0u);
  Rule("/page").edge_ttl = 10s;
  EXPECT_EQ(Play().hits, 2u);
  options_.sites[0].rules[0].bypass = true;
  const Tally tally = Play();
  EXPECT_EQ(tally.hits, 0u);
  EXPECT_EQ(tally.forwarded.at("bypass"), 3u);
}

TEST_F(ReplayTest, APurgeReachesWhatTheRulesHaveMadeOfItsUrl) {
  At(0ms, "/a?utm_x=1", {.fields = kMinute});
  At(10ms, "/a?utm_x=2", {.fields = kMinute}).purged = LogLine::Purged::kHard;
  Rule("*").query_deny = {"utm_*"};
  EXPECT_EQ(Play().hits, 0u);
}

TEST_F(ReplayTest, QueryParametersThatDoNotCountMakeOneKey) {
  At(0ms, "/a?utm_x=1", {.fields = kMinute});
  At(10ms, "/a?utm_x=2", {.fields = kMinute});
  EXPECT_EQ(Play().hits, 0u);
  Rule("*").query_deny = {"utm_*"};
  const Tally tally = Play();
  EXPECT_EQ(tally.hits, 1u);
  EXPECT_EQ(tally.origin_requests, 1u);
}

TEST_F(ReplayTest, WhoComesWhileItIsFetchedWaitsAndAsksNobody) {
  At(0ms, "/a", {.fields = kMinute, .took = 500ms});
  At(100ms, "/a", {.fields = kMinute}).collapsed = true;
  At(600ms, "/a", {.fields = kMinute});
  const Tally tally = Play();
  EXPECT_EQ(tally.origin_requests, 1u);
  EXPECT_EQ(tally.hits, 1u);
  EXPECT_EQ(tally.forwarded.at("uri-miss"), 2u);
}

TEST_F(ReplayTest, StaleWhileRevalidateServesAndRefreshesOnce) {
  const http::Fields fields = {{"cache-control", "max-age=10, stale-while-revalidate=60"},
                               {"etag", "\"v\""}};
  for (const Millis when : {0ms, 20'000ms, 21'000ms}) At(when, "/a", {.fields = fields});
  const Tally tally = Play();
  EXPECT_EQ(tally.hits, 2u);
  EXPECT_EQ(tally.stale, 1u);
  EXPECT_EQ(tally.origin_requests, 2u);
}

TEST_F(ReplayTest, VariantsAreKeptApartAsVarySays) {
  const http::Fields fields = {{"cache-control", "max-age=60"}, {"vary", "accept-language"}};
  const auto ask = [&](Millis when, const char* language) {
    At(when, "/a", {.fields = fields, .request = {{"accept-language", language}}});
  };
  ask(0ms, "de");
  ask(10ms, "fr");
  ask(20ms, "de");
  ask(30ms, "fr");
  const Tally tally = Play();
  EXPECT_EQ(tally.hits, 2u);
  EXPECT_EQ(tally.forwarded.at("vary-miss"), 1u);
}

TEST_F(ReplayTest, MethodsAndCredentialsGoPast) {
  At(0ms, "/a", {.fields = kMinute, .method = "POST"});
  At(10ms, "/a", {.fields = kMinute, .request = {{"authorization", "dry-run"}}});
  const Tally tally = Play();
  EXPECT_EQ(tally.forwarded.at("method"), 1u);
  EXPECT_EQ(tally.forwarded.at("bypass"), 1u);
  EXPECT_EQ(tally.origin_requests, 2u);
}

TEST_F(ReplayTest, APurgeThatTheLogShowsIsPlayed) {
  At(0ms, "/a", {.fields = kMinute});
  At(10ms, "/a", {.fields = kMinute});
  At(20ms, "/a", {.fields = kMinute}).purged = LogLine::Purged::kHard;
  At(30ms, "/a", {.fields = kMinute});
  const Tally tally = Play();
  EXPECT_EQ(tally.hits, 2u);
  EXPECT_EQ(tally.origin_requests, 2u);
}

TEST_F(ReplayTest, WhereTheOriginFailedItFails) {
  const http::Fields fields = {{"cache-control", "max-age=10, stale-if-error=600"}};
  At(0ms, "/a", {.fields = fields});
  At(20'000ms, "/a", {.fields = fields}).origin_failed = true;
  const Tally tally = Play();
  EXPECT_EQ(tally.origin_requests, 2u);
  EXPECT_EQ(tally.origin_bytes, 1000u);
}

TEST_F(ReplayTest, ASmallCacheKeepsLess) {
  // 40 objects of 512 KiB, asked for in turn: 20 MiB.
  for (int round = 0; round < 4; ++round) {
    for (int i = 0; i < 40; ++i) {
      At(Millis(round * 1000 + i), "/" + std::to_string(i),
         {.fields = kMinute, .size = 512 * 1024});
    }
  }
  EXPECT_EQ(Play().hits, 120u);
  options_.ram_cache = 8_MiB;
  const Outcome small = PlayAll();
  EXPECT_LT(small.all.hits, 60u);
  EXPECT_LE(small.bytes_in_ram, 8_MiB);
  options_.disk_cache = 64_MiB;
  const Outcome with_disk = PlayAll();
  EXPECT_EQ(with_disk.all.hits, 120u);
  EXPECT_EQ(with_disk.objects_on_disk, 40u);
}

TEST_F(ReplayTest, LargeObjectsAreServedFromTheDiskTier) {
  options_.disk_cache = 256_MiB;
  options_.ram_cache = 16_MiB;
  for (const Millis when : {0ms, 1000ms}) At(when, "/film", {.fields = kMinute, .size = 20_MiB});
  const Tally tally = Play();
  EXPECT_EQ(tally.hits, 1u);
  EXPECT_EQ(tally.origin_bytes, 20_MiB);
}

TEST_F(ReplayTest, TheSameLogGivesTheSameOutcome) {
  for (int i = 0; i < 500; ++i) {
    At(Millis(i * 37), "/" + std::to_string(i * i % 97),
       {.fields = kMinute, .size = static_cast<uint64_t>(i % 7) * 300'000, .took = Millis(i % 50)});
  }
  options_.ram_cache = 8_MiB;
  const Outcome one = PlayAll();
  const Outcome two = PlayAll();
  EXPECT_EQ(one.all.hits, two.all.hits);
  EXPECT_EQ(one.all.origin_requests, two.all.origin_requests);
  EXPECT_EQ(one.all.origin_bytes, two.all.origin_bytes);
  for (size_t i = 0; i < one.urls.size(); ++i) EXPECT_EQ(one.urls[i].hits, two.urls[i].hits);
}

}  // namespace
}  // namespace skerry::edge
