#include "edge/purge_method.h"

#include <gmock/gmock.h>

#include "core/gateway/testing.h"
#include "core/net/fake_loop.h"

namespace skerry::edge {
namespace {

using gateway::FakeOrigin;
using gateway::FakeStream;
using ::testing::HasSubstr;

class PurgeMethodTest : public testing::Test {
 protected:
  PurgeMethodTest() {
    auto service = std::make_unique<FakeOrigin>();
    service_ = service.get();
    PurgeMethod::Options options;
    options.from = {*net::AddressRange::Parse("10.0.0.0/8")};
    options.tag_field = "xkey";
    options.wait = Millis(5000);
    options.tokens = std::make_shared<Secrets>(std::vector<std::string>{"secret"});
    options.authority = "purge.example";
    method_ = std::make_unique<PurgeMethod>(loop_, std::move(service), std::move(options));
  }
  std::shared_ptr<FakeStream> Purge(std::string path, http::Fields fields = {},
                                    std::string peer = "10.1.2.3") {
    auto stream = std::make_shared<FakeStream>(
        http::RequestHead{"PURGE", "https", "www.example.com", std::move(path), std::move(fields)},
        true, SteadyTime(), net::Address{std::move(peer), 1234});
    events_.push_back(method_->OnRequest(stream));
    return stream;
  }
  // The service's side.
  std::string Sent() { return std::string(service_->bodies.back()->Peek(10'000).bytes); }
  void Answer(int status, std::string_view body) {
    http::FetchEvents* events = service_->asked.back()->events;
    events->OnHead({status, {{"content-type", "application/json"}}});
    events->OnBody(body);
    service_->asked.back()->events = nullptr;
    events->OnEnd({});
  }

  net::FakeLoop loop_;
  FakeOrigin* service_ = nullptr;
  std::unique_ptr<PurgeMethod> method_;
  std::vector<std::shared_ptr<http::StreamEvents>> events_;
};

TEST_F(PurgeMethodTest, BecomesAPurgeOfTheUrlInTheLogAndAnswersWithTheReceipt) {
  const auto stream = Purge("/a?b=1");
  EXPECT_EQ(Sent(), R"({"urls":["https://www.example.com/a?b=1"],"wait":"5000ms"})");
  EXPECT_EQ(service_->asked.back()->request.fields.Find("authorization"), "Bearer secret");
  Answer(200, R"({"id":"x-1"})");
  EXPECT_EQ(stream->status, 200);
  EXPECT_EQ(stream->body, R"({"id":"x-1"})");
}

TEST_F(PurgeMethodTest, AStarAtTheEndIsAPrefixAndTheTagFieldNamesTags) {
  Purge("/dir/*");
  EXPECT_THAT(Sent(), HasSubstr(R"("prefixes":["https://www.example.com/dir/*"])"));
  Purge("/", {{"xkey", "a b, c"}});
  EXPECT_THAT(Sent(), HasSubstr(R"({"tags":["a","b","c"],)"));
  Purge("/", {{"fastly-soft-purge", "1"}});
  EXPECT_THAT(Sent(), HasSubstr(R"("mode":"soft")"));
}

TEST_F(PurgeMethodTest, OthersAreRefusedAndNothingIsSent) {
  const auto stream = Purge("/a", {}, "192.0.2.7");
  EXPECT_EQ(stream->status, 403);
  EXPECT_TRUE(service_->asked.empty());
}

TEST_F(PurgeMethodTest, WithoutTheServiceItSaysThatNothingIsPurged) {
  const auto stream = Purge("/a");
  service_->asked.back()->events->OnFailed({Code::kRefused, Side::kUpstream, true, "away"});
  EXPECT_EQ(stream->status, 503);
  const auto silent = Purge("/b");
  loop_.Advance(Millis(10'000));
  EXPECT_EQ(silent->status, 503);
}

TEST_F(PurgeMethodTest, AClientThatLeavesEndsTheRequest) {
  Purge("/a");
  events_.back()->OnGone(false);
  EXPECT_TRUE(service_->asked.back()->cancelled);
}

}  // namespace
}  // namespace skerry::edge
