// HTTP/1.1 towards an origin: what is written, and the order of events.
#include "core/http/upstream/upstream_fixture.h"

namespace skerry::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

constexpr std::string_view kEmpty = "HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";

class UpstreamH1Test : public UpstreamFixture {
 protected:
  // Starts, connects, and gives what the peer got.
  std::string Sent(RequestHead request, std::unique_ptr<BodySource> body = nullptr) {
    Start(log_, std::move(request), std::move(body));
    peer(0).Connect();
    return peer(0).Take();
  }

  FetchLog log_;
};

TEST_F(UpstreamH1Test, APlainGetIsHeadBodyEnd) {
  EXPECT_EQ(Sent(Get("/a?b")), "GET /base/a?b HTTP/1.1\r\nhost: site.test\r\n\r\n");
  EXPECT_TRUE(peer(0).flushed);
  peer(0).Say("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-A: b\r\n\r\nabc");
  EXPECT_THAT(log_.heard, ElementsAre("head 200", "body abc", "end"));
  EXPECT_EQ(log_.fields, (Fields{{"content-length", "3"}, {"x-a", "b"}}));
}

class UpstreamWebSocketTest : public UpstreamH1Test {
 protected:
  // Sends a handshake whose body waits in feed_.
  std::string SentHandshake() {
    RequestHead request = Get();
    request.websocket = true;
    auto pipe = std::make_unique<BodyPipe>(std::nullopt);
    feed_ = pipe->feed();
    feed_->Push("early");
    return Sent(std::move(request), std::move(pipe));
  }
  static constexpr std::string_view kAccept =
      "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
  std::shared_ptr<BodyPipe::Feed> feed_;
};

TEST_F(UpstreamWebSocketTest, BytesPassBothWaysOnceItIsAnswered101) {
  EXPECT_EQ(SentHandshake(),
            "GET /base/a HTTP/1.1\r\nhost: site.test\r\nconnection: upgrade\r\n"
            "upgrade: websocket\r\n\r\n");
  peer(0).Say(std::string(kAccept) + "hi");
  EXPECT_EQ(peer(0).Take(), "early");
  loop_.Advance(Seconds(1000));  // silence is no failure
  feed_->Push("more");
  EXPECT_EQ(peer(0).Take(), "more");
  peer(0).Say(" there");
  EXPECT_THAT(log_.heard, ElementsAre("head 101", "body hi there"));
  peer(0).End();
  EXPECT_THAT(log_.heard, ElementsAre("head 101", "body hi there", "end"));
  EXPECT_FALSE(peer(0).open());
}

TEST_F(UpstreamWebSocketTest, AnotherAnswerIsAnOrdinaryOne) {
  SentHandshake();
  peer(0).Say("HTTP/1.1 403 No\r\ncontent-length: 2\r\n\r\nno");
  EXPECT_THAT(log_.heard, ElementsAre("head 403", "body no", "end"));
  EXPECT_EQ(peer(0).Take(), "");
  EXPECT_TRUE(peer(0).open());
}

TEST_F(UpstreamWebSocketTest, NoAnswerInTimeFails) {
  SentHandshake();
  loop_.Advance(Seconds(31));
  EXPECT_THAT(log_.heard, ElementsAre("failed timeout"));
}

TEST_F(UpstreamWebSocketTest, CancellingCutsTheConnection) {
  SentHandshake();
  peer(0).Say(kAccept);
  log_.fetch.reset();
  EXPECT_TRUE(peer(0).aborted);
  feed_->Push("nobody");
}

TEST_F(UpstreamH1Test, NothingIsHeardFromInsideStart) {
  Start(log_);
  EXPECT_THAT(log_.heard, IsEmpty());
  RequestHead bad = Get();
  bad.path = "no slash";
  FetchLog other;
  Start(other, bad);
  EXPECT_THAT(other.heard, IsEmpty());
  Run();
  EXPECT_THAT(other.heard, ElementsAre("failed invalid"));
  EXPECT_EQ(other.last_error.side, Side::kSelf);
}

TEST_F(UpstreamH1Test, DialsWhereTheUrlPoints) {
  options_.timeouts.connect = Millis(1234);
  Start(log_);
  EXPECT_EQ(peer(0).dial.host, "origin.test");
  EXPECT_EQ(peer(0).dial.port, 8080);
  EXPECT_EQ(peer(0).dial.timeout, Millis(1234));
  EXPECT_EQ(peer(0).dial.tls, nullptr);
}

