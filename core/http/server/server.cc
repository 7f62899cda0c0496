#include "core/http/server/server.h"

#include <algorithm>
#include <charconv>
#include <unordered_map>
#include <utility>

#include "core/http/date.h"
#include "core/http/server/server_session.h"

namespace skerry::http {
namespace {

constexpr std::string_view kH2Preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

// What connections need of their server; they may outlive it by one event.
struct Shared {
  net::Loop& loop;
  const Server::Options options;
  const Server::OnRequest on_request;
};

// A transport from accept to close: finds out the protocol, then hands all events
// to its session.
class ServerConnection : public net::Transport::Events,
                         public std::enable_shared_from_this<ServerConnection> {
 public:
  ServerConnection(std::shared_ptr<Shared> shared, std::unique_ptr<net::Transport> transport,
                   std::function<void(ServerConnection*)> on_finished)
      : shared_(std::move(shared)),
        transport_(std::move(transport)),
        on_finished_(std::move(on_finished)),
        preface_timer_(shared_->loop) {}

  ~ServerConnection() override {
    if (gauge_ != nullptr) gauge_->Add(-1);
  }

  void Start() { transport_->Start(this); }

  // All streams hear of their end; nothing is called afterwards.
  void Kill() {
    on_finished_ = nullptr;
    if (session_ != nullptr) session_->OnLost();
    transport_->Abort();
  }

  void Drain() {
    draining_ = true;
    if (session_ != nullptr) return session_->Drain();
    EndUnlessChosenIn(Server::kFirstWait);
  }

  void OnConnected() override {
    const auto self = shared_from_this();
    if (transport_->alpn() == "h2") return Choose(Protocol::kHttp2, {});
    if (transport_->is_tls()) return Choose(Protocol::kHttp1, {});
    const Millis timeout = shared_->options.limits.preface_timeout;
    EndUnlessChosenIn(draining_ ? std::min(timeout, Server::kFirstWait) : timeout);
  }

  void OnBytes(std::string_view bytes) override {
    const auto self = shared_from_this();
    if (session_ != nullptr) return session_->OnBytes(bytes);
    if (finished_) return;
    first_bytes_ += bytes;
    const size_t common = std::min(first_bytes_.size(), kH2Preface.size());
    const bool h2 = first_bytes_.compare(0, common, kH2Preface, 0, common) == 0;
    if (h2 && common < kH2Preface.size()) return;  // not yet known
    const std::string first = std::exchange(first_bytes_, {});
    Choose(h2 ? Protocol::kHttp2 : Protocol::kHttp1, first);
  }
  void OnWritable() override {
    const auto self = shared_from_this();
    if (session_ != nullptr) session_->OnWritable();
  }
  void OnEnd() override {
    const auto self = shared_from_this();
    if (session_ != nullptr) return session_->OnEnd();
    transport_->Close();
    Finish();
  }
  void OnFailed(const Error&) override {
    const auto self = shared_from_this();
    if (session_ != nullptr) session_->OnLost();
    Finish();
  }

 private:
  void EndUnlessChosenIn(Millis timeout) {
    preface_timer_.Start(timeout, [this] {
      transport_->Close();
      Finish();
    });
  }

  void Choose(Protocol protocol, std::string_view first) {
    preface_timer_.Stop();
    auto facts = std::make_shared<ConnectionFacts>();
    facts->peer = transport_->peer();
    if (transport_->is_tls()) facts->tls = transport_->tls_description();
    SessionContext context{shared_->loop,       *transport_,      shared_->options,
                           shared_->on_request, std::move(facts), [this] { Finish(); }};
    const bool h2 = protocol == Protocol::kHttp2;
    const ServerCounters& counters = shared_->options.counters;
    gauge_ = h2 ? counters.connections_h2 : counters.connections_h1;
    if (gauge_ != nullptr) gauge_->Add(1);
    session_ =
        h2 ? ServerSession::MakeH2(std::move(context)) : ServerSession::MakeH1(std::move(context));
    if (draining_) session_->Drain();
    if (!first.empty() && !finished_) session_->OnBytes(first);
  }

  // Leaves the server after the event at hand.
  void Finish() {
    if (std::exchange(finished_, true)) return;
    preface_timer_.Stop();
    shared_->loop.Post([weak = weak_from_this()] {
      const auto self = weak.lock();
      if (self != nullptr && self->on_finished_) self->on_finished_(self.get());
    });
  }

  const std::shared_ptr<Shared> shared_;
  std::unique_ptr<net::Transport> transport_;
  std::function<void(ServerConnection*)> on_finished_;  // null once the server is gone
  net::Timer preface_timer_;
  std::string first_bytes_;  // until the protocol is known
  std::unique_ptr<ServerSession> session_;
  Gauge* gauge_ = nullptr;
  bool draining_ = false;
  bool finished_ = false;
};

class ServerImpl : public Server {
 public:
  ServerImpl(net::Loop& loop, Options options, OnRequest on_request)
      : shared_(new Shared{loop, std::move(options), std::move(on_request)}) {}

