// Which connection a fetch gets, what is repeated, and how connections end.
#include <ctime>

#include "core/http/upstream/upstream_fixture.h"

namespace skerry::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

constexpr std::string_view kEmpty = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

class UpstreamPoolTest : public UpstreamFixture {
 protected:
  // One fetch from dial to end, so that a kept connection is there.
  void KeepOne() {
    FetchLog log;
    Start(log);
    peers_.back()->Connect();
    peers_.back()->Take();
    peers_.back()->Say(kEmpty);
    ASSERT_THAT(log.heard, ElementsAre("head 200", "end"));
  }

  FetchLog log_;
  FetchLog other_;
};

TEST_F(UpstreamPoolTest, AKeptConnectionIsUsedAgain) {
  KeepOne();
  Start(log_, Get("/b"));
  EXPECT_THAT(peer(0).Take(), HasSubstr("GET /base/b "));
  peer(0).Say(kEmpty);
  EXPECT_THAT(log_.heard, ElementsAre("head 200", "end"));
  EXPECT_EQ(peers_.size(), 1u);
}

TEST_F(UpstreamPoolTest, AFetchBegunInsideTheEndFindsTheConnectionFree) {
  log_.at = "end";
  log_.then = [this] { Start(other_); };
  Start(log_);
  peer(0).Connect();
  peer(0).Say(kEmpty);
  EXPECT_EQ(peers_.size(), 1u);
  peer(0).Say(kEmpty);
  EXPECT_THAT(other_.heard, ElementsAre("head 200", "end"));
}

TEST_F(UpstreamPoolTest, ABusyConnectionIsNotShared) {
  Start(log_);
  Start(other_);
  EXPECT_EQ(peers_.size(), 2u);
}

TEST_F(UpstreamPoolTest, TheOneUsedLastIsTakenFirst) {
  Start(log_);
  Start(other_);
  peer(0).Connect();
  peer(1).Connect();
  peer(1).Say(kEmpty);
  peer(0).Say(kEmpty);
  peer(0).Take();
  peer(1).Take();
  Start(log_, Get("/x"));
  Start(other_, Get("/y"));
  EXPECT_THAT(peer(1).Take(), HasSubstr("/x"));
  EXPECT_THAT(peer(0).Take(), HasSubstr("/y"));
}

TEST_F(UpstreamPoolTest, BeyondTheLimitFetchesWaitInOrder) {
  options_.max_connections = 1;
  Start(log_, Get("/1"));
  peer(0).Connect();
  FetchLog second;
  FetchLog third;
  Start(second, Get("/2"));
  Start(third, Get("/3"));
  EXPECT_EQ(peers_.size(), 1u);
  peer(0).Take();
  peer(0).Say(kEmpty);
  EXPECT_THAT(peer(0).Take(), HasSubstr("/2"));
  peer(0).Say(kEmpty);
  EXPECT_THAT(peer(0).Take(), HasSubstr("/3"));
  peer(0).Say(kEmpty);
  EXPECT_THAT(third.heard, ElementsAre("head 200", "end"));
}

// Processor time for so many fetches to wait behind a connection that never gets free.
double SecondsToWait(size_t count) {
  net::FakeLoop loop;
  Upstream::Options options;
  options.url = *UpstreamUrl::Parse("http://origin.test/");
  options.max_connections = 1;
  options.dial = [](net::Loop&, const net::DialOptions&) {
    return std::make_unique<ScriptedTransport>(std::make_shared<ScriptedPeer>());
  };
  const std::unique_ptr<Upstream> upstream = Upstream::Make(loop, options);
  std::vector<std::unique_ptr<FetchLog>> logs(count);
  const std::clock_t begun = std::clock();
  for (size_t i = 0; i < count; ++i) {
    logs[i] = std::make_unique<FetchLog>();
    const RequestHead head{"GET", "http", "site.test", "/", {}};
    logs[i]->fetch = upstream->Start(head, nullptr, logs[i].get());
  }
  const double spent = static_cast<double>(std::clock() - begun) / CLOCKS_PER_SEC;
  logs.clear();
  loop.RunPosted();
  return spent;
}

