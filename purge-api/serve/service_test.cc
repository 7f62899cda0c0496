#include "purge-api/serve/service.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>
#include <thread>

#include "core/cache/purge/node.h"
#include "core/net/fake_loop.h"
#include "purge-api/log/memory_log.h"

namespace skerry::purge {
namespace {

using nlohmann::json;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr char kToken[] = "Bearer secret-token";

class ServiceTest : public ::testing::Test {
 protected:
  ServiceTest() { Start(); }

  void Start() {
    service_.reset();
    Settle();
    log_ = std::make_unique<MemoryLog>(disk_);
    Service::Options options;
    options.access = *Access::Parse({"secret-token", "tags-token kinds=tags"});
    options.batch.most_waiting = 2;
    options.rate = rate_;
    options.zones = {{"z1", {"www.example.com"}}};
    options.clock = &loop_.clock();
    service_ =
        std::make_unique<Service>(loop_, writer_, reader_, *log_, metrics_, std::move(options));
  }

  // An answer that may not be there yet.
  using Pending = std::shared_ptr<std::optional<Answer>>;
  Pending Send(std::string method, std::string target, std::string body = "",
               http::Fields fields = {{"authorization", kToken}}) {
    Request request;
    request.method = std::move(method);
    const size_t question = target.find('?');
    request.path = target.substr(0, question);
    if (question != target.npos) request.query = target.substr(question + 1);
    request.fields = std::move(fields);
    request.body = std::move(body);
    auto answer = std::make_shared<std::optional<Answer>>();
    last_call_ = service_->Handle(std::move(request), [answer](Answer its) { *answer = its; });
    return answer;
  }
  Answer Ask(std::string method, std::string target, std::string body = "",
             http::Fields fields = {{"authorization", kToken}}) {
    const Pending answer = Send(method, target, body, fields);
    Settle();
    EXPECT_TRUE(*answer) << target;
    return answer->value_or(Answer{0, "", "{}", {}});
  }
  // A pull that is answered; `after` negative: without a log.
  cache::PullAnswer Pull(const std::string& node, int after, const std::string& rest = "") {
    return Parsed(Ask("GET", PullTarget(node, after) + rest));
  }
  static std::string PullTarget(const std::string& node, int after) {
    std::string target = "/v1/log?node=" + node + "&incarnation=01";
    if (after >= 0) target += "&log=5f3a&after=" + std::to_string(after);
    return target;
  }
  static cache::PullAnswer Parsed(const Answer& answer) {
    EXPECT_EQ(answer.status, 200) << answer.body;
    const auto parsed = cache::PullAnswerFromJson(answer.body);
    EXPECT_TRUE(parsed) << answer.body;
    return parsed.value_or(cache::PullAnswer{});
  }
  json Purge(std::string body = R"({"tags":["t"]})") {
    return json::parse(Ask("POST", "/v1/purges", std::move(body)).body);
  }
  void Settle() {
    for (int round = 0; round < 4; ++round) {
      for (Pool* pool : {&reader_, &writer_}) {
        std::atomic<bool> done{false};
        pool->Run([&] { done = true; });
        while (!done) std::this_thread::yield();
      }
      loop_.RunPosted();
    }
  }
  void Advance(Millis by) {
    loop_.Advance(by);
    Settle();
  }