  ~ServerImpl() override {
    for (auto& [_, connection] : std::exchange(connections_, {})) {
      connection->Kill();
      // It may be the one that called us.
      shared_->loop.Post([connection = std::move(connection)] {});
    }
  }

  void Serve(std::unique_ptr<net::Transport> transport) override {
    auto connection = std::make_shared<ServerConnection>(
        shared_, std::move(transport), [this](ServerConnection* finished) { Forget(finished); });
    connections_.emplace(connection.get(), connection);
    connection->Start();
    if (drained_) connection->Drain();
  }

  void Drain(std::function<void()> done) override {
    drained_ = std::move(done);
    if (!drained_) drained_ = [] {};
    // Draining one may not change the map: connections leave by a posted task.
    for (const auto& [_, connection] : connections_) connection->Drain();
    shared_->loop.Post([this, alive = std::weak_ptr<bool>(alive_)] {
      if (!alive.expired()) TellIfDrained();
    });
  }

  size_t connections() const override { return connections_.size(); }

 private:
  void Forget(ServerConnection* finished) {
    connections_.erase(finished);
    TellIfDrained();
  }
  void TellIfDrained() {
    if (!connections_.empty() || !drained_ || std::exchange(told_, true)) return;
    const auto done = drained_;
    done();
  }

  const std::shared_ptr<Shared> shared_;
  std::unordered_map<ServerConnection*, std::shared_ptr<ServerConnection>> connections_;
  std::function<void()> drained_;  // set: draining
  bool told_ = false;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace

std::string_view Name(Protocol protocol) {
  return protocol == Protocol::kHttp2 ? "h2" : "http/1.1";
}

void Decimal::Set(uint64_t value) {
  size_ =
      static_cast<size_t>(std::to_chars(digits_, digits_ + sizeof(digits_), value).ptr - digits_);
}

std::optional<uint64_t> ParseDecimal(std::string_view text) {
  uint64_t value = 0;
  const char* const end = text.data() + text.size();
  const auto [stopped, error] = std::from_chars(text.data(), end, value);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return value;
}

Response ProblemResponse(const Problem& problem, WallTime now) {
  Response response;
  response.status = problem.status;
  response.own.Add("date", FormatDate(now));
  response.own.Add("content-type", kProblemType);
  response.own.Add("cache-control", "no-store");
  if (problem.status == 405) response.own.Add("allow", kMethods);
  response.body = std::make_unique<MemoryBody>(problem.ToJson());
  return response;
}

ServerCounters ServerCounters::In(Metrics& metrics) {
  ServerCounters counters;
  counters.connections_h1 =
      &metrics.GetGauge("skerry_connections", "Open connections.", {{"protocol", "http/1.1"}});
  counters.connections_h2 =
      &metrics.GetGauge("skerry_connections", "Open connections.", {{"protocol", "h2"}});
  counters.bad_requests = &metrics.GetCounter("skerry_bad_requests_total",
                                              "Requests refused as malformed or too large.");
  counters.glitch_closures = &metrics.GetCounter("skerry_glitch_closures_total",
                                                 "Connections closed for frames without use.");
  counters.stalled_streams =
      &metrics.GetCounter("skerry_stalled_streams_total",
                          "Streams given up because the client took no data, or too little.");
  return counters;
}

std::unique_ptr<Server> Server::Make(net::Loop& loop, Options options, OnRequest on_request) {
  return std::make_unique<ServerImpl>(loop, std::move(options), std::move(on_request));
}

const LocalPtr<SharedHead> ServerStream::kNoSharedHead;

RequestHead CopyOfRequest(const ServerStream& stream) {
  const LocalPtr<SharedHead>& common = stream.shared_head();
  if (common == nullptr) return stream.request();
  RequestHead copy = common->head;
  copy.path = stream.path();
  return copy;
}

}  // namespace skerry::http
