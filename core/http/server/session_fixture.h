// A Server on a loop that runs when told, with transports made of strings, and a
// client for HTTP/2 frames. For the tests of both sessions.
#pragma once

#include <gtest/gtest.h>
#include <nghttp2/nghttp2.h>

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/http/body.h"
#include "core/http/server/server.h"
#include "core/net/fake_loop.h"
#include "core/net/fake_transport.h"

namespace skerry::http {

// A request as the program under test hears of it.
struct HeardRequest : StreamEvents {
  std::shared_ptr<ServerStream> stream;
  std::string body;
  bool body_ended = false;
  Fields trailers;
  std::optional<bool> gone;  // OnGone's argument
  int gone_calls = 0;
  bool consumes = true;  // gives windows back at once

  void OnBody(std::string_view bytes) override {
    EXPECT_FALSE(gone || body_ended);
    body += bytes;
    if (consumes) stream->ConsumedBody(bytes.size());
  }
  void OnBodyEnd(Fields fields) override {
    EXPECT_FALSE(gone || body_ended);
    body_ended = true;
    trailers = std::move(fields);
  }
  void OnGone(bool complete) override {
    gone = complete;
    ++gone_calls;
  }
  void Answer(int status, std::string text = "", Fields fields = {});
};

// A body that the test feeds: nothing is there until Push.
struct FedBody : BodySource {
  struct State {
    std::string bytes;
    bool ended = false;
    bool failed = false;
    Fields trailers;
    std::optional<uint64_t> length;
    std::function<void()> wake;
    size_t asked = 0;  // times
    void Push(std::string_view more) {
      bytes += more;
      if (wake) wake();
    }
    void End(Fields fields = {}) {
      trailers = std::move(fields);
      ended = true;
      if (wake) wake();
    }
    void Fail() {
      failed = true;
      if (wake) wake();
    }
  };
  explicit FedBody(std::shared_ptr<State> s) : state(std::move(s)) {}
  ~FedBody() override { state->wake = nullptr; }
  Piece Peek(size_t max) override {
    ++state->asked;
    if (state->failed) return {BodySource::State::kFailed, {}, false};
    if (!state->bytes.empty()) {
      return {BodySource::State::kData, std::string_view(state->bytes).substr(0, max), false};
    }
    return {state->ended ? BodySource::State::kEnd : BodySource::State::kWait, {}, false};
  }
  void Consume(size_t count) override { state->bytes.erase(0, count); }
  void WakeWith(std::function<void()> wake) override { state->wake = std::move(wake); }
  std::optional<uint64_t> length() const override { return state->length; }
  const Fields* trailers() const override { return &state->trailers; }
  std::shared_ptr<State> state;
};

class SessionTest : public testing::Test {
 protected:
  ~SessionTest() override;

  // The server, made at first use so that a test may change options_ before.
  Server& server();
  // A connection; `alpn` empty and no TLS: clear text.
  std::shared_ptr<net::FakeWire> Connect(std::string alpn, bool tls = true);
  // Lets the server work.
  void Run() { loop_.RunPosted(); }
  HeardRequest& request(size_t i = 0) {
    EXPECT_LT(i, requests_.size());
    return *requests_.at(i);
  }

  net::FakeLoop loop_;
  Server::Options options_;
  Gauge h1_gauge_, h2_gauge_;
  Counter bad_requests_, glitch_closures_, stalled_streams_;
  std::vector<std::shared_ptr<HeardRequest>> requests_;
  // What the program does with a request at once; by default nothing.
  std::function<void(HeardRequest&)> on_request_;
  bool take_requests_ = true;  // false: the program answers null
  std::unique_ptr<Server> server_;
};

// A frame made by hand.
std::string H2Frame(uint8_t type, uint8_t flags, int32_t stream, std::string_view payload);

// A client that sends what no client library would.
class RawH2Client {
 public:
  RawH2Client(net::FakeLoop& loop, std::shared_ptr<net::FakeWire> wire);
  void Send(std::string_view bytes);

  net::FakeWire& wire() { return *wire_; }
  std::map<int32_t, uint32_t> resets;  // stream, error
  std::optional<uint32_t> goaway;      // the last one's error
  int answers = 0;                     // HEADERS received

 private:
  net::FakeLoop& loop_;
  std::shared_ptr<net::FakeWire> wire_;
  std::string heard_;
};

// One HTTP/2 connection seen from the client's side, on an nghttp2 client session.
class H2Client {
 public:
  struct Answer {
    int status = 0;
    bool head_comes = false;  // its HEADERS have begun and not ended
    Fields fields;
    std::string body;
    Fields trailers;
    std::vector<int> interim;
    bool ended = false;
    std::optional<uint32_t> reset;  // error code
  };

  H2Client(net::FakeLoop& loop, std::shared_ptr<net::FakeWire> wire,
           std::vector<nghttp2_settings_entry> settings = {});
  ~H2Client();

  // Sends a request and returns its stream.
  int32_t Send(const Fields& fields, bool end_stream = true);
  int32_t Get(const std::string& path = "/") { return Send(GetFields(path)); }
  static Fields GetFields(const std::string& path = "/");
  static Fields PostFields() {
    return {{":method", "POST"}, {":scheme", "https"}, {":authority", "a.example"}, {":path", "/"}};
  }
  void SendData(int32_t stream, std::string_view bytes, bool end_stream);
  void SendTrailers(int32_t stream, const Fields& fields);
  void Reset(int32_t stream, uint32_t error = NGHTTP2_CANCEL);

  // Carries bytes both ways until both are silent.
  void Exchange();

  Answer& answer(int32_t stream) { return answers_[stream]; }
  net::FakeWire& wire() { return *wire_; }
  nghttp2_session* session() { return session_; }
  std::vector<std::pair<uint32_t, int32_t>> goaways;  // error, last stream
  std::map<uint32_t, uint32_t> settings;              // the server's
  std::vector<size_t> data_frames;                    // lengths of DATA received
  std::vector<int32_t> data_streams;                  // and their streams

 private:
  struct Callbacks;
  struct Body {
    std::string bytes;
    bool end;
  };
  std::vector<std::unique_ptr<Body>> bodies_;  // being sent
  net::FakeLoop& loop_;
  std::shared_ptr<net::FakeWire> wire_;
  nghttp2_session* session_ = nullptr;
  std::map<int32_t, Answer> answers_;
};

}  // namespace skerry::http