TEST_F(UpstreamH1Test, TheAuthorityIsTheClientsElseTheUrls) {
  RequestHead request = Get();
  request.authority = "";
  EXPECT_THAT(Sent(request), HasSubstr("host: origin.test:8080\r\n"));
}

TEST_F(UpstreamH1Test, OptionsStarKeepsItsTarget) {
  EXPECT_THAT(Sent(With("OPTIONS", "*")), HasSubstr("OPTIONS * HTTP/1.1\r\n"));
}

TEST_F(UpstreamH1Test, OnlyWhatBelongsToTheRequestIsSent) {
  RequestHead request = Get();
  request.fields = {{"a", "1"},
                    {"connection", "b"},
                    {"b", "2"},
                    {"te", "trailers"},
                    {"content-length", "9"},
                    {"host", "evil"},
                    {"upgrade", "h2c"},
                    {"transfer-encoding", "x"},
                    {"expect", "100-continue"},
                    {"keep-alive", "5"},
                    {"a", "3"}};
  EXPECT_EQ(Sent(request), "GET /base/a HTTP/1.1\r\nhost: site.test\r\na: 1\r\na: 3\r\n\r\n");
}

TEST_F(UpstreamH1Test, WhatWouldBreakTheMessageIsNotSent) {
  std::vector<RequestHead> bad(6, Get());
  bad[0].method = "GET /";
  bad[1].method = "CONNECT";
  bad[2].path = "/a b";
  bad[3].authority = "a\r\nb";
  bad[4].fields = {{"a", "b\r\nc: d"}};
  bad[5].fields = {{"a b", "c"}};
  for (const RequestHead& request : bad) {
    FetchLog log;
    Start(log, request);
    Run();
    EXPECT_THAT(log.heard, ElementsAre("failed invalid"));
  }
  EXPECT_THAT(peers_, IsEmpty());
}

TEST_F(UpstreamH1Test, ABodyOfKnownLengthGetsThatLength) {
  EXPECT_EQ(Sent(With("PUT"), std::make_unique<MemoryBody>("abc")),
            "PUT /base/a HTTP/1.1\r\nhost: site.test\r\ncontent-length: 3\r\n\r\nabc");
}

TEST_F(UpstreamH1Test, AnEmptyPostSaysSo) {
  EXPECT_THAT(Sent(With("POST")), HasSubstr("content-length: 0\r\n"));
}

TEST_F(UpstreamH1Test, ADeleteWithoutBodyHasNoLength) {
  EXPECT_THAT(Sent(With("DELETE")), Not(HasSubstr("content-length")));
}

TEST_F(UpstreamH1Test, ABodyOfUnknownLengthIsChunkedAsItComes) {
  auto body = std::make_unique<BodyPipe>(std::nullopt);
  const auto feed = body->feed();
  EXPECT_EQ(Sent(With("POST"), std::move(body)),
            "POST /base/a HTTP/1.1\r\nhost: site.test\r\ntransfer-encoding: chunked\r\n\r\n");
  feed->Push("0123456789abcdef0");
  EXPECT_EQ(peer(0).Take(), "11\r\n0123456789abcdef0\r\n");
  EXPECT_EQ(feed->buffered(), 0u);
  feed->End({{"digest", "x"}});
  EXPECT_EQ(peer(0).Take(), "0\r\ndigest: x\r\n\r\n");
  EXPECT_TRUE(peer(0).flushed);
}

TEST_F(UpstreamH1Test, ABodyWaitsWhileTheTransportIsFull) {
  auto body = std::make_unique<BodyPipe>(6);
  const auto feed = body->feed();
  Sent(With("POST"), std::move(body));
  peer(0).writable = false;
  feed->Push("abc");
  EXPECT_EQ(peer(0).Take(), "");
  EXPECT_EQ(feed->buffered(), 3u);
  peer(0).BecomeWritable();
  EXPECT_EQ(peer(0).Take(), "abc");
}

