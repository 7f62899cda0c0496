// Our client against our server over real sockets: HTTP/1.1 and HTTP/2, in clear text
// and over TLS.
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <functional>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/http/server/server.h"
#include "core/http/upstream/upstream.h"
#include "core/net/listener.h"

namespace skerry::http {
namespace {

using ::testing::ElementsAre;

constexpr size_t kBigBytes = 8 * 1024 * 1024;

// The byte at a position of the big body: a pattern whose period fits no buffer.
char PatternAt(size_t at) { return static_cast<char>('a' + at % 23); }

// `size` bytes of the pattern; fails after `fails_after` if that comes first.
class PatternBody : public BodySource {
 public:
  explicit PatternBody(size_t size, size_t fails_after = SIZE_MAX)
      : size_(size), fails_after_(fails_after) {}

  Piece Peek(size_t max) override {
    if (sent_ >= fails_after_) return {State::kFailed, {}, false};
    piece_.clear();
    for (size_t i = sent_; i < size_ && piece_.size() < max; ++i) piece_.push_back(PatternAt(i));
    if (piece_.empty()) return {State::kEnd, {}, true};
    return {State::kData, piece_, sent_ + piece_.size() == size_};
  }
  void Consume(size_t count) override { sent_ += count; }
  void WakeWith(std::function<void()>) override {}
  std::optional<uint64_t> length() const override { return size_; }

 private:
  const size_t size_;
  const size_t fails_after_;
  size_t sent_ = 0;
  std::string piece_;
};

// Sends a request's body back as the answer's.
class Echo : public StreamEvents {
 public:
  explicit Echo(const std::shared_ptr<ServerStream>& stream) : stream_(stream) {
    auto body = std::make_unique<BodyPipe>(std::nullopt);
    feed_ = body->feed();
    feed_->on_consumed = [weak = stream_](size_t count) {
      if (const auto alive = weak.lock()) alive->ConsumedBody(count);
    };
    stream->Respond({.status = 200,
                     .stored = nullptr,
                     .own = {},
                     .prepared = nullptr,
                     .body = std::move(body)});
  }
  void OnBody(std::string_view bytes) override { feed_->Push(bytes); }
  void OnBodyEnd(Fields trailers) override { feed_->End(std::move(trailers)); }
  void OnGone(bool) override {}

