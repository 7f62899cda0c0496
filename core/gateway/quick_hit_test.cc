// The short way gives the answers of the long one.
#include "core/gateway/quick_hit.h"

#include <gmock/gmock.h>

#include <fstream>
#include <random>
#include <sstream>

#include "core/gateway/exchange.h"
#include "core/gateway/testing.h"

namespace skerry::gateway {
namespace {

const http::Fields kFresh = {{"cache-control", "max-age=60"}, {"etag", "\"1\""}};

class QuickHitTest : public testing::Test {
 protected:
  // Asks so often that the head is known, for something else.
  void MakeKnown(const http::Fields& fields = {}) {
    for (int i = 0; i < 2; ++i) {
      const auto asked = gateway_.Ask("/known", fields);
      gateway_.Answer(200, {{"cache-control", "no-store"}}, "");
      gateway_.Leave(asked);
    }
  }
  // Whether this request is answered without a walk.
  bool IsQuick(const std::string& path, const http::Fields& fields = {}) {
    MakeKnown(fields);
    return IsQuickOnceMore(path, fields);
  }
  bool IsQuickOnceMore(const std::string& path, const http::Fields& fields = {}) {
    const auto stream = gateway_.Ask(path, fields);
    return stream->answered && dynamic_cast<Exchange*>(&gateway_.Events(stream)) == nullptr;
  }