  net::FakeLoop loop_;
  Metrics metrics_;
  uint32_t rate_ = 0;
  std::shared_ptr<MemoryDisk> disk_ = std::make_shared<MemoryDisk>();
  std::unique_ptr<MemoryLog> log_;
  Pool writer_{"log", 1};
  Pool reader_{"log-read", 1};
  std::unique_ptr<Service> service_;
  uint64_t last_call_ = 0;
};

TEST_F(ServiceTest, APurgeIsDurableBeforeItIsAccepted) {
  const Answer answer = Ask("POST", "/v1/purges", R"({"urls":["https://a.example/x"]})");
  EXPECT_EQ(answer.status, 202);
  const json body = json::parse(answer.body);
  EXPECT_EQ(body["id"], "5f3a-1");
  EXPECT_EQ(body["seq"], 1);
  EXPECT_EQ(answer.fields.Find("location"), "/v1/purges/5f3a-1");
  ASSERT_THAT(disk_->records, SizeIs(1));
  EXPECT_THAT(disk_->records[0].selectors.urls, ElementsAre("https://a.example/x"));
}

TEST_F(ServiceTest, WithoutNodesAPurgeIsCompleteAtOnce) {
  EXPECT_EQ(Purge()["state"], "complete");
  EXPECT_EQ(Ask("POST", "/v1/purges", R"({"tags":["t"],"wait":"5s"})").status, 200);
}

TEST_F(ServiceTest, AHeldPullIsAnsweredWithTheRecordAndTheNextAcknowledgesIt) {
  Pull("edge", -1);
  const Pending held = Send("GET", PullTarget("edge", 0) + "&wait=3s");
  Settle();
  EXPECT_FALSE(*held);
  const Pending purge = Send("POST", "/v1/purges", R"({"tags":["t"],"wait":"5s"})");
  Settle();
  ASSERT_TRUE(*held);
  const cache::PullAnswer answer = Parsed(**held);
  ASSERT_THAT(answer.records, SizeIs(1));
  EXPECT_THAT(answer.records[0].selectors.tags, ElementsAre("t"));
  EXPECT_EQ(answer.head, 1u);
  EXPECT_FALSE(*purge);
  Pull("edge", 1);
  ASSERT_TRUE(*purge);
  EXPECT_EQ((*purge)->status, 200);
  const json body = json::parse((*purge)->body);
  EXPECT_EQ(body["state"], "complete");
  EXPECT_EQ(body["nodes"]["edge"]["state"], "applied");
  EXPECT_EQ(body["nodes"]["edge"]["seq"], 1);
}

TEST_F(ServiceTest, WhenTheWaitIsOverTheStatesSoFarAreAnswered) {
  Pull("edge", -1);
  const Pending purge = Send("POST", "/v1/purges", R"({"tags":["t"],"wait":"2s"})");
  Settle();
  Advance(Millis(1999));
  EXPECT_FALSE(*purge);
  Advance(Millis(1));
  ASSERT_TRUE(*purge);
  EXPECT_EQ((*purge)->status, 202);
  EXPECT_EQ(json::parse((*purge)->body)["nodes"]["edge"]["state"], "pending");
}

TEST_F(ServiceTest, ANodeThatIsGoneIsFencedWhenItsLeaseIsOver) {
  Pull("edge", -1);
  const Pending purge = Send("POST", "/v1/purges", R"({"tags":["t"],"wait":"20s"})");
  Settle();
  Advance(Millis(10'100));
  EXPECT_FALSE(*purge);
  Advance(Millis(1));
  ASSERT_TRUE(*purge);
  EXPECT_EQ((*purge)->status, 200);
  EXPECT_EQ(json::parse((*purge)->body)["nodes"]["edge"]["state"], "fenced");
}

TEST_F(ServiceTest, APullIsHeldForAThirdOfTheLeaseAtMost) {
  Pull("edge", -1);
  const Pending held = Send("GET", PullTarget("edge", 0) + "&wait=60s");
  Settle();
  Advance(Millis(3332));
  EXPECT_FALSE(*held);
  Advance(Millis(1));
  ASSERT_TRUE(*held);
  EXPECT_EQ(Parsed(**held).lease, Millis(10'000));
}

TEST_F(ServiceTest, APullWhoseClientIsGoneRenewsNoLease) {
  Pull("edge", -1);
  const Pending purge = Send("POST", "/v1/purges", R"({"tags":["t"],"wait":"20s"})");
  Settle();
  Send("GET", PullTarget("edge", 1 - 1) + "&wait=0");
  Settle();
  Pull("edge", 1);
  EXPECT_TRUE(*purge);
  // Now one that is held and breaks off, five seconds into the lease.
  Advance(Millis(5000));
  Send("GET", PullTarget("edge", 1) + "&wait=3s");
  service_->Cancel(last_call_);
  const Pending second = Send("POST", "/v1/purges", R"({"tags":["t"],"wait":"20s"})");
  Settle();
  Advance(Millis(5101));
  ASSERT_TRUE(*second);
  EXPECT_EQ(json::parse((*second)->body)["nodes"]["edge"]["state"], "fenced");
}

TEST_F(ServiceTest, AnotherLogOrAPositionThatWasNeverWrittenIs409) {
  EXPECT_EQ(Ask("GET", "/v1/log?node=e&incarnation=01&log=aaaa&after=0").status, 409);
  const Answer beyond = Ask("GET", PullTarget("edge", 7));
  EXPECT_EQ(beyond.status, 409);
  EXPECT_THAT(beyond.body, HasSubstr("position 7 was never written; the head is 0"));
  EXPECT_THAT(disk_->members, IsEmpty());
}

TEST_F(ServiceTest, APositionThatIsReplayedTakesNothingBack) {
  Pull("edge", -1);
  const std::string id = Purge()["id"];
  Pull("edge", 1);
  EXPECT_THAT(Pull("edge", 0).records, SizeIs(1));
  const json receipt = json::parse(Ask("GET", "/v1/purges/" + id).body);
  EXPECT_EQ(receipt["state"], "complete");
  EXPECT_EQ(receipt["nodes"]["edge"]["state"], "applied");
  EXPECT_EQ(json::parse(Ask("GET", "/v1/nodes").body)["nodes"][0]["seq"], 1);
}

TEST_F(ServiceTest, ANodeIsDurableBeforeItsFirstLease) {
  log_->failing = true;
  EXPECT_EQ(Ask("GET", PullTarget("edge", -1)).status, 503);
  log_->failing = false;
  Ask("GET", "/v1/log?node=other&incarnation=02&serves=1");
  EXPECT_THAT(disk_->members,
              ElementsAre(Member{"edge", "01", false, false}, Member{"other", "02", true, false}));
}

// A repeated pull, or the next one of a node whose connection was lost.
TEST_F(ServiceTest, NoPullOfAProcessIsAnsweredBeforeTheProcessIsDurable) {
  log_->failing = true;
  EXPECT_EQ(Ask("GET", PullTarget("edge", -1)).status, 503);
  EXPECT_EQ(Ask("GET", PullTarget("edge", -1)).status, 503);
  EXPECT_THAT(disk_->members, IsEmpty());
  log_->failing = false;
  EXPECT_GT(Pull("edge", -1).lease, Millis(0));
  EXPECT_THAT(disk_->members, SizeIs(1));
}

TEST_F(ServiceTest, ARestartedServiceWaitsForTheNodesItKnew) {
  Pull("edge", -1);
  Start();
  const json before = Purge();
  EXPECT_EQ(before["state"], "accepted");
  EXPECT_EQ(before["nodes"]["edge"]["state"], "pending");
  Pull("edge", 1);
  EXPECT_EQ(json::parse(Ask("GET", "/v1/purges/5f3a-1").body)["state"], "complete");
}

TEST_F(ServiceTest, AReceiptSurvivesARestart) {
  Pull("edge", -1);
  Purge();
  Pull("edge", 1);
  const std::string before = Ask("GET", "/v1/purges/5f3a-1").body;
  Start();
  EXPECT_EQ(Ask("GET", "/v1/purges/5f3a-1").body, before);
}

TEST_F(ServiceTest, ARecordThatWasOpenIsOpenAfterARestart) {
  Pull("edge", -1);
  Purge();
  Start();
  EXPECT_EQ(json::parse(Ask("GET", "/v1/purges/5f3a-1").body)["state"], "accepted");
}

TEST_F(ServiceTest, AnOldPositionIsServedFromTheLog) {
  Pull("edge", -1);
  Purge(R"({"tags":["a"]})");
  Purge(R"({"tags":["b"]})");
  Start();
  Purge(R"({"tags":["c"]})");
  const cache::PullAnswer answer = Pull("edge", 0);
  ASSERT_THAT(answer.records, SizeIs(3));
  EXPECT_THAT(answer.records[0].selectors.tags, ElementsAre("a"));
  EXPECT_THAT(answer.records[2].selectors.tags, ElementsAre("c"));
}

TEST_F(ServiceTest, AGapIsAnAnswerWithoutRecordsButWithReleases) {
  Ask("POST", "/v1/activations", R"({"site":"shop","release":"r1","tags":["x"]})");
  Purge();
  disk_->first_kept = 2;
  Start();
  const cache::PullAnswer answer = Pull("edge", 0);
  EXPECT_THAT(answer.records, IsEmpty());
  EXPECT_EQ(answer.head, 2u);
  ASSERT_THAT(answer.releases, SizeIs(1));
  EXPECT_EQ(answer.releases[0].release, "r1");
}

TEST_F(ServiceTest, ANodeThatBeginsHearsOfTheNewestReleases) {
  Ask("POST", "/v1/activations", R"({"site":"shop","release":"r1","tags":["x"]})");
  Ask("POST", "/v1/activations", R"({"site":"shop","release":"r2","tags":["x"]})");
  const cache::PullAnswer answer = Pull("edge", -1);
  ASSERT_THAT(answer.releases, SizeIs(1));
  EXPECT_EQ(answer.releases[0].release, "r2");
  EXPECT_THAT(answer.records, IsEmpty());
}

TEST_F(ServiceTest, AnActivationIsARecordWithAReceipt) {
  Pull("shield", -1, "&releases=1");
  const json body = json::parse(
      Ask("POST", "/v1/activations", R"({"site":"shop","release":"r1","tags":["x"]})").body);
  EXPECT_EQ(body["nodes"]["shield"]["state"], "pending");
  Advance(Millis(10'101));
  EXPECT_EQ(json::parse(Ask("GET", "/v1/purges/5f3a-1").body)["nodes"]["shield"]["state"],
            "unreachable");
  EXPECT_EQ(disk_->records[0].kind, cache::RecordKind::kActivation);
}

TEST_F(ServiceTest, TheSameKeyIsTheSameRecordAndAnotherRequestWithItIsRefused) {
  const http::Fields fields = {{"authorization", kToken}, {"idempotency-key", "k1"}};
  const Answer first = Ask("POST", "/v1/purges", R"({"tags":["t"]})", fields);
  const Answer again = Ask("POST", "/v1/purges", R"({"tags":["t"]})", fields);
  EXPECT_EQ(json::parse(again.body)["id"], json::parse(first.body)["id"]);
  EXPECT_THAT(disk_->records, SizeIs(1));
  EXPECT_EQ(Ask("POST", "/v1/purges", R"({"tags":["u"]})", fields).status, 422);
  EXPECT_EQ(Ask("POST", "/v1/purges", R"({"tags":["u"]})",
                {{"authorization", kToken}, {"idempotency-key", "with blank"}})
                .status,
            400);
  Start();
  EXPECT_EQ(Ask("POST", "/v1/purges", R"({"tags":["t"]})", fields).status, 202);
  EXPECT_THAT(disk_->records, SizeIs(1));
}

TEST_F(ServiceTest, ABadRequestChangesNothing) {
  const Answer answer = Ask("POST", "/v1/purges", R"({"tags":["t"],"urls":["nonsense"]})");
  EXPECT_EQ(answer.status, 422);
  EXPECT_EQ(answer.type, "application/problem+json");
  EXPECT_EQ(json::parse(answer.body)["member"], "urls[0]");
  EXPECT_THAT(disk_->records, IsEmpty());
}

TEST_F(ServiceTest, ALargeRequestIsParsedOffTheLoop) {
  std::string urls;
  for (int i = 0; i < 10'000; ++i) {
    urls += (i == 0 ? "\"" : ",\"") + std::string("https://a.example/") + std::to_string(i) + '"';
  }
  EXPECT_EQ(Ask("POST", "/v1/purges", "{\"urls\":[" + urls + "]}").status, 202);
  EXPECT_EQ(Ask("POST", "/v1/purges", "{\"urls\":[" + urls + ",\"https://a.example/\"]}").status,
            422);
  EXPECT_THAT(disk_->records, SizeIs(1));
}

TEST_F(ServiceTest, AFullQueueIs429WithTheTimeToComeBack) {
  std::vector<Pending> answers;
  for (int i = 0; i < 5; ++i) answers.push_back(Send("POST", "/v1/purges", R"({"tags":["t"]})"));
  ASSERT_TRUE(*answers[4]);
  EXPECT_EQ((*answers[4])->status, 429);
  EXPECT_EQ((*answers[4])->fields.Find("retry-after"), "1");
  Settle();
  EXPECT_EQ((*answers[2])->status, 202);
  EXPECT_THAT(disk_->records, SizeIs(3));
  EXPECT_EQ(log_->appends, 2);
}

TEST_F(ServiceTest, ALogThatCannotBeWrittenIs503) {
  log_->failing = true;
  EXPECT_EQ(Ask("POST", "/v1/purges", R"({"tags":["t"]})").status, 503);
}

TEST_F(ServiceTest, EverythingUnderV1NeedsAToken) {
  for (const char* target :
       {"/v1/purges", "/v1/purges/x", "/v1/nodes", "/v1/log?node=e", "/v1/x"}) {
    const Answer missing = Ask("GET", target, "", {});
    EXPECT_EQ(missing.status, 401) << target;
    EXPECT_EQ(missing.fields.Find("www-authenticate"), "Bearer");
    EXPECT_EQ(Ask("GET", target, "", {{"authorization", "Bearer other-token"}}).status, 403);
  }
  EXPECT_EQ(Ask("GET", "/livez", "", {}).status, 200);
  EXPECT_EQ(Ask("GET", "/readyz", "", {}).status, 200);
  EXPECT_THAT(Ask("GET", "/metrics", "", {}).body, HasSubstr("skerry_purge_requests_total"));
}

TEST_F(ServiceTest, WhatIsNotThereIs404AndWrongMethodsAre405) {
  EXPECT_EQ(Ask("GET", "/v1/purges/5f3a-99").status, 404);
  EXPECT_EQ(Ask("GET", "/v2/purges").status, 404);
  const Answer answer = Ask("PUT", "/v1/purges");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(answer.fields.Find("allow"), "GET, HEAD, POST");
}

TEST_F(ServiceTest, NodesShowsLeasesAndPositions) {
  Pull("edge", -1, "&serves=1");
  Purge();
  const json body = json::parse(Ask("GET", "/v1/nodes").body);
  EXPECT_EQ(body["log"], "5f3a");
  EXPECT_EQ(body["head"], 1);
  ASSERT_THAT(body["nodes"], SizeIs(1));
  EXPECT_EQ(body["nodes"][0]["name"], "edge");
  EXPECT_EQ(body["nodes"][0]["state"], "leased");
  EXPECT_EQ(body["nodes"][0]["serves_on_partition"], true);
}

TEST_F(ServiceTest, ARemovedNodeIsWaitedForNoLonger) {
  Pull("edge", -1, "&serves=1");
  EXPECT_EQ(Purge()["state"], "accepted");
  EXPECT_EQ(Ask("DELETE", "/v1/nodes/edge").status, 204);
  EXPECT_EQ(Ask("DELETE", "/v1/nodes/edge").status, 404);
  EXPECT_EQ(json::parse(Ask("GET", "/v1/purges/5f3a-1").body)["state"], "complete");
  EXPECT_THAT(disk_->members, IsEmpty());
}

TEST_F(ServiceTest, AGoodbyeEndsOneProcessAtOnceAlsoAfterARestart) {
  Pull("edge", -1);
  const Pending waiting = Send("POST", "/v1/purges", R"({"tags":["t"],"wait":"60s"})");
  Settle();
  EXPECT_FALSE(*waiting);
  EXPECT_EQ(Ask("DELETE", "/v1/nodes/edge?incarnation=01").status, 204);
  Settle();
  ASSERT_TRUE(*waiting);
  EXPECT_EQ(json::parse((*waiting)->body)["nodes"]["edge"]["state"], "fenced");
  EXPECT_EQ(json::parse(Ask("GET", "/v1/nodes").body)["nodes"][0]["state"], "ended");
  const Answer late = Ask("GET", PullTarget("edge", 1));
  EXPECT_EQ(late.status, 409);
  EXPECT_THAT(late.body, HasSubstr("goodbye"));
  Start();
  EXPECT_EQ(Purge()["state"], "complete");
}

TEST_F(ServiceTest, APullThatIsHeldWhenItsProcessSaysGoodbyeGetsNoLease) {
  Pull("edge", -1);
  const Pending held = Send("GET", PullTarget("edge", 0) + "&wait=3s");
  Ask("DELETE", "/v1/nodes/edge?incarnation=01");
  Purge();
  Settle();
  ASSERT_TRUE(*held);
  EXPECT_EQ(Parsed(**held).lease, Millis(0));
}

TEST_F(ServiceTest, ANodeIsNamedAsInAnyPathAndAGoodbyeMustNameAProcess) {
  Pull("edge%201", -1);
  EXPECT_EQ(Ask("DELETE", "/v1/nodes/edge%201?incarnation=no").status, 400);
  EXPECT_EQ(Ask("DELETE", "/v1/nodes/edge%201?process=01").status, 400);
  EXPECT_EQ(Ask("DELETE", "/v1/nodes/edge%201?incarnation=").status, 400);
  EXPECT_EQ(Ask("DELETE", "/v1/nodes/edge%2").status, 400);
  EXPECT_EQ(Purge()["state"], "accepted");
  EXPECT_EQ(Ask("DELETE", "/v1/nodes/edge%201").status, 204);
  EXPECT_THAT(disk_->members, IsEmpty());
}

TEST_F(ServiceTest, AFencedNodeThatAppliesLaterShowsAsApplied) {
  Pull("edge", -1);
  Purge();
  Advance(Millis(10'101));
  EXPECT_EQ(json::parse(Ask("GET", "/v1/purges/5f3a-1").body)["nodes"]["edge"]["state"], "fenced");
  Pull("edge", 1);
  EXPECT_EQ(json::parse(Ask("GET", "/v1/purges/5f3a-1").body)["nodes"]["edge"]["state"], "applied");
}

TEST_F(ServiceTest, ToDrainEverythingHeldIsAnswered) {
  Pull("edge", -1);
  const Pending purge = Send("POST", "/v1/purges", R"({"tags":["t"],"wait":"20s"})");
  Settle();
  const Pending held = Send("GET", PullTarget("edge", 1 - 1) + "&wait=3s");
  service_->StopHolding();
  Settle();
  EXPECT_EQ((*purge)->status, 202);
  EXPECT_TRUE(*held);
}

TEST_F(ServiceTest, PastPurgesAreListedWithWhoAndWhenAndWhat) {
  Pull("edge", -1);
  Purge(R"({"tags":["t"],"mode":"soft"})");
  Purge(R"({"urls":["https://a.example/x"]})");
  const json all = json::parse(Ask("GET", "/v1/purges").body);
  ASSERT_THAT(all["purges"], SizeIs(2));
  EXPECT_EQ(all["purges"][0]["first"], json({"https://a.example/x"}));
  EXPECT_EQ(all["purges"][1]["mode"], "soft");
  EXPECT_EQ(all["purges"][1]["state"], "accepted");
  EXPECT_THAT(all["purges"][1]["who"].get<std::string>(), SizeIs(12));
  EXPECT_FALSE(all.contains("next"));
  const json one = json::parse(Ask("GET", "/v1/purges?limit=1").body);
  EXPECT_THAT(one["purges"], SizeIs(1));
  EXPECT_EQ(one["next"], 2);
  EXPECT_THAT(json::parse(Ask("GET", "/v1/purges?before=2").body)["purges"], SizeIs(1));
  EXPECT_THAT(json::parse(Ask("GET", "/v1/purges?tag=t").body)["purges"], SizeIs(1));
  EXPECT_EQ(Ask("GET", "/v1/purges?limit=0").status, 400);
}

TEST_F(ServiceTest, ARequestInAnotherShapeBecomesARecordOfTheLog) {
  const Answer answer = Ask("POST", "/client/v4/zones/z1/purge_cache", R"({"tags":["t"]})");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(json::parse(answer.body)["result"]["id"], "5f3a-1");
  EXPECT_EQ(Ask("POST", "/service/z1/purge_all", "", {{"fastly-key", "secret-token"}}).status, 200);
  EXPECT_THAT(disk_->records, SizeIs(2));
  EXPECT_THAT(disk_->records[1].selectors.hosts, ElementsAre("www.example.com"));
}

TEST_F(ServiceTest, InAnotherShapeTheTokenCountsBeforeEverythingElse) {
  EXPECT_EQ(Ask("POST", "/service/z1/purge_all", "", {}).status, 401);
  EXPECT_EQ(Ask("POST", "/service/z1/purge_all", "", {{"fastly-key", "another"}}).status, 403);
  EXPECT_EQ(Ask("POST", "/service/unknown/purge_all", "", {{"fastly-key", "another"}}).status, 403);
  EXPECT_EQ(Ask("POST", "/service/unknown/purge_all", "", {{"fastly-key", "secret-token"}}).status,
            404);
  EXPECT_THAT(disk_->records, IsEmpty());
}

TEST_F(ServiceTest, ATokenWithAScopeDoesWhatItAllowsAndNothingElse) {
  const http::Fields mine = {{"authorization", "Bearer tags-token"}};
  EXPECT_EQ(Ask("POST", "/v1/purges", R"({"tags":["t"]})", mine).status, 202);
  const Answer refused = Ask("POST", "/v1/purges", R"({"tags":["t"],"all":true})", mine);
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(json::parse(refused.body)["member"], "all");
  EXPECT_EQ(Ask("GET", "/v1/purges", "", mine).status, 200);
  EXPECT_EQ(Ask("GET", PullTarget("edge", -1), "", mine).status, 403);
  EXPECT_EQ(Ask("DELETE", "/v1/nodes/edge", "", mine).status, 403);
  EXPECT_EQ(Ask("POST", "/v1/activations", R"({"site":"s","release":"r"})", mine).status, 403);
  EXPECT_THAT(disk_->records, SizeIs(1));
}

TEST_F(ServiceTest, OverItsRateATokenIsToldWhenToComeAgain) {
  rate_ = 2;
  Start();
  EXPECT_EQ(Ask("POST", "/v1/purges", R"({"tags":["t"]})").fields.Find("ratelimit"),
            R"("purges";r=1;t=1)");
  Purge();
  const Answer refused = Ask("POST", "/v1/purges", R"({"tags":["t"]})");
  EXPECT_EQ(refused.status, 429);
  EXPECT_EQ(refused.fields.Find("retry-after"), "1");
  EXPECT_EQ(refused.fields.Find("ratelimit-policy"), R"("purges";q=2;w=1)");
  const http::Fields other = {{"authorization", "Bearer tags-token"}};
  EXPECT_EQ(Ask("POST", "/v1/purges", R"({"tags":["t"]})", other).status, 202);
  loop_.Advance(Millis(500));
  EXPECT_EQ(Ask("POST", "/v1/purges", R"({"tags":["t"]})").status, 202);
  EXPECT_THAT(disk_->records, SizeIs(4));
}

TEST_F(ServiceTest, ADryRunAsksTheNodesThatCountAndWritesNothing) {
  Pull("edge", -1, "&counts=1");
  Pull("old", -1);
  const Pending held = Send("GET", PullTarget("edge", 0) + "&wait=3s&counts=1");
  const Pending dry = Send("POST", "/v1/purges", R"({"tags":["t"],"dry_run":true,"wait":"5s"})");
  Settle();
  ASSERT_TRUE(*held);
  const cache::PullAnswer asked = Parsed(**held);
  EXPECT_THAT(asked.records, IsEmpty());
  ASSERT_THAT(asked.counts, SizeIs(1));
  EXPECT_THAT(asked.counts[0].selectors.tags, ElementsAre("t"));
  EXPECT_FALSE(*dry);
  Pull("edge", 0, "&counts=1&counted=" + asked.counts[0].id + ".7.4000.5.3");
  ASSERT_TRUE(*dry);
  EXPECT_EQ((*dry)->status, 200);
  const json body = json::parse((*dry)->body);
  EXPECT_EQ(body["dry_run"], true);
  EXPECT_EQ(body["state"], "complete");
  EXPECT_EQ(body["nodes"]["edge"]["state"], "counted");
  EXPECT_EQ(body["nodes"]["edge"]["objects"], 7);
  EXPECT_EQ(body["nodes"]["edge"]["bytes"], 4000);
  EXPECT_EQ(body["nodes"]["old"]["state"], "unreachable");
  EXPECT_THAT(disk_->records, IsEmpty());
  const Answer again = Ask("GET", "/v1/purges/" + body["id"].get<std::string>());
  EXPECT_EQ(json::parse(again.body), body);
  EXPECT_EQ(Ask("GET", "/v1/purges/dry-0-1").status, 404);
}

TEST_F(ServiceTest, ADryRunIsAskedForUntilTheNodeHasAnswered) {
  Pull("edge", -1, "&counts=1");
  const json dry = json::parse(Ask("POST", "/v1/purges", R"({"all":true,"dry_run":true})").body);
  EXPECT_EQ(dry["state"], "accepted");
  EXPECT_EQ(dry["nodes"]["edge"]["state"], "pending");
  EXPECT_THAT(Pull("edge", 0, "&counts=1").counts, SizeIs(1));
  EXPECT_THAT(Pull("edge", 0, "&counts=1").counts, SizeIs(1));
  // Told, so it is held like any pull with nothing new.
  const Pending held = Send("GET", PullTarget("edge", 0) + "&wait=1s&counts=1");
  Settle();
  EXPECT_FALSE(*held);
  const std::string id = dry["id"];
  EXPECT_THAT(Pull("edge", 0, "&counts=1&counted=" + id + ".1.2.1.0").counts, IsEmpty());
}

TEST_F(ServiceTest, ADryRunDoesNotWaitForANodeWithoutALease) {
  Pull("edge", -1, "&counts=1");
  const Pending dry = Send("POST", "/v1/purges", R"({"all":true,"dry_run":true,"wait":"30s"})");
  Settle();
  Advance(Seconds(11));
  ASSERT_TRUE(*dry);
  EXPECT_EQ(json::parse((*dry)->body)["nodes"]["edge"]["state"], "unreachable");
}

TEST_F(ServiceTest, ADryRunNeedsTheScopeOfThePurgeAndTheyAreBounded) {
  const http::Fields limited = {{"authorization", "Bearer tags-token"}};
  EXPECT_EQ(Ask("POST", "/v1/purges", R"({"all":true,"dry_run":true})", limited).status, 403);
  EXPECT_EQ(Ask("POST", "/v1/purges", R"({"tags":["t"],"dry_run":true})", limited).status, 202);
  Pull("edge", -1, "&counts=1");
  int status = 202;
  for (int i = 0; status == 202 && i < 20; ++i) {
    status = Ask("POST", "/v1/purges", R"({"all":true,"dry_run":true})").status;
  }
  EXPECT_EQ(status, 429);
}

TEST_F(ServiceTest, ACountThatDoesNotFitIsRefused) {
  for (const char* bad : {"x", "x.1.2.3", "x.1.2.3.4.5", ".1.2.3.4", "x.1.2.3.-4", "x.1.2..4"}) {
    EXPECT_EQ(Ask("GET", PullTarget("e", -1) + "&counted=" + bad).status, 400) << bad;
  }
}

}  // namespace
}  // namespace skerry::purge
