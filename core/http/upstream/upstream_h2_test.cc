// HTTP/2 towards an origin or shield: the same order of events, many at a time.
#include "core/http/upstream/h2_client_session.h"
#include "core/http/upstream/scripted_h2_peer.h"
#include "core/http/upstream/upstream_fixture.h"

namespace skerry::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class UpstreamH2Test : public UpstreamFixture {
 protected:
  UpstreamH2Test() { options_.http2 = true; }

  // Connects the connection that was dialled last and reads what came.
  ScriptedH2Peer& Connect(uint32_t max_streams = 100) {
    ScriptedPeer& peer = *peers_.back();
    peer.Connect();
    h2_.push_back(std::make_unique<ScriptedH2Peer>(peer, max_streams));
    h2_.back()->Pump();
    return *h2_.back();
  }

  FetchLog log_;
  FetchLog other_;
  std::vector<std::unique_ptr<ScriptedH2Peer>> h2_;
};

TEST_F(UpstreamH2Test, APlainGetIsHeadBodyEnd) {
  RequestHead request = Get("/a?b");
  request.fields = {{"x", "1"}, {"connection", "y"}, {"y", "2"}, {"te", "z"}, {"host", "evil"}};
  Start(log_, request);
  ScriptedH2Peer& h2 = Connect();
  EXPECT_EQ(h2.requests[1].fields, (Fields{{":method", "GET"},
                                           {":scheme", "http"},
                                           {":authority", "site.test"},
                                           {":path", "/base/a?b"},
                                           {"x", "1"}}));
  EXPECT_TRUE(h2.requests[1].ended);
  h2.Answer(1, 200, {{"a", "b"}}, "abc");
  EXPECT_THAT(log_.heard, ElementsAre("head 200", "body abc", "end"));
  EXPECT_EQ(log_.fields, (Fields{{"a", "b"}}));
}

TEST_F(UpstreamH2Test, AWebSocketGetsAConnectionThatSpeaksHttp1) {
  Start(log_);
  Connect();
  RequestHead handshake = Get("/socket");
  handshake.websocket = true;
  Start(other_, handshake);
  ASSERT_EQ(peers_.size(), 2u);
  peer(1).Connect();
  EXPECT_THAT(peer(1).Take(), HasSubstr("GET /base/socket HTTP/1.1\r\n"));
  peer(1).Say(
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\n"
      "Upgrade: websocket\r\n\r\nhi");
  EXPECT_THAT(other_.heard, ElementsAre("head 101", "body hi"));
  EXPECT_THAT(log_.heard, IsEmpty());
}

TEST_F(UpstreamH2Test, WithoutATlsContextForItAWebSocketFails) {
  options_.url = *UpstreamUrl::Parse("https://origin.test/");
  RequestHead handshake = Get();
  handshake.websocket = true;
  Start(log_, handshake);
  Connect();
  Run();
  EXPECT_THAT(log_.heard, ElementsAre("failed unavailable"));
}

TEST_F(UpstreamH2Test, AnnouncesItsWindowsAndLimitsAndNoPush) {
  options_.header_bytes = 12345;
  Start(log_);
  ScriptedH2Peer& h2 = Connect();
  EXPECT_EQ(h2.Setting(NGHTTP2_SETTINGS_ENABLE_PUSH), 0u);
  EXPECT_EQ(h2.Setting(NGHTTP2_SETTINGS_MAX_HEADER_LIST_SIZE), 12345u);
  EXPECT_EQ(h2.Setting(NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE), uint32_t{kClientStreamWindow});
}

TEST_F(UpstreamH2Test, FetchesShareOneConnection) {
  Start(log_, Get("/1"));
  Start(other_, Get("/2"));
  EXPECT_EQ(peers_.size(), 1u);
  ScriptedH2Peer& h2 = Connect();
  h2.Answer(3, 200, {}, "second");
  h2.Answer(1, 200, {}, "first");
  EXPECT_THAT(log_.heard, ElementsAre("head 200", "body first", "end"));
  EXPECT_THAT(other_.heard, ElementsAre("head 200", "body second", "end"));
}

