// A gateway with a scripted origin and clients, on a loop and a clock that stand still.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/gateway/gateway.h"
#include "core/net/fake_loop.h"

namespace skerry::gateway {

// What a client has received. Owner: the test.
class FakeStream : public http::ServerStream {
 public:
  FakeStream(http::RequestHead request, bool end_of_body, SteadyTime begun,
             net::Address peer = {"192.0.2.7", 40000})
      : request_(std::move(request)),
        end_of_body_(end_of_body),
        begun_(begun),
        peer_(std::move(peer)) {}

  const http::RequestHead& request() const override { return request_; }
  const LocalPtr<http::SharedHead>& shared_head() const override { return common; }
  bool end_of_body() const override { return end_of_body_; }
  http::Protocol protocol() const override { return speaks; }
  const net::Address& peer() const override { return peer_; }
  const std::string& tls() const override { return tls_; }
  SteadyTime begun() const override { return begun_; }
  void SendInterim(const http::ResponseHead& head) override { interim.push_back(head); }
  void Respond(http::Response response) override {
    answered = true;
    status = response.sent_status();
    for (const http::Fields* list : response.lists()) {
      if (list == nullptr) continue;
      for (const http::Field& field : *list) fields.Add(field.name, field.value);
    }
    body_source_ = std::move(response.body);
    if (body_source_ != nullptr) announced = body_source_->length();
    if (body_source_ != nullptr) body_source_->WakeWith([this] { Pull(); });
    Pull();
  }
  // Takes what has come while it was `slow`.
  void Take() {
    slow = false;
    Pull();
  }
  void ConsumedBody(size_t count) override { consumed += count; }
  void Reset() override { reset = true; }
  uint64_t bytes_sent() const override { return body.size(); }

  std::string Field(std::string_view name) const { return fields.Combined(name).value_or(""); }

  bool answered = false;
  int status = 0;
  http::Fields fields;
  std::string body;
  std::optional<uint64_t> announced;  // the body's length, as far as it was known
  http::Fields trailers;
  bool ended = false;   // the body came to its end
  bool broken = false;  // the body failed: the session would reset
  bool reset = false;
  bool slow = false;  // takes nothing
  size_t consumed = 0;
  std::vector<http::ResponseHead> interim;
  http::Protocol speaks = http::Protocol::kHttp2;
  LocalPtr<http::SharedHead> common;

 private:
  void Pull() {
    if (body_source_ == nullptr || request_.method == "HEAD") {
      ended = true;
      return;
    }
    while (!ended && !broken && !slow) {
      const http::BodySource::Piece piece = body_source_->Peek(16 * 1024);
      switch (piece.state) {
        case http::BodySource::State::kWait: return;
        case http::BodySource::State::kEnd:
          ended = true;
          if (body_source_->trailers() != nullptr) trailers = *body_source_->trailers();
          return;
        case http::BodySource::State::kFailed: broken = true; return;
        case http::BodySource::State::kData: break;
      }
      body.append(piece.bytes);
      body_source_->Consume(piece.bytes.size());
      ended = piece.last;
    }
  }

  http::RequestHead request_;
  bool end_of_body_;
  SteadyTime begun_;
  net::Address peer_;
  std::string tls_;
  std::unique_ptr<http::BodySource> body_source_;
};

// An origin that is told what to say. Owner: the gateway; the test keeps a pointer.
class FakeOrigin : public http::Upstream {
 public:
  struct Asked {
    http::RequestHead request;
    http::FetchEvents* events = nullptr;  // null once cancelled or ended
    bool cancelled = false;
  };

  std::unique_ptr<http::Fetch> Start(http::RequestHead request,
                                     std::unique_ptr<http::BodySource> body,
                                     http::FetchEvents* events) override {
    asked.push_back(std::make_shared<Asked>(Asked{std::move(request), events, false}));
    bodies.push_back(std::move(body));
    return std::make_unique<FakeFetch>(asked.back());
  }

  std::vector<std::shared_ptr<Asked>> asked;
  std::vector<std::unique_ptr<http::BodySource>> bodies;

 private:
  class FakeFetch : public http::Fetch {
   public:
    explicit FakeFetch(std::shared_ptr<Asked> asked) : asked_(std::move(asked)) {}
    ~FakeFetch() override {
      asked_->cancelled = asked_->events != nullptr;
      asked_->events = nullptr;
    }
    void Pause() override {}
    void Resume() override {}

   private:
    std::shared_ptr<Asked> asked_;
  };
};

inline cache::Selectors OneUrl(std::string url) {
  cache::Selectors selectors;
  selectors.urls = {std::move(url)};
  return selectors;
}

// The verbs that tests are written in.
class GatewayHarness {
 public:
  explicit GatewayHarness(Route route = {}, bool shield_behind = false)
      : ram_({.capacity = 64_MiB, .shards = 1}), compute_(std::make_unique<Pool>("test", 1)) {
    shared.name = "skerry-edge";
    shared.ram = &ram_;
    shared.generations = &generations;
    shared.compute = compute_.get();
    shared.metrics = &metrics;
    shared.clock = &loop.clock();
    shared.fence = [this] { return fence; };
    auto upstream = std::make_unique<FakeOrigin>();
    origin = upstream.get();
    Gateway::Options options;
    options.classifier = std::make_shared<OneRoute>(std::move(route));
    options.upstreams.push_back(std::move(upstream));
    options.upstream_is_shield = {shield_behind};
    gateway = std::make_unique<Gateway>(loop, shared, std::move(options));
  }
  ~GatewayHarness() {
    for (auto& [stream, events] : open_) events->OnGone(false);
    open_.clear();
    loop.RunPosted();
    compute_.reset();
    loop.RunPosted();
    gateway.reset();
  }