TEST_F(UpstreamH1Test, AHeadWaitsWhileTheTransportIsFull) {
  Start(log_, With("POST"), std::make_unique<MemoryBody>("abc"));
  peer(0).writable = false;
  peer(0).Connect();
  EXPECT_EQ(peer(0).Take(), "");
  peer(0).BecomeWritable();
  EXPECT_THAT(peer(0).Take(), HasSubstr("\r\n\r\nabc"));
}

TEST_F(UpstreamH1Test, ABodyThatFailsCutsTheConnection) {
  auto body = std::make_unique<BodyPipe>(std::nullopt);
  const auto feed = body->feed();
  Sent(With("POST"), std::move(body));
  feed->Push("abc");
  feed->Fail();
  EXPECT_TRUE(peer(0).aborted);
  EXPECT_THAT(peer(0).Take(), Not(HasSubstr("0\r\n\r\n")));
  Run();
  EXPECT_THAT(log_.heard, ElementsAre("failed cancelled"));
  EXPECT_EQ(log_.last_error.side, Side::kClient);
}

TEST_F(UpstreamH1Test, ABodyOfAnotherLengthThanItSaidCutsTheConnection) {
  for (const char* bytes : {"ab", "abcd"}) {
    FetchLog log;
    auto body = std::make_unique<BodyPipe>(3);
    const auto feed = body->feed();
    Start(log, With("POST"), std::move(body));
    peers_.back()->Connect();
    feed->Push(bytes);
    feed->End();
    EXPECT_TRUE(peers_.back()->aborted) << bytes;
    Run();
    EXPECT_THAT(log.heard, ElementsAre("failed cancelled")) << bytes;
  }
}

TEST_F(UpstreamH1Test, InterimAnswersComeFirst) {
  Sent(Get());
  peer(0).Say("HTTP/1.1 103 Early Hints\r\nlink: <a>\r\n\r\n");
  EXPECT_THAT(log_.heard, ElementsAre("interim 103"));
  peer(0).Say(kEmpty);
  EXPECT_THAT(log_.heard, ElementsAre("interim 103", "head 200", "end"));
}

TEST_F(UpstreamH1Test, TrailersComeWithTheEnd) {
  Sent(Get());
  peer(0).Say("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nt: 1\r\n\r\n");
  EXPECT_THAT(log_.heard, ElementsAre("head 200", "body abc", "end t=1"));
}

TEST_F(UpstreamH1Test, ConnectionSpecificFieldsAreGone) {
  Sent(Get());
  peer(0).Say(
      "HTTP/1.1 200 OK\r\nConnection: x, close\r\nX: 1\r\nKeep-Alive: t\r\nTE: a\r\n"
      "Upgrade: b\r\nSet-Cookie: c\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n");
  EXPECT_EQ(log_.fields, (Fields{{"set-cookie", "c"}}));
}

TEST_F(UpstreamH1Test, ABodyUntilTheConnectionEndsIsCompleteWhenItEndsInOrder) {
  Sent(Get());
  peer(0).Say("HTTP/1.1 200 OK\r\n\r\nabc");
  peer(0).End();
  EXPECT_THAT(log_.heard, ElementsAre("head 200", "body abc", "end"));
  EXPECT_FALSE(peer(0).open());
}

TEST_F(UpstreamH1Test, ABodyUntilTheConnectionEndsIsIncompleteWhenItBreaks) {
  Sent(Get());
  peer(0).Say("HTTP/1.1 200 OK\r\n\r\nabc");
  peer(0).Fail();
  Run();
  EXPECT_THAT(log_.heard, ElementsAre("head 200", "body abc", "failed reset"));
}

TEST_F(UpstreamH1Test, AnUnknownCodingIsReadToTheEndAndItsFieldGoes) {
  Sent(Get());
  peer(0).Say("HTTP/1.1 200 OK\r\nTransfer-Encoding: t-1\r\nCache-Control: max-age=1\r\n\r\nabc");
  peer(0).End();
  EXPECT_THAT(log_.heard, ElementsAre("head 200", "body abc", "end"));
  EXPECT_EQ(log_.fields, (Fields{{"cache-control", "max-age=1"}}));
}

TEST_F(UpstreamH1Test, AShortBodyFails) {
  Sent(Get());
  peer(0).Say("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\nabc");
  peer(0).End();
  Run();
  EXPECT_THAT(log_.heard, ElementsAre("head 200", "body abc", "failed reset"));
  EXPECT_FALSE(log_.last_error.retryable);
}