TEST_F(UpstreamH2Test, BeyondThePeersLimitAnotherConnectionIsMade) {
  Start(log_);
  Connect(1);
  Start(other_);
  ASSERT_EQ(peers_.size(), 2u);
  ScriptedH2Peer& second = Connect(1);
  EXPECT_TRUE(second.requests[1].ended);
}

TEST_F(UpstreamH2Test, BeyondAllLimitsFetchesWait) {
  options_.max_connections = 1;
  Start(log_);
  ScriptedH2Peer& h2 = Connect(1);
  Start(other_);
  EXPECT_EQ(peers_.size(), 1u);
  h2.Answer(1, 204);
  EXPECT_TRUE(h2.requests[3].ended);
}

TEST_F(UpstreamH2Test, TlsWithoutH2FallsBackToHttp1) {
  class NoTls : public net::TlsContext {};
  options_.url = *UpstreamUrl::Parse("https://origin.test");
  options_.tls = std::make_shared<NoTls>();
  Start(log_);
  Start(other_);
  EXPECT_NE(peer(0).dial.tls, nullptr);
  peer(0).alpn = "http/1.1";
  peer(0).Connect();
  EXPECT_THAT(peer(0).Take(), HasSubstr("GET /a HTTP/1.1\r\n"));
  EXPECT_EQ(peers_.size(), 2u);  // these are not shared
}

TEST_F(UpstreamH2Test, TlsWithH2SpeaksItWhoeverAskedForIt) {
  class NoTls : public net::TlsContext {};
  options_.http2 = false;
  options_.url = *UpstreamUrl::Parse("https://origin.test");
  options_.tls = std::make_shared<NoTls>();
  Start(log_);
  peer(0).alpn = "h2";
  ScriptedH2Peer& h2 = Connect();
  EXPECT_EQ(h2.requests[1].fields.Find(":scheme"), "https");
}

TEST_F(UpstreamH2Test, ABodyGoesWithItsLength) {
  Start(log_, With("PUT"), std::make_unique<MemoryBody>("abc"));
  ScriptedH2Peer& h2 = Connect();
  EXPECT_EQ(h2.requests[1].fields.Find("content-length"), "3");
  EXPECT_EQ(h2.requests[1].body, "abc");
  EXPECT_TRUE(h2.requests[1].ended);
}

TEST_F(UpstreamH2Test, AnEmptyBodyEndsWithTheHead) {
  Start(log_, With("POST"), std::make_unique<MemoryBody>(""));
  ScriptedH2Peer& h2 = Connect();
  EXPECT_EQ(h2.requests[1].fields.Find("content-length"), "0");
  EXPECT_TRUE(h2.requests[1].ended);
}

TEST_F(UpstreamH2Test, ABodyIsSentAsItComesWithTrailers) {
  auto body = std::make_unique<BodyPipe>(std::nullopt);
  const auto feed = body->feed();
  Start(log_, With("POST"), std::move(body));
  ScriptedH2Peer& h2 = Connect();
  EXPECT_FALSE(h2.requests[1].ended);
  feed->Push("abc");
  h2.Pump();
  EXPECT_EQ(h2.requests[1].body, "abc");
  feed->End({{"t", "1"}});
  h2.Pump();
  EXPECT_TRUE(h2.requests[1].ended);
  EXPECT_EQ(h2.requests[1].trailers, (Fields{{"t", "1"}}));
}

