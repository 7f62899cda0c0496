// What an HTTP/2 connection refuses, counts and gives up.
#include <gmock/gmock.h>

#include "core/http/server/session_fixture.h"

namespace skerry::http {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class H2LimitsTest : public SessionTest {
 protected:
  H2Client& client() {
    if (client_ == nullptr) client_ = std::make_unique<H2Client>(loop_, Connect("h2"));
    return *client_;
  }
  // Sends a request and says what status came back (0: none).
  int StatusOf(const Fields& fields) {
    const bool has_body = fields.Has("content-length");
    const int32_t stream = client().Send(fields, !has_body);
    client().Exchange();
    return client().answer(stream).status;
  }
  int32_t Get() {
    const int32_t stream = client().Get();
    client().Exchange();
    return stream;
  }
  int32_t Post() {
    const int32_t stream = client().Send(H2Client::PostFields(), false);
    client().Exchange();
    return stream;
  }
  H2Client::Answer& answer(int32_t stream) {
    client().Exchange();
    return client().answer(stream);
  }
  std::shared_ptr<FedBody::State> AnswerFed(HeardRequest& request) {
    auto state = std::make_shared<FedBody::State>();
    Response response;
    response.body = std::make_unique<FedBody>(state);
    request.stream->Respond(std::move(response));
    client().Exchange();
    return state;
  }
  void AnswerAll() {
    on_request_ = [](HeardRequest& request) { request.Answer(200, "x"); };
  }
  RawH2Client& raw() {
    if (raw_ == nullptr) raw_ = std::make_unique<RawH2Client>(loop_, Connect("h2"));
    return *raw_;
  }
  // Sends what `frame` makes from numbers; true when that ended the connection
  // with ENHANCE_YOUR_CALM.
  bool Floods(int from, int to, const std::function<std::string(int)>& frame) {
    for (int i = from; i < to && !raw().wire().closed; ++i) raw().Send(frame(i));
    return raw().goaway == NGHTTP2_ENHANCE_YOUR_CALM && raw().wire().closed;
  }
  // A GET by HPACK's static table, with more of a head behind it.
  static std::string Request(int32_t stream, const std::string& more = "", uint8_t flags = 5) {
    return H2Frame(NGHTTP2_HEADERS, flags, stream,
                   "\x82\x87\x84\x41\x01"
                   "a" +
                       more);
  }