 private:
  const std::weak_ptr<ServerStream> stream_;
  std::shared_ptr<BodyPipe::Feed> feed_;
};

class Deaf : public StreamEvents {
 public:
  void OnBody(std::string_view) override {}
  void OnBodyEnd(Fields) override {}
  void OnGone(bool) override {}
};

std::shared_ptr<StreamEvents> Serve(const std::shared_ptr<ServerStream>& stream) {
  const std::string& path = stream->request().path;
  const auto answer = [&](int status, Fields own, std::unique_ptr<BodySource> body) {
    stream->Respond({.status = status,
                     .stored = nullptr,
                     .own = std::move(own),
                     .prepared = nullptr,
                     .body = std::move(body)});
    return std::make_shared<Deaf>();
  };
  if (path == "/echo") return std::make_shared<Echo>(stream);
  if (path == "/big") return answer(200, {}, std::make_unique<PatternBody>(kBigBytes));
  if (path == "/broken") return answer(200, {}, std::make_unique<PatternBody>(kBigBytes, 100'000));
  if (path == "/304") return answer(304, {{"etag", "\"a\""}}, nullptr);
  if (path == "/hints") stream->SendInterim({.status = 103, .fields = {{"link", "<a>"}}});
  return answer(200, {{"x-path", path}, {"x-host", stream->request().authority}},
                std::make_unique<MemoryBody>("hello"));
}

// A fetch that checks the pattern as it comes, and can pause itself.
class Reader : public FetchEvents {
 public:
  explicit Reader(std::function<void()> done) : done_(std::move(done)) {}

  void OnInterim(ResponseHead head) override {
    heard.push_back("interim " + std::to_string(head.status));
  }
  void OnHead(ResponseHead head) override {
    heard.push_back("head " + std::to_string(head.status));
    fields = std::move(head.fields);
  }
  void OnBody(std::string_view bytes) override {
    EXPECT_FALSE(paused_);
    for (char c : bytes) matches &= c == PatternAt(size++);
    if (size - paused_at_ < pause_every) return;
    paused_at_ = size;
    paused_ = true;
    fetch->Pause();
    resume_later(Millis(2), [this] {
      paused_ = false;
      fetch->Resume();
    });
  }
  void OnEnd(Fields trailers) override {
    heard.push_back("end");
    for (const Field& field : trailers) {
      heard.push_back(std::string(field.name).append("=").append(field.value));
    }
    done_();
  }
  void OnFailed(Error error) override {
    heard.push_back("failed " + std::string(Name(error.code)));
    done_();
  }

  std::vector<std::string> heard;
  Fields fields;
  size_t size = 0;
  bool matches = true;  // the body is the pattern
  size_t pause_every = SIZE_MAX;
  std::function<void(Micros, std::function<void()>)> resume_later;
  std::unique_ptr<Fetch> fetch;

 private:
  const std::function<void()> done_;
  size_t paused_at_ = 0;
  bool paused_ = false;
};

struct Way {
  const char* name;
  bool http2;
  bool tls;
};

class LoopbackTest : public ::testing::TestWithParam<Way> {
 protected:
  LoopbackTest() : loop_(net::Loop::Make()), guard_(*loop_) {
    guard_.Start(Seconds(20), [this] {
      ADD_FAILURE() << "not finished in time";
      loop_->Stop();
    });
    if (GetParam().tls) MakeContexts();
    Listen();
    Upstream::Options options;
    options.url.scheme = GetParam().tls ? "https" : "http";
    options.url.host = "127.0.0.1";
    options.url.port = listener_->address().port;
    options.tls = client_tls_;
    options.http2 = GetParam().http2;
    upstream_ = Upstream::Make(*loop_, options);
  }
  ~LoopbackTest() override {
    readers_.clear();
    upstream_.reset();
    listener_.reset();
    server_.reset();
    std::filesystem::remove_all(folder_);
  }

  void MakeContexts() {
    folder_ = std::filesystem::path(::testing::TempDir()) /
              ("skerry-loopback-" + std::to_string(getpid()));
    std::filesystem::create_directories(folder_);
    const std::string certificate = folder_ / "cert.pem";
    const std::string key = folder_ / "key.pem";
    ASSERT_TRUE(net::MakeDevelopmentCertificate(certificate, key, {"127.0.0.1"}));
    auto server = net::TlsContext::Server({.certificate_file = certificate, .key_file = key});
    ASSERT_TRUE(server);
    server_tls_ = *server;
    net::TlsContext::ClientOptions options;
    options.ca_file = certificate;
    if (GetParam().http2) options.alpn = {"h2", "http/1.1"};
    auto client = net::TlsContext::Client(options);
    ASSERT_TRUE(client);
    client_tls_ = *client;
  }

  void Listen() {
    server_ = Server::Make(
        *loop_, {.limits = {}, .counters = {}, .scheme = GetParam().tls ? "https" : "http"}, Serve);
    auto opened = net::Listener::Open(*loop_, {.address = {"127.0.0.1", 0}, .tls = server_tls_},
                                      [this](std::unique_ptr<net::Transport> transport) {
                                        ++accepted_;
                                        server_->Serve(std::move(transport));
                                      });
    ASSERT_TRUE(opened);
    listener_ = std::move(*opened);
  }

  // Begins a fetch; Run ends when all of them have.
  Reader& Ask(std::string method, std::string path, std::unique_ptr<BodySource> body = nullptr) {
    ++waiting_;
    readers_.push_back(std::make_unique<Reader>([this] { Finished(); }));
    Reader& reader = *readers_.back();
    reader.resume_later = [this](Micros delay, std::function<void()> task) {
      loop_->After(delay, std::move(task));
    };
    RequestHead head{.method = std::move(method),
                     .scheme = "https",
                     .authority = "site.test",
                     .path = std::move(path),
                     .fields = {}};
    reader.fetch = upstream_->Start(std::move(head), std::move(body), &reader);
    return reader;
  }
  void Finished() {
    if (--waiting_ > 0) return;
    if (then_) return std::exchange(then_, nullptr)();
    loop_->Stop();
  }
  // What to do once all fetches so far have ended.
  void Then(std::function<void()> task) { then_ = std::move(task); }
  void Run() { loop_->Run(); }

  std::unique_ptr<net::Loop> loop_;
  net::Timer guard_;
  std::filesystem::path folder_;
  std::shared_ptr<net::TlsContext> server_tls_;
  std::shared_ptr<net::TlsContext> client_tls_;
  std::unique_ptr<Server> server_;
  std::unique_ptr<net::Listener> listener_;
  std::unique_ptr<Upstream> upstream_;
  std::vector<std::unique_ptr<Reader>> readers_;
  size_t waiting_ = 0;
  int accepted_ = 0;
  std::function<void()> then_;
};

TEST_P(LoopbackTest, AGetIsAnswered) {
  Reader& reader = Ask("GET", "/hello");
  Run();
  EXPECT_THAT(reader.heard, ElementsAre("head 200", "end"));
  EXPECT_EQ(reader.size, 5u);
  EXPECT_EQ(reader.fields.Find("x-path"), "/hello");
  EXPECT_EQ(reader.fields.Find("x-host"), "site.test");
  EXPECT_EQ(reader.fields.Find("content-length"), "5");
}

TEST_P(LoopbackTest, HeadAndNotModifiedHaveNoBody) {
  Reader& head = Ask("HEAD", "/hello");
  Reader& not_modified = Ask("GET", "/304");
  Run();
  EXPECT_THAT(head.heard, ElementsAre("head 200", "end"));
  EXPECT_EQ(head.size, 0u);
  EXPECT_EQ(head.fields.Find("content-length"), "5");
  EXPECT_THAT(not_modified.heard, ElementsAre("head 304", "end"));
}

TEST_P(LoopbackTest, ManyAtATimeAreAllAnswered) {
  for (int i = 0; i < 300; ++i) Ask("GET", "/" + std::to_string(i));
  Run();
  for (size_t i = 0; i < readers_.size(); ++i) {
    EXPECT_THAT(readers_[i]->heard, ElementsAre("head 200", "end"));
    EXPECT_EQ(readers_[i]->fields.Find("x-path"), "/" + std::to_string(i));
  }
}

TEST_P(LoopbackTest, OneAfterTheOtherSharesAConnection) {
  int left = 20;
  std::function<void()> next = [&] {
    if (left-- == 0) return loop_->Stop();
    Then(next);
    Ask("GET", "/hello");
  };
  next();
  Run();
  EXPECT_EQ(accepted_, 1);
  for (const auto& reader : readers_) EXPECT_THAT(reader->heard, ElementsAre("head 200", "end"));
}

TEST_P(LoopbackTest, ABigBodyArrivesWhole) {
  Reader& reader = Ask("GET", "/big");
  Run();
  EXPECT_THAT(reader.heard, ElementsAre("head 200", "end"));
  EXPECT_EQ(reader.size, kBigBytes);
  EXPECT_TRUE(reader.matches);
}

TEST_P(LoopbackTest, APausingReaderGetsTheSameBytes) {
  Reader& reader = Ask("GET", "/big");
  reader.pause_every = 300'000;
  Reader& other = Ask("GET", "/hello");
  Run();
  EXPECT_THAT(reader.heard, ElementsAre("head 200", "end"));
  EXPECT_EQ(reader.size, kBigBytes);
  EXPECT_TRUE(reader.matches);
  EXPECT_THAT(other.heard, ElementsAre("head 200", "end"));
}

TEST_P(LoopbackTest, ABodyGoesThereAndBack) {
  Reader& reader = Ask("POST", "/echo", std::make_unique<PatternBody>(3'000'000));
  Run();
  EXPECT_THAT(reader.heard, ElementsAre("head 200", "end"));
  EXPECT_EQ(reader.size, 3'000'000u);
  EXPECT_TRUE(reader.matches);
}

TEST_P(LoopbackTest, TrailersGoThereAndBack) {
  auto body = std::make_unique<BodyPipe>(std::nullopt);
  const auto feed = body->feed();
  Reader& reader = Ask("POST", "/echo", std::move(body));
  loop_->Post([feed] {
    feed->Push("abc");
    feed->End({{"t", "1"}});
  });
  Run();
  EXPECT_THAT(reader.heard, ElementsAre("head 200", "end", "t=1"));
  EXPECT_EQ(reader.size, 3u);
}

TEST_P(LoopbackTest, AnAnswerThatBreaksOffIsNeverComplete) {
  Reader& reader = Ask("GET", "/broken");
  Run();
  EXPECT_THAT(reader.heard, ElementsAre("head 200", "failed reset"));
  EXPECT_LT(reader.size, kBigBytes);
  EXPECT_TRUE(reader.matches);
}

TEST_P(LoopbackTest, ABodyThatFailsEndsTheFetch) {
  Reader& reader = Ask("POST", "/echo", std::make_unique<PatternBody>(3'000'000, 100'000));
  Run();
  EXPECT_EQ(reader.heard.back(), "failed cancelled");
}

TEST_P(LoopbackTest, InterimAnswersPassThrough) {
  Reader& reader = Ask("GET", "/hints");
  Run();
  EXPECT_THAT(reader.heard, ElementsAre("interim 103", "head 200", "end"));
}

TEST_P(LoopbackTest, AConnectionThatTheServerHasDrainedIsReplaced) {
  Ask("GET", "/first");
  // A drained server takes no further connection; another one stands behind the listener.
  std::unique_ptr<Server> drained;
  Then([&] {
    drained = std::exchange(
        server_,
        Server::Make(*loop_,
                     {.limits = {}, .counters = {}, .scheme = GetParam().tls ? "https" : "http"},
                     Serve));
    drained->Drain([this] { loop_->Post([this] { Ask("GET", "/second"); }); });
  });
  Run();
  ASSERT_EQ(readers_.size(), 2u);
  EXPECT_THAT(readers_[1]->heard, ElementsAre("head 200", "end"));
  EXPECT_EQ(accepted_, 2);
}

TEST_P(LoopbackTest, NobodyListeningIsRefused) {
  listener_->Close();
  Reader& reader = Ask("GET", "/hello");
  Run();
  EXPECT_THAT(reader.heard, ElementsAre("failed refused"));
}

INSTANTIATE_TEST_SUITE_P(Ways, LoopbackTest,
                         ::testing::Values(Way{"Http1", false, false}, Way{"Http1Tls", false, true},
                                           Way{"Http2", true, false}, Way{"Http2Tls", true, true}),
                         [](const auto& info) { return std::string(info.param.name); });

}  // namespace
}  // namespace skerry::http