TEST_F(UpstreamH1Test, AMalformedAnswerFailsAndEndsTheConnection) {
  Sent(Get());
  peer(0).Say("HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n");
  Run();
  EXPECT_THAT(log_.heard, ElementsAre("failed invalid"));
  EXPECT_EQ(log_.last_error.side, Side::kUpstream);
  EXPECT_TRUE(peer(0).aborted);
}

TEST_F(UpstreamH1Test, LongHeadsFailByTheOptions) {
  options_.header_bytes = 100;
  options_.header_count = 2;
  Sent(Get());
  peer(0).Say("HTTP/1.1 200 OK\r\na: " + std::string(100, 'x') + "\r\n\r\n");
  FetchLog other;
  Start(other);
  peer(1).Connect();
  peer(1).Say("HTTP/1.1 200 OK\r\na: b\r\na: b\r\na: b\r\n\r\n");
  Run();
  EXPECT_THAT(log_.heard, ElementsAre("failed limit"));
  EXPECT_THAT(other.heard, ElementsAre("failed limit"));
}

TEST_F(UpstreamH1Test, AHundredAndOneThatNobodyAskedForFails) {
  Sent(Get());
  peer(0).Say("HTTP/1.1 101 Switching Protocols\r\nupgrade: x\r\n\r\n");
  Run();
  EXPECT_THAT(log_.heard, ElementsAre("failed invalid"));
}

TEST_F(UpstreamH1Test, AnAnswerBeforeTheBodyWasSentIsDeliveredAndEndsTheConnection) {
  auto body = std::make_unique<BodyPipe>(10);
  const auto feed = body->feed();
  Sent(With("POST"), std::move(body));
  feed->Push("abc");
  peer(0).Say("HTTP/1.1 413 Too Large\r\ncontent-length: 2\r\n\r\nno");
  EXPECT_THAT(log_.heard, ElementsAre("head 413", "body no", "end"));
  EXPECT_TRUE(peer(0).aborted);
  feed->Push("later");
}

TEST_F(UpstreamH1Test, TheBodyGoesOnBehindAnEarlyHead) {
  auto body = std::make_unique<BodyPipe>(6);
  const auto feed = body->feed();
  Sent(With("POST"), std::move(body));
  feed->Push("abc");
  peer(0).Say("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n");
  peer(0).Take();
  feed->Push("def");
  EXPECT_EQ(peer(0).Take(), "def");
  peer(0).Say("ok");
  EXPECT_THAT(log_.heard, ElementsAre("head 200", "body ok", "end"));
  EXPECT_TRUE(peer(0).open());
}

// ---- Pausing

TEST_F(UpstreamH1Test, NoBodyComesWhilePausedAndAllOfItAfterwards) {
  Sent(Get());
  peer(0).Say("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n");
  log_.fetch->Pause();
  EXPECT_TRUE(peer(0).reading_paused);
  peer(0).Say("abc");
  EXPECT_THAT(log_.heard, ElementsAre("head 200"));
  log_.fetch->Resume();
  EXPECT_THAT(log_.heard, ElementsAre("head 200"));  // not from inside the call
  Run();
  EXPECT_THAT(log_.heard, ElementsAre("head 200", "body abc"));
  EXPECT_FALSE(peer(0).reading_paused);
  peer(0).Say("def");
  EXPECT_THAT(log_.heard, ElementsAre("head 200", "body abcdef", "end"));
}

TEST_F(UpstreamH1Test, PausingInsideTheHeadHoldsBackTheBodyOfTheSameRead) {
  log_.at = "head";
  log_.then = [this] { log_.fetch->Pause(); };
  Sent(Get());
  peer(0).Say("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc");
  EXPECT_THAT(log_.heard, ElementsAre("head 200"));
  log_.fetch->Resume();
  Run();
  EXPECT_THAT(log_.heard, ElementsAre("head 200", "body abc", "end"));
}

TEST_F(UpstreamH1Test, PausingInsideABodyHoldsBackTheNextChunk) {
  log_.at = "body";
  log_.then = [this] { log_.fetch->Pause(); };
  Sent(Get());
  peer(0).Say(
      "HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
      "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n");
  EXPECT_THAT(log_.heard, ElementsAre("head 200", "body abc"));
  log_.fetch->Resume();
  Run();
  EXPECT_THAT(log_.heard, ElementsAre("head 200", "body abcdef", "end"));
  EXPECT_TRUE(peer(0).open());
}

