#include "core/http/upstream/upstream.h"

#include <algorithm>
#include <deque>
#include <utility>
#include <vector>

#include "core/http/upstream/exchange.h"
#include "core/http/upstream/h1_client_session.h"
#include "core/http/upstream/h2_client_session.h"

namespace skerry::http {
namespace {

// How long before the peer does we close a connection that it keeps for a time it says.
constexpr Micros kCloseEarly = Seconds(1);
// A queue of so many is small: ended fetches in it cost nothing.
constexpr size_t kFewWaiting = 64;

// A transport and, once it is connected, what is spoken over it.
class PooledConnection : public std::enable_shared_from_this<PooledConnection>,
                         private net::Transport::Events,
                         private ClientSession::Owner {
 public:
  class Pool {
   public:
    virtual ~Pool() = default;
    virtual void OnConnected(PooledConnection& connection) = 0;
    virtual void OnChanged(PooledConnection& connection) = 0;
    // The last call about this connection. `failed`: it was never connected.
    virtual void OnGone(PooledConnection& connection, const Error* failed) = 0;
  };

  PooledConnection(net::Loop& loop, Pool& pool, std::shared_ptr<const Upstream::Options> options)
      : loop_(loop),
        pool_(&pool),
        options_owner_(std::move(options)),
        options_(*options_owner_),
        idle_timer_(loop) {}

  void Dial() {
    const net::DialOptions dial{.host = options_.url.host,
                                .port = options_.url.port,
                                .tls = options_.url.scheme == "https" ? options_.tls : nullptr,
                                .server_name = {},
                                .timeout = options_.timeouts.connect};
    transport_ = options_.dial ? options_.dial(loop_, dial) : net::Dial(loop_, dial);
    transport_->Start(this);
  }

  void Begin(std::shared_ptr<Exchange> exchange) {
    resting_ = false;
    used_ = true;
    const auto session = session_;
    session->Begin(std::move(exchange));
  }

  bool connected() const { return session_ != nullptr; }
  bool used() const { return used_; }
  bool speaks_h2() const { return speaks_h2_; }
  size_t capacity() const { return session_ == nullptr ? 0 : session_->capacity(); }
  bool idle() const { return session_ != nullptr && session_->active() == 0 && capacity() > 0; }

  // It is idle now. The timer of an earlier rest goes on and looks when it strikes: between
  // two requests it would be stopped and started for nothing.
  void Rest() {
    if (std::exchange(resting_, true)) return;
    Micros limit = options_.idle_timeout;
    // A peer that says how long it waits closes without asking: a request sent at that
    // moment is lost, and not each may be repeated.
    if (const auto kept = session_->kept_for())
      limit = std::min(limit, Micros(*kept) - kCloseEarly);
    if (limit <= Micros(0)) return Retire();
    retire_at_ = loop_.clock().Steady() + limit;
    if (!idle_timer_.running() || strikes_at_ > retire_at_) StartIdleTimer(limit);
  }
  // Ends a connection that has nothing to do.
  void Retire() { OnDone(true); }

  // The pool is gone.
  void Abandon() {
    pool_ = nullptr;
    if (session_ != nullptr) session_->Abandon();
    End(false);
  }

 private:
  // ---- From the transport. The pool may let go of this object inside each of them.
  void OnConnected() override {
    const auto self = shared_from_this();
    const std::string_view alpn = transport_->alpn();
    speaks_h2_ = alpn == "h2" || (options_.http2 && !transport_->is_tls());
    const ClientSession::Context context{loop_, *transport_, *this, options_.header_bytes,
                                         options_.header_count};
    if (speaks_h2_) {
      session_ = MakeH2ClientSession(context, options_.url.scheme);
    } else {
      session_ = std::make_shared<H1ClientSession>(context);
    }
    if (pool_ != nullptr) pool_->OnConnected(*this);
  }
  void OnBytes(std::string_view bytes) override {
    const auto self = shared_from_this();
    session_->OnBytes(bytes);
  }
  void OnWritable() override {
    const auto self = shared_from_this();
    session_->OnWritable();
  }
  void OnEnd() override {
    const auto self = shared_from_this();
    if (session_ != nullptr) return session_->OnEnd();
    OnFailed({Code::kReset, Side::kUpstream, true, "connection closed before it was ready"});
  }
  void OnFailed(const Error& error) override {
    const auto self = shared_from_this();
    if (session_ != nullptr) return session_->OnFailed(error);
    Error failed = error;
    failed.side = Side::kUpstream;
    failed.retryable = true;
    Gone(false, &failed);
  }

  // ---- From the session.
  void OnChanged() override {
    if (pool_ != nullptr) pool_->OnChanged(*this);
  }
  void OnDone(bool in_order) override { Gone(in_order, nullptr); }

  void StartIdleTimer(Micros delay) {
    strikes_at_ = loop_.clock().Steady() + delay;
    idle_timer_.Start(delay, [this] {
      if (!resting_) return;
      const SteadyTime now = loop_.clock().Steady();
      if (now >= retire_at_) return Retire();
      StartIdleTimer(std::chrono::duration_cast<Micros>(retire_at_ - now));
    });
  }

  void Gone(bool in_order, const Error* failed) {
    Pool* const pool = std::exchange(pool_, nullptr);
    if (pool == nullptr) return;
    const auto self = shared_from_this();
    End(in_order);
    pool->OnGone(*this, failed);
  }

  // The transport dies by a task, since this may be inside one of its events.
  void End(bool in_order) {
    idle_timer_.Stop();
    if (in_order) {
      transport_->Close();
    } else {
      transport_->Abort();
    }
    loop_.Post([self = shared_from_this()] {});
  }

  net::Loop& loop_;
  Pool* pool_;  // null once this connection has ended
  const std::shared_ptr<const Upstream::Options> options_owner_;
  const Upstream::Options& options_;
  std::unique_ptr<net::Transport> transport_;
  std::shared_ptr<ClientSession> session_;
  net::Timer idle_timer_;
  SteadyTime strikes_at_;  // while idle_timer_ runs
  SteadyTime retire_at_;   // while resting_
  bool resting_ = false;
  bool used_ = false;
  bool speaks_h2_ = false;
};

class PooledUpstream : public Upstream, public PooledConnection::Pool {
 public:
  PooledUpstream(net::Loop& loop, Options options)
      : loop_(loop),
        options_(std::make_shared<const Options>(std::move(options))),
        multiplexed_(options_->http2) {}