TEST_F(UpstreamPoolTest, EachOfManyWhoWaitCostsTheSame) {
  SecondsToWait(2'000);  // memory is there
  const double few = SecondsToWait(2'000);
  EXPECT_LT(SecondsToWait(32'000), 64 * few);  // 16 times as much, not 256 times
}

TEST_F(UpstreamPoolTest, FetchesGivenUpInTheQueueAreNotDialledFor) {
  Start(log_, Get("/1"));
  for (int i = 0; i < 100; ++i) {
    FetchLog gone;
    Start(gone, Get("/gone"));
  }
  const size_t dialled = peers_.size();
  FetchLog last;
  Start(last, Get("/last"));
  EXPECT_EQ(peers_.size(), dialled);  // of those that are being made already
  peer(0).Connect();
  peer(1).Connect();
  EXPECT_THAT(peer(0).Take(), HasSubstr("/1"));
  EXPECT_THAT(peer(1).Take(), HasSubstr("/last"));
}

TEST_F(UpstreamPoolTest, AConnectionThatEndsMakesRoomForThoseWhoWait) {
  options_.max_connections = 1;
  Start(log_);
  peer(0).Connect();
  Start(other_);
  peer(0).Say("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: 0\r\n\r\n");
  ASSERT_EQ(peers_.size(), 2u);
  peer(1).Connect();
  EXPECT_THAT(peer(1).Take(), HasSubstr("GET "));
}

TEST_F(UpstreamPoolTest, WaitingEndsInTime) {
  options_.max_connections = 1;
  options_.timeouts.queue = Seconds(3);
  options_.timeouts.connect = Seconds(2);
  Start(log_);
  peer(0).Connect();
  Start(other_);
  loop_.Advance(Millis(4999));
  EXPECT_THAT(other_.heard, IsEmpty());
  loop_.Advance(Millis(1));
  EXPECT_THAT(other_.heard, ElementsAre("failed timeout"));
  EXPECT_TRUE(other_.last_error.retryable);
}

TEST_F(UpstreamPoolTest, AFailedDialFailsOneFetchAndSaysWhy) {
  Start(log_);
  Start(other_);
  peer(0).Fail(Code::kRefused);
  Run();
  EXPECT_THAT(log_.heard, ElementsAre("failed refused"));
  EXPECT_TRUE(log_.last_error.retryable);
  EXPECT_EQ(log_.last_error.side, Side::kUpstream);
  EXPECT_THAT(other_.heard, IsEmpty());
  peer(1).Connect();
  peer(1).Say(kEmpty);
  EXPECT_THAT(other_.heard, ElementsAre("head 200", "end"));
}

TEST_F(UpstreamPoolTest, IdleConnectionsEndAfterTheirTime) {
  options_.idle_timeout = Seconds(20);
  KeepOne();
  loop_.Advance(Millis(19'999));
  EXPECT_TRUE(peer(0).open());
  loop_.Advance(Millis(1));
  EXPECT_TRUE(peer(0).closed);
  Start(log_);
  EXPECT_EQ(peers_.size(), 2u);
}

// Node's servers close after 5 s, with a request under way if it comes just then.
TEST_F(UpstreamPoolTest, ItEndsBeforeThePeerEndsItWhereThatOneSaysWhen) {
  const auto keep = [this](std::string_view keep_alive) {
    FetchLog log;
    Start(log);
    peers_.back()->Connect();
    peers_.back()->Say("HTTP/1.1 200 OK\r\nkeep-alive: " + std::string(keep_alive) +
                       "\r\ncontent-length: 0\r\n\r\n");
    EXPECT_THAT(log.heard, ElementsAre("head 200", "end"));
  };
  keep("max=9, Timeout=5");
  loop_.Advance(Millis(3'999));
  EXPECT_TRUE(peers_.back()->open());
  loop_.Advance(Millis(1));
  EXPECT_TRUE(peers_.back()->closed);
  keep("timeout=1");
  EXPECT_TRUE(peers_.back()->closed);
  for (const char* nothing_said : {"timeout", "timeout=x", "max=1", "timeout=99999999999"}) {
    keep(nothing_said);
    loop_.Advance(Millis(29'999));
    EXPECT_TRUE(peers_.back()->open()) << nothing_said;
    loop_.Advance(Millis(1));
    EXPECT_TRUE(peers_.back()->closed) << nothing_said;
  }
}

TEST_F(UpstreamPoolTest, UsingAConnectionStopsItsIdleTime) {
  options_.idle_timeout = Seconds(20);
  KeepOne();
  loop_.Advance(Seconds(15));
  Start(log_);
  loop_.Advance(Seconds(15));
  peer(0).Say(kEmpty);
  EXPECT_THAT(log_.heard, ElementsAre("head 200", "end"));
  loop_.Advance(Seconds(15));
  EXPECT_TRUE(peer(0).open());
}

TEST_F(UpstreamPoolTest, TheIdleTimeCountsFromTheLastUse) {
  options_.idle_timeout = Seconds(20);
  KeepOne();
  loop_.Advance(Seconds(15));
  Start(log_);
  peer(0).Say(kEmpty);
  loop_.Advance(Millis(19'999));
  EXPECT_TRUE(peer(0).open());
  loop_.Advance(Millis(1));
  EXPECT_TRUE(peer(0).closed);
}

TEST_F(UpstreamPoolTest, APeerMayShortenTheIdleTimeWithALaterAnswer) {
  KeepOne();
  Start(log_);
  peer(0).Say("HTTP/1.1 200 OK\r\nkeep-alive: timeout=5\r\ncontent-length: 0\r\n\r\n");
  loop_.Advance(Millis(3'999));
  EXPECT_TRUE(peer(0).open());
  loop_.Advance(Millis(1));
  EXPECT_TRUE(peer(0).closed);
}

TEST_F(UpstreamPoolTest, AConnectionInUseWhenItsOldIdleTimeEndsRestsAnewAfterwards) {
  options_.idle_timeout = Seconds(20);
  KeepOne();
  Start(log_);
  loop_.Advance(Seconds(21));
  ASSERT_TRUE(peer(0).open());
  peer(0).Say(kEmpty);
  loop_.Advance(Millis(19'999));
  EXPECT_TRUE(peer(0).open());
  loop_.Advance(Millis(1));
  EXPECT_TRUE(peer(0).closed);
}

TEST_F(UpstreamPoolTest, AFetchOnAKeptConnectionStartsOneTimer) {
  options_.timeouts.between_bytes = Seconds(10);  // less than the wait for a connection
  KeepOne();
  const auto timers = loop_.timers_made();
  for (int i = 0; i < 10; ++i) {
    FetchLog log;
    Start(log);
    peer(0).Say(kEmpty);
    ASSERT_THAT(log.heard, ElementsAre("head 200", "end"));
  }
  EXPECT_EQ(loop_.timers_made() - timers, 10u);
}

TEST_F(UpstreamPoolTest, SurplusIdleConnectionsEndOldestFirst) {
  options_.max_idle = 1;
  Start(log_);
  Start(other_);
  peer(0).Connect();
  peer(1).Connect();
  peer(0).Say(kEmpty);
  peer(1).Say(kEmpty);
  EXPECT_TRUE(peer(0).closed);
  EXPECT_TRUE(peer(1).open());
}

TEST_F(UpstreamPoolTest, AConnectionThatEndsOrSpeaksWhileIdleIsForgotten) {
  KeepOne();
  peer(0).End();
  EXPECT_FALSE(peer(0).open());
  KeepOne();
  peer(1).Say("HTTP/1.1 200 OK\r\n\r\n");
  EXPECT_TRUE(peer(1).aborted);
  KeepOne();
  peer(2).Fail();
  Start(log_);
  EXPECT_EQ(peers_.size(), 4u);
}

TEST_F(UpstreamPoolTest, BytesBehindAnAnswerEndTheConnection) {
  Start(log_);
  peer(0).Connect();
  peer(0).Say(std::string(kEmpty) + "HTTP/1.1 200 OK\r\n\r\nfor somebody else");
  EXPECT_THAT(log_.heard, ElementsAre("head 200", "end"));
  EXPECT_FALSE(peer(0).open());
}

TEST_F(UpstreamPoolTest, ClosedTransportsAreDestroyedLater) {
  KeepOne();
  peer(0).End();
  Run();
  EXPECT_TRUE(peer(0).destroyed);
}

// ---- What is sent again

TEST_F(UpstreamPoolTest, AKeptConnectionThatEndsBeforeAnAnswerIsReplacedOnce) {
  for (const bool in_order : {true, false}) {
    KeepOne();
    FetchLog log;
    Start(log, Get("/again"));
    ScriptedPeer& kept = *peers_.back();
    const size_t before = peers_.size();
    in_order ? kept.End() : kept.Fail();
    ASSERT_EQ(peers_.size(), before + 1);
    ScriptedPeer& fresh = *peers_.back();
    fresh.Connect();
    EXPECT_THAT(fresh.Take(), HasSubstr("/again"));
    fresh.End();
    Run();
    EXPECT_THAT(log.heard, ElementsAre("failed reset"));
    EXPECT_TRUE(log.last_error.retryable);
    EXPECT_EQ(peers_.size(), before + 1);
  }
}

TEST_F(UpstreamPoolTest, TheSecondTimeIsNeverOnAKeptConnection) {
  Start(log_);
  Start(other_);
  peer(0).Connect();
  peer(1).Connect();
  peer(0).Say(kEmpty);
  peer(1).Say(kEmpty);
  peer(0).Take();
  FetchLog log;
  Start(log);
  peer(1).End();
  EXPECT_EQ(peer(0).Take(), "");
  ASSERT_EQ(peers_.size(), 3u);
  peer(2).Connect();
  EXPECT_THAT(peer(2).Take(), HasSubstr("GET "));
}

TEST_F(UpstreamPoolTest, RoomForTheFreshConnectionIsMadeFromIdleOnes) {
  options_.max_connections = 2;
  Start(log_);
  Start(other_);
  peer(0).Connect();
  peer(1).Connect();
  FetchLog third;
  FetchLog log;
  peer(1).Say(kEmpty);
  Start(log);  // on the second, kept
  peer(0).Say(kEmpty);
  FetchLog waiting;
  Start(waiting);  // on the first
  peer(1).End();   // the retry takes the slot that has become free
  ASSERT_EQ(peers_.size(), 3u);
  peer(2).Connect();
  peer(2).Say(kEmpty);
  EXPECT_THAT(log.heard, ElementsAre("head 200", "end"));
}

TEST_F(UpstreamPoolTest, AFreshConnectionThatEndsIsAFailure) {
  Start(log_);
  peer(0).Connect();
  peer(0).End();
  Run();
  EXPECT_THAT(log_.heard, ElementsAre("failed reset"));
  EXPECT_EQ(peers_.size(), 1u);
}

TEST_F(UpstreamPoolTest, APostIsNeverSentAgain) {
  KeepOne();
  Start(log_, With("POST"));
  peer(0).End();
  Run();
  EXPECT_THAT(log_.heard, ElementsAre("failed reset"));
  EXPECT_FALSE(log_.last_error.retryable);
  EXPECT_EQ(peers_.size(), 1u);
}

TEST_F(UpstreamPoolTest, NothingIsSentAgainOnceAByteOfAnAnswerCame) {
  KeepOne();
  Start(log_);
  peer(0).Say("H");
  peer(0).End();
  Run();
  EXPECT_THAT(log_.heard, ElementsAre("failed reset"));
  EXPECT_EQ(peers_.size(), 1u);
}

TEST_F(UpstreamPoolTest, ABodyThatHasBegunIsNotSentAgain) {
  KeepOne();
  Start(log_, With("PUT"), std::make_unique<MemoryBody>("abc"));
  peer(0).End();
  Run();
  EXPECT_THAT(log_.heard, ElementsAre("failed reset"));
  EXPECT_EQ(peers_.size(), 1u);
}

TEST_F(UpstreamPoolTest, ABodyThatHasNotBegunIsSentOnTheFreshConnection) {
  KeepOne();
  auto body = std::make_unique<BodyPipe>(3);
  const auto feed = body->feed();
  Start(log_, With("PUT"), std::move(body));
  peer(0).End();
  ASSERT_EQ(peers_.size(), 2u);
  peer(1).Connect();
  feed->Push("abc");
  EXPECT_THAT(peer(1).Take(), HasSubstr("\r\n\r\nabc"));
}

TEST_F(UpstreamPoolTest, AKeptConnectionThatIsSilentIsNotReplaced) {
  KeepOne();
  Start(log_);
  loop_.Advance(Seconds(31));
  EXPECT_THAT(log_.heard, ElementsAre("failed timeout"));
  EXPECT_EQ(peers_.size(), 1u);
}

TEST_F(UpstreamPoolTest, AMalformedAnswerOnAKeptConnectionIsNotRepeated) {
  KeepOne();
  Start(log_);
  peer(0).Say("nonsense\r\n\r\n");
  Run();
  EXPECT_THAT(log_.heard, ElementsAre("failed invalid"));
  EXPECT_EQ(peers_.size(), 1u);
}

TEST_F(UpstreamPoolTest, CancellingBetweenTheTwoTriesIsSilent) {
  KeepOne();
  Start(log_);
  peer(0).End();
  log_.fetch.reset();
  peer(1).Connect();
  Run();
  EXPECT_EQ(peer(1).Take(), "");
  EXPECT_THAT(log_.heard, IsEmpty());
}

TEST_F(UpstreamPoolTest, AnUpstreamMayGoWithFetchesWaitingAndIdleConnections) {
  options_.max_connections = 1;
  KeepOne();
  Start(log_);
  Start(other_);
  upstream_.reset();
  Run();
  EXPECT_TRUE(peer(0).destroyed);
  EXPECT_THAT(log_.heard, IsEmpty());
  EXPECT_THAT(other_.heard, IsEmpty());
}

}  // namespace
}  // namespace skerry::http