  std::unique_ptr<RawH2Client> raw_;
  std::unique_ptr<H2Client> client_;
};

// ---- Refused

TEST_F(H2LimitsTest, OddRequestsAreAnsweredByTheSession) {
  const auto with = [](std::initializer_list<Field> more) {
    Fields fields = H2Client::GetFields();
    for (const Field& field : more) {
      field.name[0] == ':' ? fields.Set(field.name, field.value)
                           : fields.Add(field.name, field.value);
    }
    return fields;
  };
  Fields post = H2Client::PostFields();
  post.Add("content-length", "16777217");
  EXPECT_EQ(400, StatusOf(with({{":authority", "user@a.example"}})));
  EXPECT_EQ(400, StatusOf(with({{":authority", "a.example:1:2"}})));
  EXPECT_EQ(400, StatusOf(with({{"host", "b.example"}})));
  EXPECT_EQ(405, StatusOf(with({{":method", "TRACE"}})));
  EXPECT_EQ(400, StatusOf(with({{":path", "/#x"}})));
  EXPECT_EQ(414, StatusOf(with({{":path", "/" + std::string(17'000, 'x')}})));
  EXPECT_EQ(421, StatusOf(with({{":scheme", "http"}})));
  EXPECT_EQ(417, StatusOf(with({{"expect", "tea"}})));
  EXPECT_EQ(413, StatusOf(post));
  EXPECT_TRUE(requests_.empty());
  EXPECT_EQ(9u, bad_requests_.value());
}

TEST_F(H2LimitsTest, MalformedRequestsResetTheStream) {
  const std::vector<Fields> malformed = {
      {{":method", "GET"}, {":scheme", "https"}, {":path", "/"}, {"Upper", "x"}},
      {{":method", "GET"},
       {":scheme", "https"},
       {":authority", "a"},
       {":path", "/"},
       {"connection", "x"}},
      {{":method", "GET"},
       {":scheme", "https"},
       {":authority", "a"},
       {":path", "/"},
       {"transfer-encoding", "chunked"}},
      {{":method", "GET"},
       {":scheme", "https"},
       {":authority", "a"},
       {":path", "/"},
       {"te", "gzip"}},
      {{":method", "GET"},
       {":scheme", "https"},
       {":authority", "a"},
       {":path", "/"},
       {"x", "a\nb"}},
      {{":method", "GET"}, {":scheme", "https"}, {":authority", "a"}, {":path", ""}},
      {{":method", "GET"}, {":scheme", "https"}, {":authority", "a"}},
      {{":scheme", "https"}, {":authority", "a"}, {":path", "/"}},
      {{":method", "GET"},
       {":scheme", "https"},
       {":authority", "a"},
       {":path", "/"},
       {"x", "y"},
       {":path", "/"}},
      {{":method", "GET"},
       {":scheme", "https"},
       {":authority", "a"},
       {":path", "/"},
       {":status", "200"}},
  };
  for (const Fields& fields : malformed) {
    const int32_t stream = client().Send(fields);
    client().Exchange();
    EXPECT_EQ(NGHTTP2_PROTOCOL_ERROR, client().answer(stream).reset) << stream;
  }
  EXPECT_TRUE(requests_.empty());
}

TEST_F(H2LimitsTest, TooManyFieldsAreAnswered431CrumbsCountedEach) {
  Fields fields = H2Client::GetFields();
  for (int i = 0; i < 96; ++i) fields.Add("cookie", "a=b");
  StatusOf(fields);
  EXPECT_EQ(1u, requests_.size());  // 100 with the pseudo fields
  fields.Add("cookie", "a=b");
  EXPECT_EQ(431, StatusOf(fields));
}

TEST_F(H2LimitsTest, TooManyBytesOfFieldsAreAnswered431) {
  Fields fields = H2Client::GetFields();
  for (int i = 0; i < 8; ++i) fields.Add("x" + std::to_string(i), std::string(4'100, 'y'));
  EXPECT_EQ(431, StatusOf(fields));
}

TEST_F(H2LimitsTest, ABodyThatGrowsTooLongIsAnswered413AndTheProgramHearsOfIt) {
  options_.limits.body_bytes = 10;
  const int32_t stream = Post();
  client().SendData(stream, "12345678", false);
  client().Exchange();
  client().SendData(stream, "12345678", false);
  EXPECT_EQ(413, answer(stream).status);
  EXPECT_EQ(false, request().gone);
}

TEST_F(H2LimitsTest, StreamsBeyondTheLimitAreRefused) {
  options_.limits.streams = 2;
  raw().Send(Request(1) + Request(3) + Request(5));
  EXPECT_EQ(2u, requests_.size());
  EXPECT_EQ(NGHTTP2_REFUSED_STREAM, raw().resets[5]);
  EXPECT_FALSE(raw().goaway);
  // A client that has acknowledged the limit has no excuse.
  raw().Send(H2Frame(NGHTTP2_SETTINGS, NGHTTP2_FLAG_ACK, 0, "") + Request(7));
  EXPECT_EQ(NGHTTP2_PROTOCOL_ERROR, raw().goaway);
}

TEST_F(H2LimitsTest, ASkippedStreamNumberIsAConnectionError) {
  raw().Send(Request(5));
  raw().Send(Request(3));
  EXPECT_EQ(NGHTTP2_PROTOCOL_ERROR, raw().goaway);
  EXPECT_TRUE(raw().wire().closed);
}

TEST_F(H2LimitsTest, TrailersBehindOurResetAreNoConnectionError) {
  raw().Send(Request(1, "", NGHTTP2_FLAG_END_HEADERS));
  request().stream->Reset();
  Run();
  raw().Send(Request(1));
  EXPECT_FALSE(raw().goaway);
  EXPECT_FALSE(raw().wire().closed);
}

TEST_F(H2LimitsTest, BytesThatAreNotHttp2EndTheConnection) {
  auto wire = Connect("h2");
  wire->Receive("GET / HTTP/1.1\r\nHost: a\r\n\r\n");
  Run();
  EXPECT_TRUE(wire->closed);
}

// ---- Floods

TEST_F(H2LimitsTest, FramesWithoutPurposeEndTheConnection) {
  using namespace std::string_literals;
  const std::pair<const char*, std::function<std::string(int)>> floods[] = {
      {"PING", [](int) { return H2Frame(NGHTTP2_PING, 0, 0, "12345678"); }},
      {"SETTINGS", [](int) { return H2Frame(NGHTTP2_SETTINGS, 0, 0, ""); }},
      {"PRIORITY", [](int) { return H2Frame(NGHTTP2_PRIORITY, 0, 1, "\0\0\0\0\1"s); }},
      {"WINDOW_UPDATE", [](int) { return H2Frame(NGHTTP2_WINDOW_UPDATE, 0, 0, "\0\0\0\1"s); }},
      {"unknown", [](int) { return H2Frame(77, 0, 0, "x"); }},
      {"malformed", [](int i) { return Request(2 * i + 1, "\x40\x01X\x01y"); }},
      {"odd",
       [](int i) {
         const std::string head =
             "\x42\x04HEAD\x87\x84\x41\x01"
             "a"
             "\x40\x06"
             "expect\x03tea";
         return H2Frame(NGHTTP2_HEADERS, 5, 2 * i + 1, head);
       }},
      {"window overflow",
       [](int i) {
         return Request(2 * i + 1) +
                H2Frame(NGHTTP2_WINDOW_UPDATE, 0, 2 * i + 1, "\x7f\xff\xff\xff");
       }},
      {"rapid reset",
       [](int i) {
         return Request(2 * i + 1) + H2Frame(NGHTTP2_RST_STREAM, 0, 2 * i + 1, "\0\0\0\x8"s);
       }},
  };
  uint64_t closures = 0;
  for (const auto& [name, frame] : floods) {
    raw_ = nullptr;
    EXPECT_FALSE(Floods(0, 900, frame)) << name;
    EXPECT_TRUE(Floods(900, 2'500, frame)) << name;
    EXPECT_EQ(++closures, glitch_closures_.value()) << name;
  }
}

TEST_F(H2LimitsTest, EmptyAndPaddedDataEndTheConnection) {
  for (const bool padded : {false, true}) {
    raw_ = nullptr;
    raw().Send(Request(1, "", NGHTTP2_FLAG_END_HEADERS));
    const std::string data = padded ? H2Frame(NGHTTP2_DATA, 8, 1, std::string("\2\0\0", 3))
                                    : H2Frame(NGHTTP2_DATA, 0, 1, "");
    EXPECT_TRUE(Floods(0, 2'500, [&](int) { return data; })) << padded;
  }
}

TEST_F(H2LimitsTest, HeadersOnAClosedStreamEndTheConnection) {
  AnswerAll();
  raw().Send(Request(1));
  EXPECT_TRUE(Floods(0, 2'500, [](int) { return Request(1); }));
}

TEST_F(H2LimitsTest, ManyFieldsInOneRequestCostMore) {
  // References of one byte to a field that is then there 16,000 times.
  EXPECT_FALSE(Floods(0, 2, [](int i) { return Request(2 * i + 1, std::string(16'000, '\x90')); }));
  EXPECT_TRUE(Floods(2, 20, [](int i) { return Request(2 * i + 1, std::string(16'000, '\x90')); }));
  EXPECT_EQ(1u, glitch_closures_.value());
}

TEST_F(H2LimitsTest, AHeadThatContinuesForEverEndsTheConnection) {
  raw().Send(H2Frame(NGHTTP2_HEADERS, 1, 1, "\x82"));
  EXPECT_TRUE(Floods(0, 50, [](int) { return H2Frame(NGHTTP2_CONTINUATION, 0, 1, "\x87"); }));
  EXPECT_EQ(1u, glitch_closures_.value());
}

TEST_F(H2LimitsTest, LargeHeadsThatAreMalformedCostMore) {
  const std::string head = "\x40\x01X\x01y" + std::string(16'000, '\x82');
  EXPECT_TRUE(Floods(0, 600, [&](int i) { return Request(2 * i + 1, head); }));
}

TEST_F(H2LimitsTest, TheLargestHeadsAreNoAttack) {
  AnswerAll();
  client();
  Fields fields = H2Client::GetFields();
  fields.Add("x", std::string(30'000, 'y'));
  for (int i = 0; i < 1'000; ++i) ASSERT_EQ(200, StatusOf(fields)) << i;
}

TEST_F(H2LimitsTest, ABrowserThatCancelsMuchIsNeverCutOff) {
  client();
  for (int i = 0; i < 20'000; ++i) {
    const int32_t stream = Get();
    if (i % 5 < 2) {
      client().Reset(stream);
    } else {
      requests_.back()->Answer(200, "x");
    }
    client().Exchange();
    ASSERT_TRUE(client().goaways.empty()) << i;
  }
}

TEST_F(H2LimitsTest, FourteenHundredOddRequestsAreSurvived) {
  Fields fields = H2Client::GetFields();
  fields.Set(":authority", "user@a");
  for (int i = 0; i < 1'400; ++i) ASSERT_EQ(400, StatusOf(fields)) << i;
  EXPECT_FALSE(client().wire().closed);
}

TEST_F(H2LimitsTest, ALongDownloadWithManyWindowUpdatesIsNoAttack) {
  client();
  for (int i = 0; i < 400; ++i) {
    const int32_t stream = Get();
    requests_.back()->Answer(200, std::string(1'000'000, 'x'));
    client().Exchange();  // the client's windows of 64 KB need some 30 updates
    ASSERT_EQ(1'000'000u, client().answer(stream).body.size());
    client().answer(stream).body.clear();
  }
  EXPECT_TRUE(client().goaways.empty());
}

TEST_F(H2LimitsTest, PingsNowAndThenAreNoAttackHoweverLongItLasts) {
  raw().Send(Request(1));
  for (int i = 0; i < 5'000; ++i) {
    raw().Send(H2Frame(NGHTTP2_PING, 0, 0, "12345678"));
    loop_.Advance(Seconds(10));
  }
  EXPECT_FALSE(raw().goaway);
}

// ---- Time

TEST_F(H2LimitsTest, AConnectionThatSaysNothingIsClosed) {
  auto wire = Connect("h2");
  loop_.Advance(Seconds(9));
  EXPECT_FALSE(wire->closed);
  loop_.Advance(Seconds(3));
  EXPECT_TRUE(wire->closed);
}

TEST_F(H2LimitsTest, AnIdleConnectionIsClosed) {
  AnswerAll();
  raw().Send(Request(1));
  loop_.Advance(Seconds(58));
  raw().Send(H2Frame(NGHTTP2_PING, 0, 0, "12345678"));  // does not help
  EXPECT_FALSE(raw().wire().closed);
  loop_.Advance(Seconds(8));
  EXPECT_TRUE(raw().wire().closed);
}

TEST_F(H2LimitsTest, AnIdleConnectionWhoseClientDoesNotReadCostsNoTime) {
  AnswerAll();
  raw().Send(Request(1));
  loop_.Advance(Seconds(45));
  raw().wire().capacity = 0;
  loop_.Advance(Seconds(15));
  const auto timers = loop_.timers_made();
  loop_.Advance(Millis(10));
  EXPECT_LT(loop_.timers_made() - timers, 50u);
  loop_.Advance(Seconds(30));
  EXPECT_TRUE(raw().wire().aborted);
}

TEST_F(H2LimitsTest, AWaitingRequestKeepsTheConnection) {
  Get();
  loop_.Advance(Seconds(300));
  EXPECT_FALSE(client().wire().closed);
}

TEST_F(H2LimitsTest, HeadersThatNeverEndAreGivenUp) {
  raw().Send(H2Frame(NGHTTP2_HEADERS, 1, 1, "\x82"));
  for (int i = 0; i < 7; ++i) {
    loop_.Advance(Seconds(1));
    raw().Send(H2Frame(NGHTTP2_CONTINUATION, 0, 1, "\x87"));
  }
  EXPECT_FALSE(raw().wire().closed);
  loop_.Advance(Seconds(9));
  EXPECT_TRUE(raw().wire().closed);
}

TEST_F(H2LimitsTest, ABodyThatStopsComingIsAnswered408) {
  const int32_t stream = Post();
  client().SendData(stream, "x", false);
  client().Exchange();
  loop_.Advance(Seconds(9));
  EXPECT_FALSE(request().gone);
  loop_.Advance(Seconds(3));
  EXPECT_EQ(408, answer(stream).status);
  EXPECT_EQ(false, request().gone);
}

TEST_F(H2LimitsTest, ABodyThatWeHoldBackIsNotGivenUp) {
  on_request_ = [](HeardRequest& request) { request.consumes = false; };
  const int32_t stream = Post();
  client().SendData(stream, std::string(100'000, 'x'), true);
  client().Exchange();
  loop_.Advance(Seconds(60));
  EXPECT_FALSE(request().gone);
}

TEST_F(H2LimitsTest, AClosedWindowWithDataWaitingResetsTheStreamOnly) {
  client_ = std::make_unique<H2Client>(
      loop_, Connect("h2"),
      std::vector<nghttp2_settings_entry>{{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 0}});
  const int32_t stalled = Get();
  request().Answer(200, "never read");
  client().Exchange();
  loop_.Advance(Seconds(29));
  EXPECT_FALSE(answer(stalled).reset);
  loop_.Advance(Seconds(4));
  EXPECT_EQ(NGHTTP2_CANCEL, answer(stalled).reset);
  EXPECT_EQ(false, request().gone);
  EXPECT_EQ(1u, stalled_streams_.value());
  EXPECT_FALSE(client().wire().closed);
}

TEST_F(H2LimitsTest, ASourceThatHasNothingIsNotTheClientsFault) {
  client_ = std::make_unique<H2Client>(
      loop_, Connect("h2"),
      std::vector<nghttp2_settings_entry>{{NGHTTP2_SETTINGS_INITIAL_WINDOW_SIZE, 5}});
  const int32_t stream = Get();
  const auto body = AnswerFed(request());
  loop_.Advance(Seconds(100));
  EXPECT_FALSE(answer(stream).reset);
}

TEST_F(H2LimitsTest, ABodyThatDripsIsAnswered408) {
  const int32_t stream = Post();
  int seconds = 0;
  for (; seconds < 60 && !request().gone; ++seconds) {
    client().SendData(stream, std::string(100, 'x'), false);
    client().Exchange();
    loop_.Advance(Seconds(1));
  }
  EXPECT_EQ(408, answer(stream).status);
  EXPECT_NEAR(seconds, 13, 2);  // 10 s of 500 bytes, at 400 a second
}

TEST_F(H2LimitsTest, ABodyThatComesSlowlyButFastEnoughIsTaken) {
  const int32_t stream = Post();
  for (int second = 0; second < 60; ++second) {
    client().SendData(stream, std::string(600, 'x'), false);
    client().Exchange();
    loop_.Advance(Seconds(1));
  }
  EXPECT_FALSE(request().gone);
}

TEST_F(H2LimitsTest, AWindowOpenedByCrumbsIsAStall) {
  raw().Send(H2Frame(NGHTTP2_SETTINGS, 0, 0, std::string("\0\4\0\0\0\0", 6)) + Request(1));
  request().Answer(200, std::string(100'000, 'x'));
  Run();
  for (int second = 0; second < 60 && !request().gone; ++second) {
    raw().Send(H2Frame(NGHTTP2_WINDOW_UPDATE, 0, 1, std::string("\0\0\0\x64", 4)));
    loop_.Advance(Seconds(1));
  }
  raw().Send("");
  EXPECT_EQ(NGHTTP2_CANCEL, raw().resets[1]);
  EXPECT_EQ(1u, stalled_streams_.value());
  EXPECT_FALSE(raw().wire().closed);
}

TEST_F(H2LimitsTest, AnEventStreamMayBeTakenAsSlowlyAsItPleases) {
  raw().Send(H2Frame(NGHTTP2_SETTINGS, 0, 0, std::string("\0\4\0\0\0\0", 6)) + Request(1));
  request().Answer(200, std::string(100'000, 'x'), {{"content-type", "text/event-stream"}});
  Run();
  for (int second = 0; second < 100; ++second) {
    raw().Send(H2Frame(NGHTTP2_WINDOW_UPDATE, 0, 1, std::string("\0\0\0\1", 4)));
    loop_.Advance(Seconds(1));
  }
  EXPECT_FALSE(request().gone);
}

TEST_F(H2LimitsTest, AStreamBehindABusyOneOnASlowLinkIsNotStalled) {
  // The connection's window is always shut when we look, since the link is slow.
  raw().Send(Request(1, "", 5) + Request(3, "", 5));
  request(0).Answer(200, std::string(5'000'000, 'x'));
  request(1).Answer(200, std::string(5'000'000, 'x'));
  Run();
  raw().Send(H2Frame(NGHTTP2_WINDOW_UPDATE, 0, 1, std::string("\0\x40\0\0", 4)) +
             H2Frame(NGHTTP2_WINDOW_UPDATE, 0, 3, std::string("\0\x40\0\0", 4)));
  for (int second = 0; second < 100; ++second) {
    raw().Send(H2Frame(NGHTTP2_WINDOW_UPDATE, 0, 0, std::string("\0\0\x10\0", 4)));
    loop_.Advance(Seconds(1));
  }
  EXPECT_FALSE(request(0).gone || request(1).gone);
  // Once it stays shut, both are.
  loop_.Advance(Seconds(33));
  EXPECT_TRUE(request(0).gone && request(1).gone);
  EXPECT_FALSE(raw().wire().closed);
}

TEST_F(H2LimitsTest, AClientThatReadsItsSocketSlowlyIsGivenUpOnlyBelowTheRate) {
  for (const size_t rate : {600, 100}) {
    client_ = nullptr;
    Get();
    client().wire().capacity = 1;
    requests_.back()->Answer(200, std::string(60'000, 'x'));
    Run();
    for (int second = 0; second < 60; ++second) {
      client().wire().Drain(rate);
      client().wire().capacity = 0;  // the kernel's lumps: never writable, yet always moving
      loop_.Advance(Seconds(1));
    }
    EXPECT_EQ(rate < 500, client().wire().aborted) << rate;
  }
}

TEST_F(H2LimitsTest, AClientThatNeverReadsItsSocketIsGivenUp) {
  Get();
  client().wire().capacity = 1;
  auto state = std::make_shared<FedBody::State>();
  Response response;
  response.body = std::make_unique<FedBody>(state);
  request().stream->Respond(std::move(response));
  state->Push(std::string(100'000, 'x'));
  Run();
  loop_.Advance(Seconds(32));
  EXPECT_TRUE(client().wire().aborted);
  EXPECT_EQ(false, request().gone);
}

}  // namespace
}  // namespace skerry::http