  ~PooledUpstream() override {
    for (const auto& exchange : queue_) exchange->Cancel();
    // Exchanges that end now must not come back here.
    *alive_ = false;
    for (const auto& connection : std::exchange(connections_, {})) connection->Abandon();
  }

  std::unique_ptr<Fetch> Start(RequestHead request, std::unique_ptr<BodySource> body,
                               FetchEvents* events) override;

 private:
  using ConnectionPtr = std::shared_ptr<PooledConnection>;

  void OnConnected(PooledConnection& connection) override;
  void OnChanged(PooledConnection& connection) override;
  void OnGone(PooledConnection& connection, const Error* failed) override;

  // For the WebSockets of an HTTP/2 peer; null: they fail.
  Upstream* OverHttp1();
  void Pump();
  bool AssignNext();
  void ForgetDone();
  // The end if there is none.
  std::vector<ConnectionPtr>::iterator FindFor(const Exchange& exchange);
  void DialWhatIsMissing();
  bool MakeRoom();
  void TrimIdle();

  net::Loop& loop_;
  const std::shared_ptr<const Options> options_;
  const std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  // In the order of their starts. Those that have ended meanwhile stay until they are the
  // first, or are half of all: looking for them each time would cost the square.
  std::deque<std::shared_ptr<Exchange>> queue_;
  size_t look_at_ = kFewWaiting;
  // The one that was used last stands last: it is taken first, and the others age.
  std::vector<ConnectionPtr> connections_;
  std::unique_ptr<Upstream> over_http1_;
  size_t dialing_ = 0;
  bool multiplexed_;  // what connections turned out to speak; before that, what is hoped for
  bool pumping_ = false;
};

class PooledFetch : public Fetch {
 public:
  explicit PooledFetch(std::shared_ptr<Exchange> exchange) : exchange_(std::move(exchange)) {}
  ~PooledFetch() override { exchange_->Cancel(); }
  void Pause() override { exchange_->SetPaused(true); }
  void Resume() override { exchange_->SetPaused(false); }