TEST_F(UpstreamH1Test, PausedBeforeTheHeadStillHearsTheHead) {
  Start(log_);
  log_.fetch->Pause();
  peer(0).Connect();
  peer(0).Say("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc");
  EXPECT_THAT(log_.heard, ElementsAre("head 200"));
  log_.fetch->Resume();
  Run();
  EXPECT_THAT(log_.heard, ElementsAre("head 200", "body abc", "end"));
}

TEST_F(UpstreamH1Test, AnEndOrABreakWaitsBehindWhatIsHeldBack) {
  for (const bool in_order : {true, false}) {
    FetchLog log;
    log.at = "head";
    log.then = [&] { log.fetch->Pause(); };
    Start(log);
    ScriptedPeer& peer = *peers_.back();
    peer.Connect();
    peer.Say("HTTP/1.1 200 OK\r\n\r\nabc");
    in_order ? peer.End() : peer.Fail();
    Run();
    EXPECT_THAT(log.heard, ElementsAre("head 200"));
    log.fetch->Resume();
    Run();
    EXPECT_THAT(log.heard, ElementsAre("head 200", "body abc", in_order ? "end" : "failed reset"));
  }
}

TEST_F(UpstreamH1Test, PauseAndResumeWithoutAWordBetweenChangesNothing) {
  Sent(Get());
  log_.fetch->Pause();
  log_.fetch->Resume();
  log_.fetch->Resume();
  Run();
  peer(0).Say("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc");
  EXPECT_THAT(log_.heard, ElementsAre("head 200", "body abc", "end"));
}

// ---- Cancelling

TEST_F(UpstreamH1Test, NoEventComesAfterCancellingInsideAnyEvent) {
  for (const char* at : {"interim", "head", "body", "end", "failed"}) {
    FetchLog log;
    log.at = at;
    log.then = [&] { log.fetch.reset(); };
    Start(log);
    ScriptedPeer& peer = *peers_.back();
    if (!peer.dial.host.empty() && peer.events != nullptr && peer.received.empty()) peer.Connect();
    peer.Say(
        "HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: "
        "chunked\r\n\r\n3\r\nabc\r\n");
    peer.Say("3\r\ndef\r\n0\r\nx");
    peer.Fail();
    Run();
    if (std::string_view(at) != "end") {
      EXPECT_TRUE(log.heard.back().starts_with(at)) << at;
      EXPECT_EQ(log.then, nullptr) << at;
    }
    EXPECT_FALSE(peer.open() && peer.events != nullptr) << at;
    Run();
    EXPECT_TRUE(peer.destroyed) << at;
  }
}

TEST_F(UpstreamH1Test, CancellingEndsTheConnectionAtOnce) {
  Sent(Get());
  log_.fetch.reset();
  EXPECT_TRUE(peer(0).aborted);
  Run();
  EXPECT_THAT(log_.heard, IsEmpty());
}

TEST_F(UpstreamH1Test, CancellingWhileItWaitsForAConnectionIsSilent) {
  Start(log_);
  log_.fetch.reset();
  peer(0).Connect();
  EXPECT_EQ(peer(0).Take(), "");
  Run();
  EXPECT_THAT(log_.heard, IsEmpty());
}

TEST_F(UpstreamH1Test, CancellingAfterTheEndKeepsTheConnection) {
  Sent(Get());
  peer(0).Say(kEmpty);
  log_.fetch.reset();
  EXPECT_TRUE(peer(0).open());
}

TEST_F(UpstreamH1Test, CancellingFromTheBodysConsumerIsSafe) {
  auto body = std::make_unique<BodyPipe>(6);
  const auto feed = body->feed();
  Sent(With("POST"), std::move(body));
  feed->on_consumed = [this](size_t) { log_.fetch.reset(); };
  feed->Push("abc");
  Run();
  EXPECT_TRUE(peer(0).aborted);
  EXPECT_THAT(log_.heard, IsEmpty());
}

