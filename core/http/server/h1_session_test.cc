// HTTP/1.1 connections as clients and programs see them.
#include <gmock/gmock.h>

#include "core/http/server/session_fixture.h"

namespace skerry::http {
namespace {

using testing::EndsWith;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

class H1SessionTest : public SessionTest {
 protected:
  net::FakeWire& wire() {
    if (wire_ == nullptr) wire_ = Connect("http/1.1");
    return *wire_;
  }
  // Receives bytes and returns what the server wrote.
  std::string Say(std::string_view bytes) {
    wire().Receive(bytes);
    Run();
    return wire().Take();
  }
  std::string Answered() {
    Run();
    return wire().Take();
  }
  // What comes back for these bytes on a connection of their own.
  std::string Fresh(std::string_view bytes) {
    wire_ = nullptr;
    server_.reset();
    Run();
    return Say(bytes);
  }
  static std::string Get(const std::string& more = "") {
    return "GET / HTTP/1.1\r\nHost: a.example\r\n" + more + "\r\n";
  }
  std::shared_ptr<FedBody::State> AnswerFed(HeardRequest& request, Fields fields = {}) {
    auto state = std::make_shared<FedBody::State>();
    Response response;
    response.own = std::move(fields);
    response.body = std::make_unique<FedBody>(state);
    request.stream->Respond(std::move(response));
    Run();
    return state;
  }