 private:
  const std::shared_ptr<Exchange> exchange_;
};

std::unique_ptr<Fetch> PooledUpstream::Start(RequestHead request, std::unique_ptr<BodySource> body,
                                             FetchEvents* events) {
  Upstream* const over_http1 = request.websocket ? OverHttp1() : nullptr;
  if (over_http1 != nullptr) {
    return over_http1->Start(std::move(request), std::move(body), events);
  }
  if (request.authority.empty()) request.authority = options_->url.authority();
  if (request.path != "*") request.path.insert(0, options_->url.base_path);
  const auto retry = [this, alive = alive_](std::shared_ptr<Exchange> again) {
    if (!*alive) return;
    queue_.push_front(std::move(again));
    Pump();
  };
  auto exchange = std::make_shared<Exchange>(loop_, options_->timeouts, std::move(request),
                                             std::move(body), events, retry);
  if (Status sendable = exchange->Check(); !sendable) {
    exchange->Fail(std::move(sendable.error()));
  } else {
    queue_.push_back(exchange);
    Pump();
    exchange->Queued();
  }
  return std::make_unique<PooledFetch>(std::move(exchange));
}

Upstream* PooledUpstream::OverHttp1() {
  const bool secure = options_->url.scheme == "https";
  if (!options_->http2 || (secure && options_->websocket_tls == nullptr)) return nullptr;
  if (over_http1_ == nullptr) {
    Options options = *options_;
    options.http2 = false;
    options.tls = options_->websocket_tls;
    over_http1_ = Make(loop_, std::move(options));
  }
  return over_http1_.get();
}

// Gives waiting exchanges to connections, in order, and dials for those left over.
void PooledUpstream::Pump() {
  if (queue_.empty()) return;
  // Assigning can lose a connection, and losing one comes back here.
  if (std::exchange(pumping_, true)) return;
  const auto alive = alive_;
  while (*alive && AssignNext()) {
  }
  if (!*alive) return;
  DialWhatIsMissing();
  pumping_ = false;
}

void PooledUpstream::ForgetDone() {
  std::erase_if(queue_, [](const auto& exchange) { return exchange->done(); });
  look_at_ = std::max(kFewWaiting, 2 * queue_.size());
}

bool PooledUpstream::AssignNext() {
  if (queue_.size() > look_at_) ForgetDone();
  while (!queue_.empty() && queue_.front()->done()) queue_.pop_front();
  for (auto at = queue_.begin(); at != queue_.end(); ++at) {
    if ((*at)->done()) continue;
    const auto found = FindFor(**at);
    if (found == connections_.end()) {
      // One that needs a fresh connection does not hold up the others.
      if ((*at)->needs_fresh()) continue;
      return false;
    }
    const auto exchange = std::move(*at);
    queue_.erase(at);
    std::rotate(found, found + 1, connections_.end());
    const ConnectionPtr connection = connections_.back();
    connection->Begin(exchange);
    return true;
  }
  return false;
}

std::vector<PooledUpstream::ConnectionPtr>::iterator PooledUpstream::FindFor(
    const Exchange& exchange) {
  // Where no connection can be added, another stream is as far away as it gets.
  const bool full = connections_.size() >= options_->max_connections;
  const bool fresh = exchange.needs_fresh() && !(multiplexed_ && full);
  for (auto at = connections_.rbegin(); at != connections_.rend(); ++at) {
    if ((*at)->capacity() > 0 && !(fresh && (*at)->used())) return at.base() - 1;
  }
  return connections_.end();
}

void PooledUpstream::DialWhatIsMissing() {
  // One dial for each, but for none that has ended.
  if (!multiplexed_ && connections_.size() < options_->max_connections) ForgetDone();
  const size_t wanted = multiplexed_ ? std::min<size_t>(queue_.size(), 1) : queue_.size();
  while (dialing_ < wanted) {
    if (connections_.size() >= options_->max_connections && !MakeRoom()) return;
    ++dialing_;
    auto connection = std::make_shared<PooledConnection>(loop_, *this, options_);
    connections_.insert(connections_.begin(), connection);
    connection->Dial();
  }
}

// Ends a connection that nobody uses. There is one only when those who wait need a fresh one.
bool PooledUpstream::MakeRoom() {
  for (const ConnectionPtr& connection : connections_) {
    if (!connection->idle()) continue;
    const ConnectionPtr kept_alive = connection;
    kept_alive->Retire();
    return true;
  }
  return false;
}

void PooledUpstream::OnConnected(PooledConnection& connection) {
  --dialing_;
  multiplexed_ = connection.speaks_h2();
  OnChanged(connection);
}

void PooledUpstream::OnChanged(PooledConnection& connection) {
  const auto alive = alive_;
  Pump();
  if (!*alive || !connection.idle()) return;
  connection.Rest();
  TrimIdle();
}

// The ones that were used longest ago go first.
void PooledUpstream::TrimIdle() {
  if (connections_.size() <= options_->max_idle) return;
  std::vector<ConnectionPtr> idle;
  for (const ConnectionPtr& connection : connections_) {
    if (connection->idle()) idle.push_back(connection);
  }
  for (size_t i = 0; i + options_->max_idle < idle.size(); ++i) idle[i]->Retire();
}

void PooledUpstream::OnGone(PooledConnection& connection, const Error* failed) {
  if (!connection.connected()) --dialing_;
  std::erase_if(connections_, [&](const auto& one) { return one.get() == &connection; });
  if (failed != nullptr) {
    ForgetDone();
    // One dial was for one exchange, or for all where they share a connection.
    size_t hit = multiplexed_ ? queue_.size() : std::min<size_t>(queue_.size(), 1);
    for (; hit > 0; --hit) {
      const auto exchange = std::move(queue_.front());
      queue_.pop_front();
      exchange->Fail(*failed);
    }
  }
  Pump();
}

}  // namespace

std::unique_ptr<Upstream> Upstream::Make(net::Loop& loop, Options options) {
  return std::make_unique<PooledUpstream>(loop, std::move(options));
}

}  // namespace skerry::http