TEST_F(UpstreamH2Test, ABodyWaitsForThePeersWindow) {
  auto body = std::make_unique<BodyPipe>(std::nullopt);
  const auto feed = body->feed();
  Start(log_, With("POST"), std::move(body));
  ScriptedPeer& peer = *peers_.back();
  peer.Connect();
  feed->Push(std::string(100'000, 'x'));
  EXPECT_EQ(feed->buffered(), 100'000u - 65'535);
}

TEST_F(UpstreamH2Test, ABodyThatFailsResetsItsStreamOnly) {
  auto body = std::make_unique<BodyPipe>(std::nullopt);
  const auto feed = body->feed();
  Start(log_, With("POST"), std::move(body));
  Start(other_);
  ScriptedH2Peer& h2 = Connect();
  feed->Fail();
  h2.Pump();
  Run();
  EXPECT_TRUE(h2.requests[1].closed);
  EXPECT_NE(h2.requests[1].reset_code, uint32_t{NGHTTP2_NO_ERROR});
  EXPECT_THAT(log_.heard, ElementsAre("failed cancelled"));
  EXPECT_EQ(log_.last_error.side, Side::kClient);
  h2.Answer(3, 204);
  EXPECT_THAT(other_.heard, ElementsAre("head 204", "end"));
}

TEST_F(UpstreamH2Test, ABodyOfAnotherLengthThanItSaidResetsItsStream) {
  for (const char* bytes : {"ab", "abcd"}) {
    FetchLog log;
    auto body = std::make_unique<BodyPipe>(3);
    const auto feed = body->feed();
    Start(log, With("POST"), std::move(body));
    if (h2_.empty()) Connect();
    feed->Push(bytes);
    feed->End();
    h2_[0]->Pump();
    Run();
    EXPECT_THAT(log.heard, ElementsAre("failed cancelled")) << bytes;
  }
}

TEST_F(UpstreamH2Test, InterimsComeFirstAndTrailersLast) {
  Start(log_);
  ScriptedH2Peer& h2 = Connect();
  h2.Interim(1, 103);
  h2.Answer(1, 200, {}, "abc", false);
  h2.EndWithTrailers(1, {{"t", "1"}});
  EXPECT_THAT(log_.heard, ElementsAre("interim 103", "head 200", "body abc", "end t=1"));
}

TEST_F(UpstreamH2Test, InterimsAreBounded) {
  Start(log_);
  ScriptedH2Peer& h2 = Connect();
  for (int i = 0; i < 33; ++i) h2.Interim(1, 103);
  h2.Pump();
  Run();
  EXPECT_EQ(log_.heard.size(), 33u);
  EXPECT_EQ(log_.heard.back(), "failed limit");
  EXPECT_TRUE(h2.requests[1].closed);
}

TEST_F(UpstreamH2Test, StatusCodesOutOfRangeResetTheirStream) {
  for (const int status : {101, 99, 0}) {
    FetchLog log;
    Start(log);
    ScriptedH2Peer& h2 = h2_.empty() ? Connect() : *h2_[0];
    h2.Pump();
    h2.AnswerRaw(h2.requests.rbegin()->first, status);
    Run();
    EXPECT_THAT(log.heard, ElementsAre("failed invalid")) << status;
  }
}

TEST_F(UpstreamH2Test, NothingBehindAHeadThatWasRefusedIsHeard) {
  for (const bool with_data : {false, true}) {
    FetchLog log;
    Start(log);
    ScriptedH2Peer& h2 = h2_.empty() ? Connect() : *h2_[0];
    h2.Pump();
    h2.AnswerRaw(h2.requests.rbegin()->first, 99, !with_data, with_data ? "body" : "");
    Run();
    EXPECT_THAT(log.heard, ElementsAre("failed invalid")) << with_data;
  }
}

TEST_F(UpstreamH2Test, LongHeadsFailByTheOptions) {
  options_.header_bytes = 200;
  options_.header_count = 3;
  Start(log_);
  ScriptedH2Peer& h2 = Connect();
  h2.Answer(1, 200, {{"a", std::string(200, 'x')}});
  Start(other_);
  h2.Pump();
  h2.Answer(3, 200, {{"a", "b"}, {"a", "b"}, {"a", "b"}, {"a", "b"}});
  Run();
  EXPECT_THAT(log_.heard, ElementsAre("failed limit"));
  EXPECT_THAT(other_.heard, ElementsAre("failed limit"));
  EXPECT_TRUE(peer(0).open());
}

TEST_F(UpstreamH2Test, ABodyOfAnotherLengthThanAnnouncedFails) {
  Start(log_);
  ScriptedH2Peer& h2 = Connect();
  h2.Answer(1, 200, {{"content-length", "5"}}, "abc");
  Run();
  EXPECT_THAT(log_.heard, ElementsAre("head 200", "body abc", "failed invalid"));
}

TEST_F(UpstreamH2Test, AStreamThatIsResetFails) {
  Start(log_);
  ScriptedH2Peer& h2 = Connect();
  h2.Answer(1, 200, {}, "abc", false);
  h2.Reset(1, NGHTTP2_INTERNAL_ERROR);
  Run();
  EXPECT_THAT(log_.heard, ElementsAre("head 200", "body abc", "failed reset"));
  EXPECT_TRUE(peer(0).open());
}

TEST_F(UpstreamH2Test, NonsenseFailsEverythingOnTheConnection) {
  Start(log_);
  Start(other_);
  Connect();
  peer(0).Say("HTTP/1.1 400 Bad Request\r\n\r\n");
  Run();
  EXPECT_THAT(log_.heard, ElementsAre("failed invalid"));
  EXPECT_THAT(other_.heard, ElementsAre("failed invalid"));
  EXPECT_FALSE(peer(0).open());
}

TEST_F(UpstreamH2Test, AnAnswerBeforeTheBodyWasSentResetsTheRest) {
  auto body = std::make_unique<BodyPipe>(10);
  const auto feed = body->feed();
  Start(log_, With("POST"), std::move(body));
  ScriptedH2Peer& h2 = Connect();
  feed->Push("abc");
  h2.Pump();
  h2.Answer(1, 413, {}, "no");
  EXPECT_THAT(log_.heard, ElementsAre("head 413", "body no", "end"));
  EXPECT_TRUE(h2.requests[1].closed);
  feed->Push("later");
}

// ---- Pausing

TEST_F(UpstreamH2Test, APausedFetchFillsItsWindowAndHoldsUpNobody) {
  Start(log_);
  Start(other_);
  ScriptedH2Peer& h2 = Connect();
  log_.fetch->Pause();
  h2.Answer(1, 200, {}, std::string(kClientStreamWindow + 1000, 'x'));
  EXPECT_THAT(log_.heard, ElementsAre("head 200"));
  EXPECT_EQ(h2.WindowOf(1), 0);
  h2.Answer(3, 200, {}, "abc");
  EXPECT_THAT(other_.heard, ElementsAre("head 200", "body abc", "end"));
  log_.fetch->Resume();
  EXPECT_THAT(log_.heard, ElementsAre("head 200"));  // not from inside the call
  Run();
  h2.Pump();
  EXPECT_EQ(log_.heard.size(), 3u);
  EXPECT_EQ(log_.heard[1].size(), strlen("body ") + kClientStreamWindow + 1000);
  EXPECT_EQ(log_.heard[2], "end");
}

TEST_F(UpstreamH2Test, ACompleteAnswerWaitsForAPausedReader) {
  log_.at = "head";
  log_.then = [this] { log_.fetch->Pause(); };
  Start(log_);
  Connect().Answer(1, 200, {}, "abc");
  Run();
  EXPECT_THAT(log_.heard, ElementsAre("head 200"));
  log_.fetch->Resume();
  Run();
  EXPECT_THAT(log_.heard, ElementsAre("head 200", "body abc", "end"));
}

TEST_F(UpstreamH2Test, ACompleteAnswerSurvivesItsConnection) {
  log_.at = "head";
  log_.then = [this] { log_.fetch->Pause(); };
  Start(log_);
  Connect().Answer(1, 200, {}, "abc");
  peer(0).End();
  Run();
  EXPECT_THAT(log_.heard, ElementsAre("head 200"));
  log_.fetch->Resume();
  Run();
  EXPECT_THAT(log_.heard, ElementsAre("head 200", "body abc", "end"));
  EXPECT_FALSE(peer(0).open());
}

TEST_F(UpstreamH2Test, ReadingOnOpensTheWindow) {
  Start(log_);
  ScriptedH2Peer& h2 = Connect();
  h2.Answer(1, 200, {}, std::string(3 * kClientStreamWindow, 'x'));
  EXPECT_EQ(log_.heard.back(), "end");
}

// ---- Cancelling

TEST_F(UpstreamH2Test, CancellingResetsTheStreamOnly) {
  Start(log_);
  Start(other_);
  ScriptedH2Peer& h2 = Connect();
  log_.fetch.reset();
  h2.Pump();
  EXPECT_EQ(h2.requests[1].reset_code, uint32_t{NGHTTP2_CANCEL});
  h2.Answer(3, 204);
  EXPECT_THAT(other_.heard, ElementsAre("head 204", "end"));
  EXPECT_THAT(log_.heard, IsEmpty());
}

TEST_F(UpstreamH2Test, NoEventComesAfterCancellingInsideAnyEvent) {
  for (const char* at : {"interim", "head", "body", "end"}) {
    FetchLog log;
    log.at = at;
    log.then = [&] { log.fetch.reset(); };
    Start(log);
    if (h2_.empty()) Connect();
    h2_[0]->Pump();
    const int32_t id = h2_[0]->requests.rbegin()->first;
    h2_[0]->Interim(id, 103);
    h2_[0]->Answer(id, 200, {}, "abc", false);
    h2_[0]->More(id, "def", true);
    Run();
    EXPECT_TRUE(log.heard.back().starts_with(at)) << at;
    EXPECT_EQ(log.then, nullptr) << at;
  }
}

TEST_F(UpstreamH2Test, DestroyingTheUpstreamInsideAnEventEndsItsFetchesSilently) {
  for (const char* at : {"head", "body", "end"}) {
    FetchLog log;
    FetchLog other;
    log.at = at;
    log.then = [&] { upstream_.reset(); };
    Start(log);
    Start(other);
    ScriptedH2Peer& h2 = Connect();
    h2.Answer(1, 200, {}, "abc");
    Run();
    EXPECT_TRUE(log.heard.back().starts_with(at)) << at;
    EXPECT_THAT(other.heard, IsEmpty());
    EXPECT_TRUE(peers_.back()->destroyed) << at;
  }
}

// ---- What is sent again

TEST_F(UpstreamH2Test, ARefusedStreamIsSentOnceMoreElsewhere) {
  Start(log_, With("POST"));
  Connect().Reset(1, NGHTTP2_REFUSED_STREAM);
  ASSERT_EQ(peers_.size(), 2u);
  ScriptedH2Peer& second = Connect();
  EXPECT_EQ(second.requests[1].fields.Find(":method"), "POST");
  second.Reset(1, NGHTTP2_REFUSED_STREAM);
  Run();
  EXPECT_THAT(log_.heard, ElementsAre("failed reset"));
  EXPECT_TRUE(log_.last_error.retryable);
  EXPECT_EQ(peers_.size(), 2u);
}

TEST_F(UpstreamH2Test, ARefusedStreamWhoseBodyHadBegunFails) {
  Start(log_, With("PUT"), std::make_unique<MemoryBody>("abc"));
  Connect().Reset(1, NGHTTP2_REFUSED_STREAM);
  Run();
  EXPECT_THAT(log_.heard, ElementsAre("failed reset"));
  EXPECT_TRUE(log_.last_error.retryable);
  EXPECT_EQ(peers_.size(), 1u);
}

TEST_F(UpstreamH2Test, WhereNoConnectionCanBeAddedTheSameOneIsAskedAgain) {
  options_.max_connections = 1;
  Start(log_);
  Start(other_);
  ScriptedH2Peer& h2 = Connect();
  h2.Reset(1, NGHTTP2_REFUSED_STREAM);
  EXPECT_TRUE(h2.requests[5].ended);
  h2.Answer(5, 204);
  EXPECT_THAT(log_.heard, ElementsAre("head 204", "end"));
}

TEST_F(UpstreamH2Test, GoAwayMovesWhatWasNotProcessed) {
  Start(log_);
  Start(other_, With("POST"));
  ScriptedH2Peer& h2 = Connect();
  h2.GoAway(1);
  ASSERT_EQ(peers_.size(), 2u);
  ScriptedH2Peer& second = Connect();
  second.Answer(1, 204);
  EXPECT_THAT(other_.heard, ElementsAre("head 204", "end"));
  EXPECT_THAT(log_.heard, IsEmpty());
  h2.Answer(1, 200, {}, "abc");
  EXPECT_THAT(log_.heard, ElementsAre("head 200", "body abc", "end"));
  EXPECT_TRUE(peer(0).closed);
}

TEST_F(UpstreamH2Test, AfterGoAwayNothingBeginsThere) {
  Start(log_);
  Connect().GoAway(1);
  Start(other_);
  EXPECT_EQ(peers_.size(), 2u);
}

TEST_F(UpstreamH2Test, AKeptConnectionThatBreaksIsReplacedOnceForIdempotentMethods) {
  Start(log_);
  Connect().Answer(1, 204);
  FetchLog get;
  FetchLog post;
  Start(get);
  Start(post, With("POST"));
  h2_[0]->Pump();
  peer(0).End();
  Run();
  EXPECT_THAT(post.heard, ElementsAre("failed reset"));
  EXPECT_FALSE(post.last_error.retryable);
  ASSERT_EQ(peers_.size(), 2u);
  Connect().Answer(1, 204);
  EXPECT_THAT(get.heard, ElementsAre("head 204", "end"));
}

TEST_F(UpstreamH2Test, AFreshConnectionThatBreaksIsAFailure) {
  Start(log_);
  Connect();
  peer(0).Fail();
  Run();
  EXPECT_THAT(log_.heard, ElementsAre("failed reset"));
  EXPECT_EQ(peers_.size(), 1u);
}

TEST_F(UpstreamH2Test, NothingIsSentAgainOnceAnAnswerBegan) {
  Start(log_);
  Connect().Answer(1, 204);
  Start(other_);
  h2_[0]->Pump();
  h2_[0]->Interim(3, 103);
  h2_[0]->Pump();
  peer(0).End();
  Run();
  EXPECT_THAT(other_.heard, ElementsAre("interim 103", "failed reset"));
}

TEST_F(UpstreamH2Test, AFailedDialFailsAllWhoWaitForIt) {
  Start(log_);
  Start(other_);
  peer(0).Fail(Code::kRefused);
  Run();
  EXPECT_THAT(log_.heard, ElementsAre("failed refused"));
  EXPECT_THAT(other_.heard, ElementsAre("failed refused"));
}

// ---- Time

TEST_F(UpstreamH2Test, ASilentConnectionGetsNoFurtherFetch) {
  options_.timeouts.first_byte = Seconds(7);
  Start(log_);
  ScriptedH2Peer& h2 = Connect();
  loop_.Advance(Seconds(7));
  h2.Pump();
  EXPECT_THAT(log_.heard, ElementsAre("failed timeout"));
  EXPECT_EQ(h2.requests[1].reset_code, uint32_t{NGHTTP2_CANCEL});
  Start(other_);
  EXPECT_EQ(peers_.size(), 2u);
}

TEST_F(UpstreamH2Test, IdleConnectionsEndAfterTheirTime) {
  options_.idle_timeout = Seconds(20);
  Start(log_);
  Connect().Answer(1, 204);
  loop_.Advance(Millis(19'999));
  EXPECT_TRUE(peer(0).open());
  loop_.Advance(Millis(1));
  EXPECT_TRUE(peer(0).closed);
}

TEST_F(UpstreamH2Test, APeerWhoseWindowStaysShutTimesOut) {
  options_.timeouts.between_bytes = Seconds(5);
  auto body = std::make_unique<BodyPipe>(std::nullopt);
  const auto feed = body->feed();
  Start(log_, With("POST"), std::move(body));
  peer(0).Connect();
  loop_.Advance(Seconds(100));  // nothing to send: the peer is not to blame
  EXPECT_THAT(log_.heard, IsEmpty());
  feed->Push(std::string(100'000, 'x'));
  loop_.Advance(Seconds(11));
  EXPECT_THAT(log_.heard, ElementsAre("failed timeout"));
}

}  // namespace
}  // namespace skerry::http