  std::shared_ptr<net::FakeWire> wire_;
};

TEST_F(H1SessionTest, APlainGetIsHandedOverWithItsHead) {
  Say("GET /x?y HTTP/1.1\r\nHost: A.example:8443\r\nAccept: text/html\r\nConnection: x-hop\r\n"
      "X-Hop: 1\r\n\r\n");
  ASSERT_EQ(1u, requests_.size());
  EXPECT_EQ((RequestHead{"GET", "https", "A.example:8443", "/x?y", {{"accept", "text/html"}}}),
            request().stream->request());
  EXPECT_TRUE(request().stream->end_of_body());
  EXPECT_EQ(Protocol::kHttp1, request().stream->protocol());
}

TEST_F(H1SessionTest, AnAnswerWithALengthKeepsTheConnection) {
  Say(Get());
  request().Answer(200, "hello", {{"x-own", "1"}});
  EXPECT_EQ("HTTP/1.1 200 OK\r\nx-own: 1\r\ncontent-length: 5\r\n\r\nhello", Answered());
  EXPECT_EQ(true, request().gone);
  Say(Get());
  EXPECT_EQ(2u, requests_.size());
}

TEST_F(H1SessionTest, AnAnswerWithoutABodyHasLengthZero) {
  Say(Get());
  request().Answer(404);
  EXPECT_EQ("HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n", Answered());
}

TEST_F(H1SessionTest, ABodyOfUnknownLengthIsChunkedWithItsTrailers) {
  Say(Get());
  const auto body = AnswerFed(request());
  body->Push("hello");
  EXPECT_EQ("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n5\r\nhello\r\n", Answered());
  body->End({{"digest", "abc"}});
  EXPECT_EQ("0\r\ndigest: abc\r\n\r\n", Answered());
  EXPECT_FALSE(wire().closed);
}

TEST_F(H1SessionTest, ForHttp10ABodyOfUnknownLengthEndsWithTheConnection) {
  Say("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n");
  const auto body = AnswerFed(request());
  body->Push("hello");
  EXPECT_EQ("HTTP/1.1 200 OK\r\nconnection: close\r\n\r\nhello", Answered());
  body->End();
  Run();
  EXPECT_TRUE(wire().closed);
  EXPECT_EQ(true, request().gone);
}

TEST_F(H1SessionTest, Http10ClosesUnlessAskedToKeep) {
  on_request_ = [](HeardRequest& request) { request.Answer(200, "x"); };
  EXPECT_THAT(Say("GET / HTTP/1.0\r\nHost: a\r\nConnection: keep-alive\r\n\r\n"),
              HasSubstr("connection: keep-alive\r\n"));
  EXPECT_FALSE(wire().closed);
  EXPECT_THAT(Say("GET / HTTP/1.0\r\nHost: a\r\n\r\n"), HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(wire().closed);
}

TEST_F(H1SessionTest, ForHeadTheBodyIsNotAskedForButItsLengthIsTold) {
  Say("HEAD / HTTP/1.1\r\nHost: a\r\n\r\n");
  request().Answer(200, "hello");
  EXPECT_EQ("HTTP/1.1 200 OK\r\ncontent-length: 5\r\n\r\n", Answered());
}

TEST_F(H1SessionTest, NotModifiedAndNoContentHaveNeitherBodyNorLength) {
  on_request_ = [](HeardRequest& request) { request.Answer(304, "surprise"); };
  EXPECT_EQ("HTTP/1.1 304 Not Modified\r\n\r\n", Say(Get()));
  on_request_ = [](HeardRequest& request) { request.Answer(204); };
  EXPECT_EQ("HTTP/1.1 204 No Content\r\n\r\n", Say(Get()));
}

TEST_F(H1SessionTest, PipelinedRequestsAreAnsweredInOrderOneAtATime) {
  Say(Get() + Get() + Get());
  ASSERT_EQ(1u, requests_.size());
  request(0).Answer(200, "one");
  EXPECT_THAT(Answered(), EndsWith("one"));
  ASSERT_EQ(2u, requests_.size());
  request(1).Answer(200, "two");
  EXPECT_THAT(Answered(), EndsWith("two"));
  request(2).Answer(200, "three");
  EXPECT_THAT(Answered(), EndsWith("three"));
}

TEST_F(H1SessionTest, PipelinedAnswersThatAreReadyShareOneFlush) {
  on_request_ = [](HeardRequest& request) { request.Answer(200, "x"); };
  wire();
  const int before = wire().flushes;
  Say(Get() + Get() + Get());
  EXPECT_EQ(3u, requests_.size());
  EXPECT_EQ(before + 1, wire().flushes);
}

TEST_F(H1SessionTest, WhatIsSentAheadIsBounded) {
  Say(Get());
  EXPECT_FALSE(wire().paused);
  std::string many;
  while (many.size() < 70'000) many += Get();
  Say(many);
  EXPECT_TRUE(wire().paused);
  on_request_ = [](HeardRequest& request) { request.Answer(200); };
  request().Answer(200);
  Run();
  EXPECT_FALSE(wire().paused);
}

TEST_F(H1SessionTest, ARequestBodyArrivesAndTheConnectionGoesOn) {
  Say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nsome ");
  EXPECT_FALSE(request().stream->end_of_body());
  Say("bytes" + Get());
  EXPECT_EQ("some bytes", request().body);
  EXPECT_TRUE(request().body_ended);
  EXPECT_TRUE(request().stream->end_of_body());
  request().Answer(200, "ok");
  EXPECT_THAT(Answered(), Not(HasSubstr("close")));
  EXPECT_EQ(2u, requests_.size());
}

TEST_F(H1SessionTest, AChunkedRequestBodyArrivesWithItsTrailers) {
  Say("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n"
      "Digest: x\r\n\r\n");
  EXPECT_EQ("abc", request().body);
  EXPECT_EQ((Fields{{"digest", "x"}}), request().trailers);
  EXPECT_FALSE(request().stream->request().fields.Has("transfer-encoding"));
}

TEST_F(H1SessionTest, ABodyNobodyConsumesPausesTheTransport) {
  on_request_ = [](HeardRequest& request) { request.consumes = false; };
  Say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + std::string(70'000, 'x'));
  EXPECT_TRUE(wire().paused);
  request().stream->ConsumedBody(70'000);
  EXPECT_FALSE(wire().paused);
}

TEST_F(H1SessionTest, AnAnswerBeforeTheEndOfTheRequestIsTheLast) {
  Say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nsome ");
  request().Answer(403, "no");
  EXPECT_THAT(Answered(), HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(wire().closed);
  EXPECT_EQ(true, request().gone);
}

TEST_F(H1SessionTest, ExpectContinueIsAnsweredOnceTheRequestIsTaken) {
  EXPECT_EQ("HTTP/1.1 100 Continue\r\n\r\n",
            Say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\nExpect: 100-Continue\r\n\r\n"));
  EXPECT_FALSE(request().stream->request().fields.Has("expect"));
  Say("ok");
  EXPECT_EQ("ok", request().body);
}

TEST_F(H1SessionTest, AnotherExpectationFails) {
  EXPECT_THAT(Say(Get("Expect: tea\r\n")), StartsWith("HTTP/1.1 417"));
}

TEST_F(H1SessionTest, InterimAnswersComeFirstButNotForHttp10) {
  on_request_ = [](HeardRequest& request) {
    request.stream->SendInterim({103, {{"link", "</a>"}}});
    request.Answer(204);
  };
  EXPECT_EQ("HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
            Say(Get()));
  EXPECT_THAT(Say("GET / HTTP/1.0\r\nHost: a\r\n\r\n"), StartsWith("HTTP/1.1 204"));
}

TEST_F(H1SessionTest, ABodyThatFailsBreaksTheConnection) {
  Say(Get());
  const auto body = AnswerFed(request());
  body->Push("half");
  Run();
  body->Fail();
  Run();
  EXPECT_TRUE(wire().aborted);
  EXPECT_EQ(false, request().gone);
}

TEST_F(H1SessionTest, ABodyThatContradictsItsLengthBreaksTheConnection) {
  for (const char* length : {"3", "5", "x"}) {
    wire_ = nullptr;
    Say(Get());
    const auto body = AnswerFed(*requests_.back(), {{"content-length", length}});
    body->Push("four");
    body->End();
    Run();
    EXPECT_TRUE(wire().aborted) << length;
  }
}

TEST_F(H1SessionTest, ABlockedTransportHoldsTheBodyBack) {
  Say(Get());
  wire().capacity = 1;
  const auto body = AnswerFed(request());
  body->Push(std::string(1'000'000, 'x'));
  Run();
  EXPECT_LT(wire().written.size(), 100'000u);
  wire().Drain(SIZE_MAX);
  body->End();
  Run();
  EXPECT_GT(wire().written.size(), 1'000'000u);
}

TEST_F(H1SessionTest, ALostConnectionIsGone) {
  Say(Get());
  wire().Break();
  Run();
  EXPECT_EQ(false, request().gone);
  request().Answer(200, "too late");
  request().stream->Reset();
  EXPECT_EQ("/", request().stream->request().path);
  EXPECT_EQ(0u, server().connections());
  EXPECT_EQ(0, h1_gauge_.value());
}

TEST_F(H1SessionTest, AClientThatEndedItsSideIsStillAnswered) {
  Say(Get());
  wire().End();
  EXPECT_FALSE(wire().closed);
  request().Answer(200, "x");
  EXPECT_THAT(Answered(), EndsWith("x"));
  EXPECT_TRUE(wire().closed);
}

TEST_F(H1SessionTest, AClientThatEndsInsideABodyIsGone) {
  Say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nsome ");
  wire().End();
  EXPECT_EQ(false, request().gone);
  EXPECT_FALSE(request().body_ended);
}

TEST_F(H1SessionTest, TheProgramMayResetAndTheConnectionBreaks) {
  Say(Get());
  request().stream->Reset();
  EXPECT_TRUE(wire().aborted);
  EXPECT_EQ(false, request().gone);
}

TEST_F(H1SessionTest, BadRequestsAreAnsweredAndTheConnectionEnds) {
  const std::pair<std::string, int> cases[] = {
      {"GET / HTTP/1.1\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nHost: a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: user@a\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a:1:2\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\nX: y\r\n\r\n", 400},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: y\r\n z\r\n\r\n", 400},
      {"GET http://b/ HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n", 421},
      {"GET * HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"GET /#x HTTP/1.1\r\nHost: a\r\n\r\n", 400},
      {"TRACE / HTTP/1.1\r\nHost: a\r\n\r\n", 405},
      {"CONNECT a:443 HTTP/1.1\r\nHost: a:443\r\n\r\n", 405},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n",
       400},
      {"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501},
      {"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 16777217\r\n\r\n", 413},
      {"GET /" + std::string(17'000, 'x') + " HTTP/1.1\r\nHost: a\r\n\r\n", 414},
      {"GET / HTTP/1.1\r\nHost: a\r\nX: " + std::string(33'000, 'x') + "\r\n\r\n", 431},
      {"GET / HTTP/3.0\r\nHost: a\r\n\r\n", 505},
  };
  uint64_t refused = 0;
  for (const auto& [bytes, status] : cases) {
    const std::string answer = Fresh(bytes + Get());
    EXPECT_THAT(answer, StartsWith("HTTP/1.1 " + std::to_string(status))) << bytes.substr(0, 80);
    EXPECT_THAT(answer, HasSubstr("content-type: application/problem+json\r\n"));
    EXPECT_THAT(answer, HasSubstr("connection: close\r\n"));
    EXPECT_TRUE(wire().closed);
    EXPECT_EQ(++refused, bad_requests_.value());
  }
  // Nothing behind a refused request was taken for another one.
  EXPECT_TRUE(requests_.empty());
}

TEST_F(H1SessionTest, AbsoluteTargetsAreUnderstood) {
  Say("GET https://a.example/x HTTP/1.1\r\nHost: a.example\r\n\r\n");
  EXPECT_EQ("/x", request().stream->request().path);
  EXPECT_EQ("a.example", request().stream->request().authority);
}

TEST_F(H1SessionTest, OptionsMayAskForTheWholeServer) {
  Say("OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n");
  EXPECT_EQ("*", request().stream->request().path);
}

TEST_F(H1SessionTest, ABodyThatGrowsTooLongIsRefusedAndTheProgramHearsOfIt) {
  options_.limits.body_bytes = 10;
  Say("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n8\r\n12345678\r\n");
  EXPECT_EQ("12345678", request().body);
  EXPECT_THAT(Say("8\r\n12345678\r\n"), StartsWith("HTTP/1.1 413"));
  EXPECT_EQ(false, request().gone);
  EXPECT_TRUE(wire().closed);
}

TEST_F(H1SessionTest, ABrokenChunkInsideAnAnsweredRequestBreaksTheConnection) {
  Say("POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n");
  AnswerFed(request())->Push("x");
  Run();
  Say("zz\r\n");
  EXPECT_TRUE(wire().aborted);
}

// ---- Time

TEST_F(H1SessionTest, AHeadThatDoesNotComeIsGivenUp) {
  Say("GET / HTTP/1.1\r\nHost:");
  for (int i = 0; i < 8; ++i) {
    loop_.Advance(Seconds(1));
    Say("x");  // dripping does not help
  }
  loop_.Advance(Seconds(3));
  EXPECT_THAT(Answered(), StartsWith("HTTP/1.1 408"));
  EXPECT_TRUE(wire().closed);
}

TEST_F(H1SessionTest, ASilentConnectionIsClosed) {
  wire();
  loop_.Advance(Seconds(9));
  EXPECT_FALSE(wire().closed);
  loop_.Advance(Seconds(2));
  EXPECT_TRUE(wire().closed);
  EXPECT_EQ("", wire().written);
}

TEST_F(H1SessionTest, AnIdleConnectionIsClosedLater) {
  on_request_ = [](HeardRequest& request) { request.Answer(200); };
  Say(Get());
  loop_.Advance(Seconds(59));
  EXPECT_FALSE(wire().closed);
  loop_.Advance(Seconds(2));
  EXPECT_TRUE(wire().closed);
}

TEST_F(H1SessionTest, ASlowAnswerIsWaitedFor) {
  Say(Get());
  loop_.Advance(Seconds(300));
  EXPECT_FALSE(wire().closed || wire().aborted);
}

TEST_F(H1SessionTest, ABodyThatStopsComingIsGivenUp) {
  Say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 10\r\n\r\nsome ");
  loop_.Advance(Seconds(12));
  EXPECT_THAT(Answered(), StartsWith("HTTP/1.1 408"));
  EXPECT_EQ(false, request().gone);
}

TEST_F(H1SessionTest, ABodyThatDripsIsGivenUp) {
  Say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n");
  for (int second = 0; second < 60 && !request().gone; ++second) {
    Say(std::string(100, 'x'));
    loop_.Advance(Seconds(1));
  }
  EXPECT_THAT(Answered(), StartsWith("HTTP/1.1 408"));
  EXPECT_LT(request().body.size(), 2'000u);
}

TEST_F(H1SessionTest, ABodyThatComesSlowlyButFastEnoughIsTaken) {
  for (int i = 0; i < 3; ++i) {
    Say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 48000\r\n\r\n");
    for (int second = 0; second < 80; ++second) {
      Say(std::string(600, 'x'));
      loop_.Advance(Seconds(1));
    }
    ASSERT_TRUE(requests_.back()->body_ended);
    requests_.back()->Answer(200);
    Run();
  }
  EXPECT_FALSE(wire().closed);
}

TEST_F(H1SessionTest, AClientThatReadsSlowlyIsGivenUpOnlyBelowTheRate) {
  for (const size_t rate : {600, 100}) {
    wire_ = nullptr;
    Say(Get());
    wire().capacity = 1;
    requests_.back()->Answer(200, std::string(1'000'000, 'x'));
    Run();
    for (int second = 0; second < 60; ++second) {
      wire().Drain(rate);
      wire().capacity = 0;
      loop_.Advance(Seconds(1));
    }
    EXPECT_EQ(rate < 500, wire().aborted) << rate;
  }
}

TEST_F(H1SessionTest, AnEventStreamMayBeReadAsSlowlyAsItPleases) {
  Say(Get());
  wire().capacity = 1;
  request().Answer(200, std::string(100'000, 'x'), {{"content-type", "text/event-stream;a=b"}});
  Run();
  for (int second = 0; second < 100; ++second) {
    wire().Drain(1);
    wire().capacity = 0;
    loop_.Advance(Seconds(1));
  }
  EXPECT_FALSE(wire().aborted);
}

TEST_F(H1SessionTest, ABodyThatWeHoldBackIsNotGivenUp) {
  on_request_ = [](HeardRequest& request) { request.consumes = false; };
  Say("POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\n" + std::string(70'000, 'x'));
  loop_.Advance(Seconds(60));
  EXPECT_FALSE(request().gone);
}

TEST_F(H1SessionTest, AClientThatNeverReadsIsGivenUp) {
  Say(Get());
  wire().capacity = 1;
  AnswerFed(request())->Push(std::string(1'000'000, 'x'));
  Run();
  loop_.Advance(Seconds(32));
  EXPECT_TRUE(wire().aborted);
  EXPECT_EQ(false, request().gone);
  EXPECT_EQ(1u, stalled_streams_.value());
}

// ---- WebSockets

class H1WebSocketTest : public H1SessionTest {
 protected:
  static std::string Handshake(const std::string& more = "") {
    return Get("Connection: keep-alive, Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: x\r\n" +
               more);
  }
  // Opens one, and says what its body is fed by.
  std::shared_ptr<FedBody::State> Open() {
    Say(Handshake());
    auto state = std::make_shared<FedBody::State>();
    Response response;
    response.status = 101;
    response.own = {{"sec-websocket-accept", "y"}};
    response.body = std::make_unique<FedBody>(state);
    requests_.back()->stream->Respond(std::move(response));
    Run();
    return state;
  }
};

TEST_F(H1WebSocketTest, BytesPassBothWays) {
  const auto body = Open();
  EXPECT_TRUE(request().stream->request().websocket);
  EXPECT_EQ(
      "HTTP/1.1 101 Switching Protocols\r\nsec-websocket-accept: y\r\n"
      "connection: upgrade\r\nupgrade: websocket\r\n\r\n",
      Answered());
  EXPECT_EQ("", Say("GET / HTTP/1.1\r\n"));
  EXPECT_EQ("GET / HTTP/1.1\r\n", request().body);
  body->Push("frame");
  EXPECT_EQ("frame", Answered());
  EXPECT_FALSE(request().gone);
  body->End();
  Run();
  EXPECT_TRUE(wire().closed);
  EXPECT_EQ(true, request().gone);
}

TEST_F(H1WebSocketTest, WhatComesBeforeTheAnswerWaits) {
  Say(Handshake() + Get());
  EXPECT_EQ("", request().body);
  request().Answer(403, "no");  // no tunnel: it was another request
  Run();
  EXPECT_EQ(2u, requests_.size());
}

TEST_F(H1WebSocketTest, AClientThatEndsItsSideEndsIt) {
  Open();
  wire().End();
  EXPECT_TRUE(wire().closed);
  EXPECT_EQ(false, request().gone);
  EXPECT_FALSE(request().body_ended);
}

TEST_F(H1WebSocketTest, SilenceEndsItAndAByteEitherWayKeepsIt) {
  options_.limits.tunnel_timeout = Seconds(20);
  const auto body = Open();
  for (int i = 0; i < 4; ++i) {
    loop_.Advance(Seconds(15));
    Say("x");
    loop_.Advance(Seconds(15));
    body->Push("y");
    Run();
  }
  EXPECT_FALSE(request().gone);
  loop_.Advance(Seconds(22));
  EXPECT_TRUE(wire().closed);
  EXPECT_EQ(false, request().gone);
}

TEST_F(H1WebSocketTest, OnlyWhoAskedForOneIsAnswered101) {
  Say(Get());
  Response response;
  response.status = 101;
  response.body = std::make_unique<MemoryBody>("");
  request().stream->Respond(std::move(response));
  Run();
  EXPECT_TRUE(wire().aborted);
}

// ---- Drain

TEST_F(H1SessionTest, DrainEndsIdleConnectionsAtOnceAndBusyOnesWithTheirAnswer) {
  Say(Get());
  request().Answer(200, "first");
  Run();
  const auto idle = std::exchange(wire_, Connect("http/1.1"));
  Say(Get());
  bool done = false;
  server().Drain([&] { done = true; });
  Run();
  EXPECT_TRUE(idle->closed);
  EXPECT_FALSE(done);
  request(1).Answer(200, "last");
  EXPECT_THAT(Answered(), HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(wire().closed);
  EXPECT_TRUE(done);
}

TEST_F(H1SessionTest, DrainAnswersTheFirstRequestOfANewConnectionIfItComesWithinASecond) {
  const auto silent = Connect("http/1.1");
  bool done = false;
  server().Drain([&] { done = true; });
  Run();
  EXPECT_FALSE(silent->closed || wire().closed);
  Say(Get());
  request().Answer(200, "only");
  EXPECT_THAT(Answered(), HasSubstr("connection: close\r\n"));
  EXPECT_TRUE(wire().closed);
  loop_.Advance(Millis(900));
  EXPECT_FALSE(silent->closed || done);
  loop_.Advance(Millis(200));
  EXPECT_TRUE(silent->closed);
  EXPECT_TRUE(done);
}

// Of which it is not even known yet what it speaks.
TEST_F(H1SessionTest, DrainGivesAConnectionInClearTextASecondToo) {
  options_.scheme = "http";
  wire_ = Connect("", false);
  const auto silent = Connect("", false);
  bool done = false;
  server().Drain([&] { done = true; });
  Run();
  Say(Get());
  request().Answer(200, "only");
  EXPECT_THAT(Answered(), HasSubstr("connection: close\r\n"));
  loop_.Advance(Millis(1100));
  EXPECT_TRUE(silent->closed);
}

TEST_F(H1SessionTest, TheServerMayBeDestroyedFromInsideARequest) {
  on_request_ = [this](HeardRequest&) { server_.reset(); };
  wire().Receive(Get() + Get());
  Run();
  EXPECT_EQ(1u, requests_.size());
  EXPECT_EQ(false, request().gone);
}

TEST_F(H1SessionTest, ClearTextSpeaksHttp11Too) {
  options_.scheme = "http";
  wire_ = Connect("", false);
  Say("P");
  Say("OST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\n\r\nx");
  EXPECT_EQ("x", request().body);
  EXPECT_EQ("", request().stream->tls());
}

TEST_F(H1SessionTest, AnUpgradeToH2cIsIgnored) {
  Say(Get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n"));
  EXPECT_TRUE(request().stream->request().fields.empty());
}

}  // namespace
}  // namespace skerry::http
