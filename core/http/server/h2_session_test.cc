// HTTP/2 connections as clients and programs see them: requests, answers, bodies.
#include <gmock/gmock.h>

#include "core/http/server/session_fixture.h"

namespace skerry::http {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

class H2SessionTest : public SessionTest {
 protected:
  H2Client& client() {
    if (client_ == nullptr) client_ = std::make_unique<H2Client>(loop_, Connect("h2"));
    return *client_;
  }
  // Sends a GET and carries it over; the program has not answered yet.
  int32_t Get(const std::string& path = "/") {
    const int32_t stream = client().Get(path);
    client().Exchange();
    return stream;
  }
  H2Client::Answer& answer(int32_t stream) {
    client().Exchange();
    return client().answer(stream);
  }
  // The body of the answer to request(i), fed by the test.
  std::shared_ptr<FedBody::State> AnswerFed(HeardRequest& request, Fields fields = {}) {
    auto state = std::make_shared<FedBody::State>();
    Response response;
    response.own = std::move(fields);
    response.body = std::make_unique<FedBody>(state);
    request.stream->Respond(std::move(response));
    client().Exchange();
    return state;
  }

  std::unique_ptr<H2Client> client_;
};

TEST_F(H2SessionTest, APlainGetIsHandedOverWithItsHead) {
  client().Send({{":method", "GET"},
                 {":scheme", "https"},
                 {":authority", "A.example:8443"},
                 {":path", "/x?y=1"},
                 {"accept", "text/html"}});
  client().Exchange();
  ASSERT_EQ(1u, requests_.size());
  const RequestHead& head = request().stream->request();
  EXPECT_EQ((RequestHead{"GET", "https", "A.example:8443", "/x?y=1", {{"accept", "text/html"}}}),
            head);
  EXPECT_TRUE(request().stream->end_of_body());
  EXPECT_EQ(Protocol::kHttp2, request().stream->protocol());
  EXPECT_EQ("192.0.2.7", request().stream->peer().host);
  EXPECT_EQ("TLSv1.3 TLS_AES_128_GCM_SHA256", request().stream->tls());
}

TEST_F(H2SessionTest, AnAnswerArrivesWholeAndTheProgramHearsSo) {
  const int32_t stream = Get();
  request().Answer(200, "hello", {{"x-own", "1"}});
  EXPECT_EQ(200, answer(stream).status);
  EXPECT_EQ("hello", answer(stream).body);
  EXPECT_EQ("5", answer(stream).fields.Find("content-length"));
  EXPECT_TRUE(answer(stream).ended);
  EXPECT_EQ(true, request().gone);
}

TEST_F(H2SessionTest, StoredAndOwnFieldsAreSentOneAfterTheOther) {
  const int32_t stream = Get();
  Response response;
  response.stored = std::make_shared<Fields>(
      Fields{{"content-type", "text/plain"}, {"content-length", "2"}, {"vary", "a"}});
  response.own = {{"age", "7"}, {"vary", "b"}};
  response.body = std::make_unique<MemoryBody>("ok");
  request().stream->Respond(std::move(response));
  EXPECT_EQ((Fields{{"content-type", "text/plain"},
                    {"content-length", "2"},
                    {"vary", "a"},
                    {"age", "7"},
                    {"vary", "b"}}),
            answer(stream).fields);
}

TEST_F(H2SessionTest, SeveralSmallAnswersShareOneFlush) {
  on_request_ = [](HeardRequest& request) { request.Answer(200, "x"); };
  client();
  for (int i = 0; i < 20; ++i) client().Get();
  const int before = client().wire().flushes;
  client().Exchange();
  EXPECT_EQ(20u, requests_.size());
  // One for the answers; nothing else was to be said.
  EXPECT_EQ(before + 1, client().wire().flushes);
}

TEST_F(H2SessionTest, AnswersGivenInOneTurnOfTheLoopShareOneFlush) {
  for (int i = 0; i < 5; ++i) client().Get();
  client().Exchange();
  const int before = client().wire().flushes;
  for (const auto& request : requests_) request->Answer(200, "x");
  client().Exchange();
  EXPECT_EQ(before + 1, client().wire().flushes);
}

TEST_F(H2SessionTest, ForHeadTheBodyIsNotAskedForButItsLengthIsTold) {
  const int32_t stream = client().Send(
      {{":method", "HEAD"}, {":scheme", "https"}, {":authority", "a.example"}, {":path", "/"}});
  client().Exchange();
  request().Answer(200, "hello");
  EXPECT_EQ("5", answer(stream).fields.Find("content-length"));
  EXPECT_EQ("", answer(stream).body);
  EXPECT_TRUE(answer(stream).ended);
}

TEST_F(H2SessionTest, NoContentAndNotModifiedHaveNeitherBodyNorLength) {
  for (const int status : {204, 304}) {
    const int32_t stream = Get();
    requests_.back()->Answer(status, "surprise");
    EXPECT_EQ("", answer(stream).body);
    EXPECT_FALSE(answer(stream).fields.Has("content-length"));
    EXPECT_TRUE(answer(stream).ended);
  }
}

TEST_F(H2SessionTest, ABodyOfUnknownLengthIsSentAsItComes) {
  const int32_t stream = Get();
  const auto body = AnswerFed(request());
  EXPECT_EQ("", answer(stream).body);
  body->Push("one ");
  EXPECT_EQ("one ", answer(stream).body);
  body->Push("two");
  body->End();
  EXPECT_EQ("one two", answer(stream).body);
  EXPECT_TRUE(answer(stream).ended);
}

TEST_F(H2SessionTest, TrailersGoOutBehindTheBody) {
  const int32_t stream = Get();
  const auto body = AnswerFed(request());
  body->Push("x");
  body->End({{"digest", "abc"}});
  EXPECT_EQ((Fields{{"digest", "abc"}}), answer(stream).trailers);
  EXPECT_TRUE(answer(stream).ended);
  EXPECT_EQ(true, request().gone);
}

TEST_F(H2SessionTest, ABodyThatFailsResetsTheStreamInsteadOfEndingIt) {
  const int32_t stream = Get();
  const auto body = AnswerFed(request());
  body->Push("half");
  client().Exchange();
  body->Fail();
  EXPECT_EQ(NGHTTP2_INTERNAL_ERROR, answer(stream).reset);
  EXPECT_FALSE(answer(stream).ended);
  EXPECT_EQ(false, request().gone);
}

TEST_F(H2SessionTest, ABodyThatContradictsItsLengthIsNeverEnded) {
  for (const char* length : {"3", "5"}) {
    const int32_t stream = Get();
    const auto body = AnswerFed(*requests_.back(), {{"content-length", length}});
    body->Push("four");
    body->End();
    EXPECT_EQ(NGHTTP2_INTERNAL_ERROR, answer(stream).reset) << length;
    EXPECT_FALSE(answer(stream).ended);
  }
}

TEST_F(H2SessionTest, LargeBodiesComeInFramesOf16KiB) {
  const int32_t stream = Get();
  request().Answer(200, std::string(60'000, 'x'));
  EXPECT_EQ(60'000u, answer(stream).body.size());
  EXPECT_EQ(16384u, client().data_frames.front());
}

TEST_F(H2SessionTest, ABodyWaitsForTheClientsWindow) {
  client_ = std::make_unique<H2Client>(
      loop_, Connect("h2"),
      std::vector<nghttp2_settings_entry>{{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 10}});
  const int32_t stream = client().Get();
  client().wire().Take();
  on_request_ = [](HeardRequest& request) { request.Answer(200, "0123456789abcdef"); };
  client().Exchange();
  EXPECT_EQ("0123456789abcdef", answer(stream).body);
  EXPECT_THAT(client().data_frames, ElementsAre(10, 6));
}

TEST_F(H2SessionTest, ABlockedTransportHoldsTheBodyBack) {
  const int32_t stream = Get();
  client().wire().capacity = 1;
  const auto body = AnswerFed(request());
  body->Push(std::string(1'000'000, 'x'));
  Run();
  EXPECT_LT(client().wire().written.size(), 20'000u);
  client().wire().Drain(SIZE_MAX);
  EXPECT_GT(answer(stream).body.size(), 60'000u);
}

TEST_F(H2SessionTest, InterimAnswersComeFirst) {
  const int32_t stream = Get();
  request().stream->SendInterim({103, {{"link", "</a.css>"}}});
  request().stream->SendInterim({101, {}});
  request().Answer(200);
  request().stream->SendInterim({103, {}});
  EXPECT_THAT(answer(stream).interim, ElementsAre(103));
  EXPECT_EQ(200, answer(stream).status);
}

TEST_F(H2SessionTest, ARequestBodyArrivesWithItsTrailers) {
  const int32_t stream = client().Send(H2Client::PostFields(), false);
  client().SendData(stream, "some ", false);
  client().Exchange();
  ASSERT_EQ(1u, requests_.size());
  EXPECT_FALSE(request().stream->end_of_body());
  EXPECT_EQ("some ", request().body);
  client().SendData(stream, "bytes", false);
  client().Exchange();
  client().SendTrailers(stream, {{"digest", "abc"}, {"te", "trailers"}});
  client().Exchange();
  EXPECT_EQ("some bytes", request().body);
  EXPECT_TRUE(request().body_ended);
  EXPECT_TRUE(request().stream->end_of_body());
  EXPECT_EQ((Fields{{"digest", "abc"}}), request().trailers);
}

TEST_F(H2SessionTest, TheWindowOpensOnlyWhenTheBodyIsConsumed) {
  on_request_ = [](HeardRequest& request) { request.consumes = false; };
  const int32_t stream = client().Send(H2Client::PostFields(), false);
  client().SendData(stream, std::string(200'000, 'x'), true);
  client().Exchange();
  EXPECT_EQ(options_.limits.stream_window, request().body.size());
  request().stream->ConsumedBody(request().body.size());
  client().Exchange();
  EXPECT_GT(request().body.size(), options_.limits.stream_window);
  request().consumes = true;
  request().stream->ConsumedBody(1'000'000);
  client().Exchange();
  EXPECT_EQ(200'000u, request().body.size());
  EXPECT_TRUE(request().body_ended);
}

TEST_F(H2SessionTest, WhatAGoneStreamHeldOfTheConnectionsWindowComesBack) {
  on_request_ = [](HeardRequest& request) { request.consumes = false; };
  for (int i = 0; i < 40; ++i) {  // 40 x 64 KiB: more than the connection's 1 MiB
    const int32_t stream = client().Send(H2Client::PostFields(), false);
    client().SendData(stream, std::string(60'000, 'x'), false);
    client().Exchange();
    EXPECT_EQ(60'000u, requests_.back()->body.size());
    client().Reset(stream);
    client().Exchange();
    EXPECT_EQ(false, requests_.back()->gone);
  }
}

TEST_F(H2SessionTest, ExpectContinueIsAnsweredAndTakenOut) {
  Fields fields = H2Client::PostFields();
  fields.Add("expect", "100-continue");
  const int32_t stream = client().Send(fields, false);
  client().Exchange();
  EXPECT_THAT(answer(stream).interim, ElementsAre(100));
  EXPECT_FALSE(request().stream->request().fields.Has("expect"));
}

TEST_F(H2SessionTest, AnEarlyAnswerStopsTheRestOfTheRequestAfterASecond) {
  const int32_t stream = client().Send(H2Client::PostFields(), false);
  client().SendData(stream, "x", false);
  client().Exchange();
  request().Answer(403, "no");
  EXPECT_EQ(403, answer(stream).status);
  EXPECT_TRUE(answer(stream).ended);
  EXPECT_FALSE(answer(stream).reset);
  EXPECT_EQ(true, request().gone);
  client().SendData(stream, "unwanted", false);
  client().Exchange();
  EXPECT_EQ("x", request().body);
  loop_.Advance(Seconds(2));
  EXPECT_EQ(NGHTTP2_NO_ERROR, answer(stream).reset);
}

TEST_F(H2SessionTest, ACancelledRequestIsGoneAndNothingElse) {
  const int32_t stream = client().Send(H2Client::PostFields(), false);
  client().SendData(stream, "x", false);
  client().Exchange();
  client().Reset(stream);
  client().Exchange();
  EXPECT_EQ(false, request().gone);
  EXPECT_FALSE(request().body_ended);
  request().Answer(200, "too late");
  request().stream->ConsumedBody(10);
  request().stream->SendInterim({103, {}});
  request().stream->Reset();
  client().Exchange();
  EXPECT_EQ(0, answer(stream).status);
  EXPECT_EQ("/", request().stream->request().path);
  EXPECT_EQ("192.0.2.7", request().stream->peer().host);
}

// CVE-2023-44487: what nobody waits for any more when it is read costs no fetch.
TEST_F(H2SessionTest, ARequestThatIsResetInTheSameReadReachesNobody) {
  client().Exchange();
  const auto take = [this] {
    std::string bytes;
    const uint8_t* data = nullptr;
    ssize_t size = 0;
    while ((size = nghttp2_session_mem_send(client().session(), &data)) > 0) {
      bytes.append(reinterpret_cast<const char*>(data), static_cast<size_t>(size));
    }
    return bytes;
  };
  std::string read;
  const int32_t first = client().Get("/1");
  const int32_t reset = client().Get("/2");
  const int32_t third = client().Get("/3");
  read += take();
  client().Reset(reset);
  read += take();
  client().wire().Receive(read);
  ASSERT_EQ(requests_.size(), 2U);
  EXPECT_EQ(request(0).stream->request().path, "/1");
  EXPECT_EQ(request(1).stream->request().path, "/3");
  request(0).Answer(200, "one");
  request(1).Answer(200, "three");
  client().Exchange();
  EXPECT_EQ(answer(first).body, "one");
  EXPECT_EQ(answer(third).body, "three");
}

TEST_F(H2SessionTest, ALostConnectionIsGoneForEveryStream) {
  Get();
  Get();
  client().wire().Break();
  Run();
  EXPECT_EQ(false, request(0).gone);
  EXPECT_EQ(false, request(1).gone);
  EXPECT_EQ(0u, server().connections());
  EXPECT_EQ(0, h2_gauge_.value());
}

TEST_F(H2SessionTest, TheProgramMayResetAStream) {
  const int32_t stream = Get();
  request().stream->Reset();
  EXPECT_EQ(NGHTTP2_INTERNAL_ERROR, answer(stream).reset);
  EXPECT_EQ(false, request().gone);
}

TEST_F(H2SessionTest, ARequestNobodyTakesIsReset) {
  take_requests_ = false;
  const int32_t stream = Get();
  EXPECT_TRUE(answer(stream).reset.has_value());
}

TEST_F(H2SessionTest, BytesSentCountsFieldsAndBody) {
  Get();
  request().Answer(200, std::string(1000, 'x'));
  client().Exchange();
  EXPECT_GT(request().stream->bytes_sent(), 1000u);
  EXPECT_LT(request().stream->bytes_sent(), 1100u);
}

TEST_F(H2SessionTest, CookieCrumbsAreJoined) {
  Fields fields = H2Client::GetFields();
  fields.Add("cookie", "a=1");
  fields.Add("cookie", "b=2");
  client().Send(fields);
  client().Exchange();
  EXPECT_EQ((Fields{{"cookie", "a=1; b=2"}}), request().stream->request().fields);
}

TEST_F(H2SessionTest, PriorKnowledgeIsRecognisedInClearTextEvenInPieces) {
  options_.scheme = "http";
  auto wire = Connect("", false);
  wire->Receive("PRI * HT");
  Run();
  EXPECT_EQ("", wire->written);
  wire->Receive(std::string("TP/2.0\r\n\r\nSM\r\n\r\n") + H2Frame(NGHTTP2_SETTINGS, 0, 0, ""));
  Run();
  ASSERT_GE(wire->written.size(), 9u);
  EXPECT_EQ(NGHTTP2_SETTINGS, wire->written[3]);
  EXPECT_EQ(1, h2_gauge_.value());
}

TEST_F(H2SessionTest, TheServerMayBeDestroyedFromInsideARequest) {
  on_request_ = [this](HeardRequest&) { server_.reset(); };
  client().Get();
  client().Get();
  client().Exchange();
  EXPECT_EQ(1u, requests_.size());
  EXPECT_EQ(false, request().gone);
  EXPECT_TRUE(client().wire().aborted);
}

TEST_F(H2SessionTest, TheServerMayBeDestroyedWhenAStreamGoes) {
  struct Ending : StreamEvents {
    std::function<void()> then;
    void OnBody(std::string_view) override {}
    void OnBodyEnd(Fields) override {}
    void OnGone(bool) override { then(); }
  };
  std::shared_ptr<ServerStream> stream;
  server_ = Server::Make(loop_, options_, [&](std::shared_ptr<ServerStream> s) {
    stream = s;
    auto events = std::make_shared<Ending>();
    events->then = [&] { server_.reset(); };
    return events;
  });
  client().Get();
  client().Exchange();
  Response response;
  response.body = std::make_unique<MemoryBody>("x");
  stream->Respond(std::move(response));
  client().Exchange();
  EXPECT_EQ(nullptr, server_);
}

TEST_F(H2SessionTest, SettingsSayWhatTheLimitsAre) {
  client().Exchange();
  EXPECT_EQ(options_.limits.streams, client().settings[NGHTTP2_SETTINGS_MAX_CONCURRENT_STREAMS]);
  EXPECT_EQ(options_.limits.stream_window, client().settings[NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE]);
  EXPECT_EQ(1u, client().settings[NGHTTP2_SETTINGS_NO_RFC7540_PRIORITIES]);
}

// ---- Drain

TEST_F(H2SessionTest, DrainSaysGoawayTwiceAndFinishesWhatIsUnderWay) {
  const int32_t first = Get();
  bool done = false;
  server().Drain([&] { done = true; });
  Run();
  const std::string notice = client().wire().Take();
  EXPECT_EQ(NGHTTP2_GOAWAY, notice[3]);
  EXPECT_EQ("\x7f\xff\xff\xff", notice.substr(9, 4));
  // A request that crosses the notice is still taken.
  const int32_t second = client().Get();
  client().Exchange();
  ASSERT_EQ(2u, requests_.size());
  loop_.Advance(Seconds(1));
  client().Exchange();
  ASSERT_THAT(client().goaways, ElementsAre(std::pair(NGHTTP2_NO_ERROR, second)));
  EXPECT_FALSE(done);
  request(0).Answer(200, "first");
  request(1).Answer(200, "second");
  EXPECT_EQ("first", answer(first).body);
  EXPECT_EQ("second", answer(second).body);
  EXPECT_TRUE(done);
  EXPECT_TRUE(client().wire().closed);
}

TEST_F(H2SessionTest, TheSecondGoawayComesAsSoonAsTheFirstWasRead) {
  Get();
  server().Drain([] {});
  client().Exchange();
  EXPECT_EQ(2u, client().goaways.size());
}

TEST_F(H2SessionTest, AnIdleConnectionDrainsWithinASecond) {
  client();
  bool done = false;
  server().Drain([&] { done = true; });
  loop_.Advance(Seconds(1));
  EXPECT_TRUE(done);
  EXPECT_TRUE(client().wire().closed);
}

TEST_F(H2SessionTest, DrainWithoutConnectionsIsDoneAtOnce) {
  bool done = false;
  server().Drain([&] { done = true; });
  Run();
  EXPECT_TRUE(done);
}

}  // namespace
}  // namespace skerry::http