TEST_F(UpstreamH1Test, DestroyingTheUpstreamInsideAnEventEndsItsFetchesSilently) {
  FetchLog other;
  log_.at = "head";
  log_.then = [this] { upstream_.reset(); };
  Sent(Get());
  Start(other);
  peer(0).Say("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\nabc");
  Run();
  EXPECT_THAT(log_.heard, ElementsAre("head 200"));
  EXPECT_THAT(other.heard, IsEmpty());
  EXPECT_TRUE(peer(0).destroyed);
  EXPECT_TRUE(peer(1).destroyed);
  log_.fetch->Resume();
}

// ---- Time

// The timer of the wait for a connection is left running behind it.
TEST_F(UpstreamH1Test, APhaseThatMayLastLongerThanTheOneBeforeLastsSoLong) {
  options_.timeouts.queue = Seconds(2);
  options_.timeouts.connect = Seconds(1);
  options_.timeouts.first_byte = Seconds(7);
  options_.timeouts.between_bytes = Seconds(9);
  Sent(Get());
  loop_.Advance(Millis(6'999));
  EXPECT_THAT(log_.heard, IsEmpty());
  peer(0).Say("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\n");
  loop_.Advance(Millis(8'999));
  EXPECT_THAT(log_.heard, ElementsAre("head 200"));
  loop_.Advance(Millis(1));
  EXPECT_THAT(log_.heard, ElementsAre("head 200", "failed timeout"));
}

TEST_F(UpstreamH1Test, TheHeadMustComeInTime) {
  options_.timeouts.first_byte = Seconds(7);
  Sent(Get());
  loop_.Advance(Seconds(6));
  peer(0).Say("HTTP/1.1 103 Early\r\n\r\nHTTP/1.1 2");  // neither of these counts
  loop_.Advance(Millis(999));
  EXPECT_THAT(log_.heard, ElementsAre("interim 103"));
  loop_.Advance(Millis(1));
  EXPECT_THAT(log_.heard, ElementsAre("interim 103", "failed timeout"));
  EXPECT_TRUE(peer(0).aborted);
  EXPECT_FALSE(log_.last_error.retryable);
}

TEST_F(UpstreamH1Test, TheBodyMustNotStandStill) {
  options_.timeouts.between_bytes = Seconds(5);
  Sent(Get());
  peer(0).Say("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n");
  for (const char* byte : {"a", "b"}) {
    loop_.Advance(Millis(4999));
    peer(0).Say(byte);
  }
  loop_.Advance(Millis(4999));
  EXPECT_THAT(log_.heard, ElementsAre("head 200", "body ab"));
  loop_.Advance(Millis(1));
  EXPECT_THAT(log_.heard, ElementsAre("head 200", "body ab", "failed timeout"));
}

TEST_F(UpstreamH1Test, APausedFetchIsNotTimedOut) {
  options_.timeouts.between_bytes = Seconds(5);
  Sent(Get());
  peer(0).Say("HTTP/1.1 200 OK\r\ncontent-length: 3\r\n\r\n");
  log_.fetch->Pause();
  loop_.Advance(Seconds(1000));
  log_.fetch->Resume();
  loop_.Advance(Millis(4999));
  EXPECT_THAT(log_.heard, ElementsAre("head 200"));
  loop_.Advance(Millis(2));
  EXPECT_THAT(log_.heard, ElementsAre("head 200", "failed timeout"));
}

TEST_F(UpstreamH1Test, ARequestThatIsNotTakenTimesOut) {
  options_.timeouts.between_bytes = Seconds(5);
  Sent(With("POST"), std::make_unique<BodyPipe>(3));
  peer(0).writable = false;
  loop_.Advance(Seconds(1000));  // the body has nothing: the peer is not to blame
  EXPECT_THAT(log_.heard, IsEmpty());
}

TEST_F(UpstreamH1Test, APeerThatDoesNotReadTimesOut) {
  options_.timeouts.between_bytes = Seconds(5);
  auto body = std::make_unique<BodyPipe>(6);
  const auto feed = body->feed();
  Sent(With("POST"), std::move(body));
  feed->Push("abc");
  peer(0).writable = false;
  feed->Push("def");
  loop_.Advance(Seconds(11));
  EXPECT_THAT(log_.heard, ElementsAre("failed timeout"));
}

}  // namespace
}  // namespace skerry::http