  GatewayHarness gateway_;
};

TEST_F(QuickHitTest, AFreshHitOfAKnownHeadTakesTheShortWay) {
  gateway_.Fill("/a", kFresh, "body");
  EXPECT_TRUE(IsQuick("/a"));
}

TEST_F(QuickHitTest, TheFirstRequestOfAHeadTakesTheLongWay) {
  gateway_.Fill("/a", kFresh, "body");
  EXPECT_FALSE(IsQuickOnceMore("/a", {{"x-first", "1"}}));
}

TEST_F(QuickHitTest, WhatRamDoesNotHoldFreshTakesTheLongWay) {
  gateway_.Fill("/a", kFresh, "body");
  EXPECT_FALSE(IsQuick("/b"));
  gateway_.loop.Advance(Seconds(61));
  EXPECT_FALSE(IsQuickOnceMore("/a"));
}

TEST_F(QuickHitTest, WhatIsPurgedTakesTheLongWay) {
  gateway_.Fill("/a", kFresh, "body");
  EXPECT_TRUE(IsQuick("/a"));
  gateway_.Purge(OneUrl("https://example.com/a"));
  EXPECT_FALSE(IsQuickOnceMore("/a"));
}

TEST_F(QuickHitTest, APurgeableObjectTakesTheLongWayWhileFenced) {
  gateway_.Fill("/a", kFresh, "body");
  EXPECT_TRUE(IsQuick("/a"));
  gateway_.fence = cache::Fence::kFull;
  EXPECT_FALSE(IsQuickOnceMore("/a"));
}

TEST_F(QuickHitTest, ANewConfigurationHoldsFromTheNextRequestOn) {
  gateway_.Fill("/a", kFresh, "body");
  EXPECT_TRUE(IsQuick("/a"));
  Route bypass;
  bypass.policy.bypass = true;
  gateway_.gateway->SetClassifier(std::make_shared<OneRoute>(bypass));
  EXPECT_FALSE(IsQuickOnceMore("/a"));
  Route named;
  named.answer.set = {{"x-rule", "new"}};
  gateway_.gateway->SetClassifier(std::make_shared<OneRoute>(named));
  const auto stream = gateway_.Ask("/a");
  EXPECT_EQ(stream->Field("x-rule"), "new");
}

TEST_F(QuickHitTest, AgeGrowsFromSecondToSecond) {
  gateway_.Fill("/a", kFresh, "body");
  MakeKnown();
  EXPECT_EQ(gateway_.Ask("/a")->Field("age"), "0");
  gateway_.loop.Advance(Micros(999'999));
  EXPECT_EQ(gateway_.Ask("/a")->Field("age"), "0");
  gateway_.loop.Advance(Micros(1));
  EXPECT_EQ(gateway_.Ask("/a")->Field("age"), "1");
  EXPECT_EQ(gateway_.Ask("/a")->Field("cache-status"), "skerry-edge; hit; ttl=59");
}

TEST_F(QuickHitTest, ANewBodyIsNeverGivenAnOldAnswersFields) {
  MakeKnown();
  for (const std::string body : {"one", "three", "fifteen"}) {
    gateway_.Fill("/a", {{"cache-control", "max-age=60"}, {"etag", '"' + body + '"'}}, body);
    for (int i = 0; i < 3; ++i) {
      const auto stream = gateway_.Ask("/a");
      EXPECT_EQ(stream->body, body);
      EXPECT_EQ(stream->Field("etag"), '"' + body + '"');
    }
    gateway_.Purge(OneUrl("https://example.com/a"));
  }
}

TEST_F(QuickHitTest, ItCountsAndLogsLikeTheLongWay) {
  const std::string file = testing::TempDir() + "quick_hit_access_" + std::to_string(getpid());
  auto log = AccessLog::Open(file);
  ASSERT_TRUE(log);
  for (const bool quick : {false, true}) {
    GatewayHarness harness;
    harness.heads_come_again = quick;
    Gateway::Options options;
    options.classifier = std::make_shared<OneRoute>(Route());
    options.upstreams.push_back(std::make_unique<FakeOrigin>());
    options.access_log = log->get();
    auto* origin = static_cast<FakeOrigin*>(options.upstreams.front().get());
    harness.origin = origin;
    harness.gateway = std::make_unique<Gateway>(harness.loop, harness.shared, std::move(options));
    const http::Fields asked = {{"accept-encoding", "gzip, br"}, {"accept", "*/*"}};
    for (int i = 0; i < 3; ++i) {
      const auto stream = harness.Ask("/a?q=1", asked);
      if (i == 0) harness.Answer(200, {{"cache-control", "max-age=60"}, {"vary", "accept"}}, "abc");
      harness.Leave(stream);
    }
    EXPECT_THAT(harness.metrics.Text(),
                testing::HasSubstr("skerry_cache_hits_total{tier=\"ram\"} 2"));
  }
  log->reset();
  std::ifstream lines(file);
  std::vector<std::string> written;
  for (std::string line; std::getline(lines, line);) written.push_back(line);
  ASSERT_EQ(written.size(), 6u);
  EXPECT_EQ(written[0], written[3]);
  EXPECT_EQ(written[2], written[5]);
}

// ---- The same script with and without the short way

class Dice {
 public:
  explicit Dice(uint32_t seed) : random_(seed) {}
  size_t Below(size_t bound) { return random_() % bound; }
  bool OneIn(size_t n) { return Below(n) == 0; }
  template <class T>
  const T& Pick(const std::vector<T>& from) {
    return from[Below(from.size())];
  }

 private:
  std::mt19937 random_;
};

http::Fields RandomAnswer(Dice& dice) {
  static const std::vector<std::string> controls = {"max-age=5",
                                                    "max-age=60",
                                                    "max-age=60, stale-while-revalidate=10",
                                                    "no-cache",
                                                    "max-age=60, no-cache=\"x-secret\"",
                                                    "max-age=60, must-revalidate",
                                                    "no-store"};
  http::Fields fields = {{"cache-control", dice.Pick(controls)}, {"x-secret", "s"}};
  if (dice.OneIn(2)) fields.Add("etag", dice.Pick<std::string>({"\"a\"", "\"b\"", "W/\"a\""}));
  if (dice.OneIn(3)) fields.Add("last-modified", "Sun, 06 Nov 1994 08:49:37 GMT");
  if (dice.OneIn(3)) fields.Add("vary", dice.Pick<std::string>({"accept-encoding", "accept", "*"}));
  if (dice.OneIn(6)) fields.Add("content-encoding", dice.Pick<std::string>({"br", "gzip"}));
  if (dice.OneIn(6)) fields.Add("link", "</a.css>; rel=preload");
  if (dice.OneIn(8)) fields.Add("age", "3");
  if (dice.OneIn(8)) fields.Add("content-digest", "sha-256=:AAAA:");
  fields.Add("content-type", dice.Pick<std::string>({"text/html", "application/javascript"}));
  return fields;
}

http::RequestHead RandomRequest(Dice& dice) {
  static const std::vector<std::string> paths = {
      "/a", "/b", "/a?x=1&utm_source=2", "/a/./b", "/%61", "/c", "/A", "/a?"};
  http::RequestHead head{"GET", "https", "example.com", dice.Pick(paths), {}};
  if (dice.OneIn(9)) head.method = dice.Pick<std::string>({"HEAD", "POST", "OPTIONS"});
  if (dice.OneIn(8)) head.scheme = "http";
  if (dice.OneIn(8)) head.authority = dice.Pick<std::string>({"EXAMPLE.com", "example.com:443"});
  const auto maybe = [&](size_t n, const std::string& name, const std::vector<std::string>& of) {
    if (dice.OneIn(n)) head.fields.Add(name, dice.Pick(of));
  };
  maybe(2, "accept-encoding", {"gzip, br", "br", "identity", ""});
  maybe(3, "accept", {"*/*", "text/html", "image/avif,image/webp,*/*"});
  maybe(4, "if-none-match", {"\"a\"", "\"b\"", "*", "W/\"a\""});
  maybe(9, "if-match", {"\"a\"", "*"});
  maybe(9, "if-modified-since", {"Sun, 06 Nov 1994 08:49:37 GMT", "nonsense"});
  maybe(6, "range", {"bytes=0-2", "bytes=0-", "bytes=1-1,3-3", "bytes=99-"});
  maybe(9, "cache-control", {"no-cache", "max-age=3", "only-if-cached", "max-stale", "no-store"});
  maybe(9, "cookie", {"a=1"});
  maybe(12, "authorization", {"Basic eA=="});
  maybe(6, "sec-fetch-mode", {"navigate", "cors"});
  maybe(20, "skerry-node", {"n"});
  return head;
}

std::vector<Route> Routes() {
  std::vector<Route> routes(5);
  routes[1].answer.set = {{"x-frame-options", "DENY"}, {"cache-control", "max-age=1"}};
  routes[1].answer.defaults = {{"strict-transport-security", "max-age=9"}};
  routes[1].key_rules.query_deny = {"utm_*"};
  routes[2].policy = cache::Policy::Rfc();
  routes[2].https_port = 443;
  routes[3].policy.browser_ttl = Seconds(7);
  routes[3].substitutes.error_pages = {*ErrorPage::Parse("404: /c")};
  routes[4].key.device = true;
  return routes;
}

// What a client has seen of an answer.
std::string Seen(const FakeStream& stream) {
  std::ostringstream text;
  text << stream.answered << ' ' << stream.status << ' ' << stream.ended << stream.broken << '\n';
  for (const http::Field& field : stream.fields) text << field.name << ": " << field.value << '\n';
  for (const http::ResponseHead& head : stream.interim) text << "interim " << head.status << '\n';
  return text.str() + stream.body;
}

class Script {
 public:
  Script(uint32_t seed, const Route& route, bool quick) : dice_(seed), gateway_(route) {
    gateway_.heads_come_again = quick;
  }

  std::string Step() {
    if (dice_.OneIn(12)) gateway_.loop.Advance(Millis(dice_.Below(4000)));
    if (dice_.OneIn(40)) {
      const auto mode = dice_.OneIn(2) ? cache::PurgeMode::kSoft : cache::PurgeMode::kHard;
      gateway_.Purge(OneUrl("https://example.com" + dice_.Pick<std::string>({"/a", "/b", "/c"})),
                     mode);
    }
    if (dice_.OneIn(60)) {
      gateway_.fence = dice_.OneIn(3) ? cache::Fence::kFull : cache::Fence::kNone;
    }
    const http::RequestHead head = RandomRequest(dice_);
    const http::Fields answer = RandomAnswer(dice_);
    const int status = dice_.Pick<int>({200, 200, 200, 200, 404, 301});
    const std::string body(dice_.Below(40), 'x');
    const size_t before = gateway_.asked();
    const auto stream = gateway_.AskFor(head, true);
    // Refreshes behind an answer, and further questions, are answered alike.
    for (size_t i = before; i < gateway_.asked() && i < before + 4; ++i) {
      if (gateway_.origin->asked[i]->events == nullptr) continue;
      gateway_.Answer(status, answer, body, static_cast<int>(i));
    }
    quick_ += dynamic_cast<Exchange*>(&gateway_.Events(stream)) == nullptr ? 1 : 0;
    std::string seen = Seen(*stream) + "\norigin " + std::to_string(gateway_.asked() - before);
    gateway_.Leave(stream);
    return head.method + " " + head.path + "\n" + seen;
  }

  int quick() const { return quick_; }
  std::string Metrics() const { return gateway_.metrics.Text(); }

 private:
  Dice dice_;
  GatewayHarness gateway_;
  int quick_ = 0;
};

TEST(QuickHitScriptTest, AnswersAreTheSameWithAndWithoutTheShortWay) {
  int quick = 0;
  for (const Route& route : Routes()) {
    for (uint32_t seed = 1; seed <= 6; ++seed) {
      Script with(seed, route, true);
      Script without(seed, route, false);
      for (int step = 0; step < 600; ++step) {
        ASSERT_EQ(with.Step(), without.Step()) << "seed " << seed << ", step " << step;
      }
      EXPECT_EQ(without.quick(), 0);
      EXPECT_EQ(with.Metrics(), without.Metrics());
      quick += with.quick();
    }
  }
  EXPECT_GT(quick, 600);
}

}  // namespace
}  // namespace skerry::gateway