  std::shared_ptr<FakeStream> AskFor(http::RequestHead request, bool end_of_body) {
    auto stream =
        std::make_shared<FakeStream>(std::move(request), end_of_body, loop.clock().Steady(), peer);
    stream->speaks = protocol;
    if (protocol == http::Protocol::kHttp2) stream->common = SharedHeadOf(stream->request());
    open_.emplace_back(stream, gateway->OnRequest(stream));
    loop.RunPosted();
    return stream;
  }
  // A client asks; what happens without waiting for anybody has then happened.
  std::shared_ptr<FakeStream> Ask(std::string path, http::Fields fields = {},
                                  std::string method = "GET", bool end_of_body = true) {
    return AskFor({std::move(method), scheme, "example.com", std::move(path), std::move(fields)},
                  end_of_body);
  }
  std::shared_ptr<FakeStream> AskOn(std::string host, std::string path,
                                    std::string method = "GET") {
    return AskFor({std::move(method), scheme, std::move(host), std::move(path), {}}, true);
  }
  http::StreamEvents& Events(const std::shared_ptr<FakeStream>& stream) {
    for (auto& [open, events] : open_) {
      if (open == stream) return *events;
    }
    SKERRY_CHECK(false);
  }
  void Leave(const std::shared_ptr<FakeStream>& stream) {
    for (size_t i = 0; i < open_.size(); ++i) {
      if (open_[i].first != stream) continue;
      open_[i].second->OnGone(stream->ended);
      open_.erase(open_.begin() + static_cast<std::ptrdiff_t>(i));
      break;
    }
    loop.RunPosted();
  }

  // The origin's side of its n-th request (the last one by default).
  void Head(int status, http::Fields fields, int which = -1) {
    Events(which)->OnHead({status, std::move(fields)});
    loop.RunPosted();
  }
  void Body(std::string_view bytes, int which = -1) {
    Events(which)->OnBody(bytes);
    loop.RunPosted();
  }
  void End(int which = -1, http::Fields trailers = {}) {
    http::FetchEvents* events = Events(which);
    At(which)->events = nullptr;
    events->OnEnd(std::move(trailers));
    loop.RunPosted();
  }
  void Fail(Error error, int which = -1) {
    http::FetchEvents* events = Events(which);
    At(which)->events = nullptr;
    events->OnFailed(std::move(error));
    loop.RunPosted();
  }
  void Answer(int status, http::Fields fields, std::string_view body, int which = -1) {
    fields.Set("content-length", std::to_string(body.size()));
    const int mine = which < 0 ? static_cast<int>(asked()) - 1 : which;
    Head(status, std::move(fields), mine);
    // A head may be enough to lose all who asked.
    if (At(mine)->events != nullptr) Body(body, mine);
    if (At(mine)->events != nullptr) End(mine);
  }
  // Asks and lets the origin answer, so that it is stored.
  void Fill(const std::string& path, http::Fields fields, std::string_view body) {
    Ask(path);
    Answer(200, std::move(fields), body);
  }

  void Purge(cache::Selectors selectors, cache::PurgeMode mode = cache::PurgeMode::kHard) {
    cache::Record record;
    record.seq = generations.head() + 1;
    record.mode = mode;
    record.selectors = std::move(selectors);
    generations.Apply(record);
  }

  cache::Ram& ram() { return ram_; }
  // Lets the compute pool's results come in until `done`.
  void RunUntil(const std::function<bool()>& done) {
    while (!done()) {
      loop.RunPosted();
      std::this_thread::yield();
    }
  }

  size_t asked() const { return origin->asked.size(); }

  // Of clients that ask from now on.
  std::string scheme = "https";
  net::Address peer{"192.0.2.7", 40000};
  http::Protocol protocol = http::Protocol::kHttp2;
  bool heads_come_again = true;  // false: no request is answered in the short way

  net::FakeLoop loop;
  Metrics metrics;
  cache::Generations generations;
  Shared shared;
  cache::Fence fence = cache::Fence::kNone;
  FakeOrigin* origin = nullptr;
  std::unique_ptr<Gateway> gateway;

 private:
  // As sessions do it: a head is known when it has come before.
  LocalPtr<http::SharedHead> SharedHeadOf(http::RequestHead head) {
    head.path.clear();
    std::string text = head.method + '\n' + head.scheme + '\n' + head.authority;
    for (const http::Field& field : head.fields) {
      text.append("\n").append(field.name).append(":").append(field.value);
    }
    auto& [times, known] = heads_[text];
    if (known == nullptr) known = LocalPtr<http::SharedHead>::Make(std::move(head));
    return heads_come_again && ++times > 1 ? known : nullptr;
  }

  std::shared_ptr<FakeOrigin::Asked> At(int which) {
    const size_t index = which < 0 ? origin->asked.size() - 1 : static_cast<size_t>(which);
    SKERRY_CHECK(index < origin->asked.size());
    return origin->asked[index];
  }
  http::FetchEvents* Events(int which) {
    SKERRY_CHECK(At(which)->events != nullptr);
    return At(which)->events;
  }

  std::map<std::string, std::pair<int, LocalPtr<http::SharedHead>>> heads_;
  cache::Ram ram_;
  std::unique_ptr<Pool> compute_;
  std::vector<std::pair<std::shared_ptr<FakeStream>, std::shared_ptr<http::StreamEvents>>> open_;
};

}  // namespace skerry::gateway
