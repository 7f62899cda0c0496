#include "edge/edge.h"

#include <signal.h>
#include <sys/stat.h>

#include <atomic>
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>
#include <vector>

#include "core/base/log.h"
#include "core/base/metrics.h"
#include "core/base/thread.h"
#include "core/cache/purge/feed.h"
#include "core/daemon/admin.h"
#include "core/daemon/port.h"
#include "core/daemon/ready.h"
#include "core/daemon/signals.h"
#include "core/daemon/tokens.h"
#include "core/daemon/workers.h"
#include "core/gateway/cache.h"
#include "core/gateway/gateway.h"
#include "core/net/tls.h"
#include "edge/sites.h"
#include "edge/status_page.h"

namespace skerry::edge {

using namespace std::chrono_literals;

namespace {

// Readiness does not wait longer for a first lease: then we serve, fenced.
constexpr Millis kWaitForLease = 5s;
constexpr size_t kComputeThreads = 2;

http::SessionLimits LimitsOf(const Options& options) {
  http::SessionLimits limits;
  limits.streams = static_cast<uint32_t>(options.limit_streams);
  limits.header_bytes = options.limit_header_bytes;
  limits.header_count = static_cast<size_t>(options.limit_header_count);
  limits.path_bytes = options.limit_path_bytes;
  limits.body_bytes = options.limit_body_bytes;
  limits.header_timeout = options.limit_header_time;
  limits.body_timeout = options.limit_body_time;
  limits.stalled_write_timeout = options.limit_stalled_write;
  limits.request_rate = static_cast<uint32_t>(options.limit_request_rate);
  limits.response_rate = static_cast<uint32_t>(options.limit_response_rate);
  limits.idle_timeout = options.limit_idle;
  limits.glitch_budget = static_cast<uint32_t>(options.limit_glitches);
  return limits;
}

}  // namespace

// What a worker has besides its ports. Built before its thread starts, ended after it.
using Gateways = std::vector<std::unique_ptr<gateway::Gateway>>;

struct Edge::State {
  Options options;
  daemon::Signals signals;  // first: its mask must be inherited by every thread
  Metrics metrics;
  std::shared_ptr<net::TlsContext> tls;
  std::shared_ptr<net::TlsContext> origin_tls;
  std::shared_ptr<net::TlsContext> shield_tls;  // HTTP/2
  std::string purge_token;
  std::unique_ptr<Pool> compute;
  std::unique_ptr<Pool> store_pool;
  std::unique_ptr<gateway::Cache> cache;
  cache::MemoryControlStore memory_control;
  std::unique_ptr<cache::PurgeFeed> feed;
  gateway::Shared shared;
  std::unique_ptr<gateway::AccessLog> access_log;
  UpstreamList upstreams;
  std::shared_ptr<const gateway::Classifier> classifier;
  std::unique_ptr<daemon::Workers> control;  // one loop: signals, admin, purge feed
  std::unique_ptr<daemon::Workers> workers;
  std::vector<daemon::PortOptions> listen;       // https, http
  Gateways gateways;                             // by worker
  std::vector<std::vector<daemon::Port>> ports;  // by worker
  std::unique_ptr<daemon::Admin> admin;
  std::atomic<bool> ready{false};
  bool ending = false;
  int code = 0;

  Status OpenAll();
  Status OpenCertificates();
  Status OpenCaches();
  Status OpenFeed();
  Status OpenWorker(size_t index);
  Status OpenAdmin();
  void DescribePorts();
  Status StoreCheck() const;
  Status LogCheck() const;
  void BecomeReady();
  void OnSignal(int signo, const Reload& reload);
  void Drain();
  void Reconfigure(const Options& fresh);
};

Status Edge::State::OpenCertificates() {
  if (!options.https && !options.http) options.https = net::Address{"127.0.0.1", 8443};
  if (mkdir(options.cache_dir.c_str(), 0750) != 0 && errno != EEXIST) {
    return Fail(Code::kIo, Side::kConfig,
                "cache_dir: cannot make " + options.cache_dir + ": " + std::strerror(errno));
  }
  if (options.https) {
    if (options.cert.empty()) {
      options.cert = options.cache_dir + "/development.crt";
      options.key = options.cache_dir + "/development.key";
      const Status made = net::MakeDevelopmentCertificate(
          options.cert, options.key, {"localhost", "127.0.0.1", "::1", options.https->host});
      if (!made) return made;
      std::printf("development certificate: %s\n", options.cert.c_str());
      std::fflush(stdout);
    }
    auto made = net::TlsContext::Server({options.cert, options.key, {"h2", "http/1.1"}});
    if (!made) return Fail(std::move(made.error()));
    tls = std::move(*made);
  }
  net::TlsContext::ClientOptions client;
  client.ca_file = options.shield_ca;
  auto made = net::TlsContext::Client(client);
  if (!made) return Fail(std::move(made.error()));
  origin_tls = std::move(*made);
  client.alpn = {"h2", "http/1.1"};
  made = net::TlsContext::Client(client);
  if (!made) return Fail(std::move(made.error()));
  shield_tls = std::move(*made);
  return {};
}

Status Edge::State::OpenCaches() {
  compute = std::make_unique<Pool>("compute", kComputeThreads);
  store_pool = std::make_unique<Pool>("store", 1);
  auto opened =
      gateway::Cache::Open({.ram = options.ram_cache,
                            .disk = options.disk_cache,
                            .disk_directory = options.cache_dir + "/store",
                            .metrics = &metrics,
                            .variants = static_cast<size_t>(options.limit_variants),
                            .upgrade_share = static_cast<double>(options.upgrade_cpu) / 100,
                            .upgrade_hits = static_cast<uint32_t>(options.upgrade_hits)});
  if (!opened) return Fail(std::move(opened.error()).In("cache_dir"));
  cache = std::move(*opened);
  cache->Join(shared);
  shared.name = "skerry-edge";
  shared.compute = compute.get();
  shared.metrics = &metrics;
  shared.tier.node = options.node;
  return {};
}

Status Edge::State::OpenFeed() {
  if (!options.purge_token_file.empty()) {
    auto tokens = daemon::ReadTokens(options.purge_token_file);
    if (!tokens) return Fail(std::move(tokens.error()));
    purge_token = tokens->front();
    shared.tier.token = purge_token;
  }
  if (options.purge.empty()) {
    cache::AddGaugesWithoutFeed(metrics);
    return {};
  }
  cache::PurgeFeed::Options feed_options;
  feed_options.name = options.node;
  feed_options.serves_on_partition = ServesOnPartition(options);
  feed_options.token = purge_token;
  feed_options.authority = http::UpstreamUrl::Parse(options.purge)->authority();
  feed_options.generations = &cache->generations();
  feed_options.store = cache->disk() != nullptr ? &cache->disk()->control() : &memory_control;
  feed_options.pool = store_pool.get();
  feed_options.metrics = &metrics;
  feed_options.on_ready = [this] { BecomeReady(); };
  auto opened = cache::PurgeFeed::Open(std::move(feed_options));
  if (!opened) return Fail(std::move(opened.error()).In("purge log"));
  feed = std::move(*opened);
  shared.fence = [this] { return feed->fence(); };
  return {};
}

void Edge::State::DescribePorts() {
  daemon::PortOptions port;
  port.shared = workers->size() > 1;
  port.limits = LimitsOf(options);
  port.counters = http::ServerCounters::In(metrics);
  if (options.https) {
    port.name = "https";
    port.address = *options.https;
    port.tls = tls;
    listen.push_back(port);
  }
  if (options.http) {
    port.name = "http";
    port.address = *options.http;
    port.tls = nullptr;
    listen.push_back(port);
  }
}

Status Edge::State::OpenWorker(size_t index) {
  net::Loop& loop = workers->loop(index);
  gateway::Gateway::Options gateway_options;
  gateway_options.classifier = classifier;
  gateway_options.upstream_is_shield = upstreams.is_shield;
  gateway_options.access_log = access_log.get();
  for (size_t i = 0; i < upstreams.urls.size(); ++i) {
    http::Upstream::Options upstream;
    upstream.url = *http::UpstreamUrl::Parse(upstreams.urls[i]);
    if (upstream.url.scheme == "https") {
      upstream.http2 = upstreams.is_shield[i];
      upstream.tls = upstream.http2 ? shield_tls : origin_tls;
    }
    upstream.max_connections = static_cast<size_t>(options.upstream_connections);
    upstream.timeouts = {options.upstream_connect, options.upstream_first_byte,
                         options.upstream_between_bytes};
    gateway_options.upstreams.push_back(http::Upstream::Make(loop, std::move(upstream)));
  }
  gateways.push_back(std::make_unique<gateway::Gateway>(loop, shared, std::move(gateway_options)));
  for (daemon::PortOptions& address : listen) {
    auto opened = daemon::OpenPort(loop, address, [gateway = gateways.back().get()](auto stream) {
      return gateway->OnRequest(std::move(stream));
    });
    if (!opened) return Fail(std::move(opened.error()));
    ports[index].push_back(std::move(*opened));
  }
  return {};
}

Status Edge::State::StoreCheck() const {
  if (cache->disk() != nullptr && cache->disk()->stats().failing) {
    return Fail(Code::kIo, Side::kStorage, "the disk tier takes nothing: full, or write errors");
  }
  return {};
}

Status Edge::State::LogCheck() const {
  if (feed == nullptr || feed->ready()) return {};
  return Fail(Code::kUnavailable, Side::kSelf, "no lease of the purge log yet; serving fenced");
}

Status Edge::State::OpenAdmin() {
  if (!options.admin) return {};
  daemon::Admin::Options admin_options;
  admin_options.listen.address = *options.admin;
  admin_options.metrics = &metrics;
  admin_options.checks = {
      {"listeners", true,
       [this]() -> Status {
         if (ready) return {};
         return Fail(Code::kUnavailable, Side::kSelf, ending ? "draining" : "starting");
       }},
      {"store", true, [this] { return StoreCheck(); }},
      {"purge-log", false, [this] { return LogCheck(); }},
  };
  admin_options.pages["/"] = [this](std::string_view) {
    StatusInput input;
    input.node = options.node;
    for (const daemon::PortOptions& port : listen) {
      (port.name == "https" ? input.https : input.http) = port.address.ToString();
    }
    input.upstreams = upstreams.urls;
    input.ram_bytes = cache->ram().bytes();
    input.ram_capacity = cache->ram().capacity();
    input.ram_objects = cache->ram().objects();
    if (cache->disk() != nullptr) input.disk = cache->disk()->stats();
    input.disk_budget = options.disk_cache;
    if (feed != nullptr) {
      input.purge = StatusInput::Purge{feed->applied(), feed->head(), feed->fenced()};
    }
    input.metrics_text = metrics.Text();
    return daemon::Admin::Page{200, "text/html; charset=utf-8", StatusPage(input)};
  };
  auto opened = daemon::Admin::Open(control->loop(0), std::move(admin_options));
  if (!opened) return Fail(std::move(opened.error()));
  admin = std::move(*opened);
  return {};
}

Status Edge::State::OpenAll() {
  if (const Status status = OpenCertificates(); !status) return status;
  if (options.access_log != "off") {
    auto opened = gateway::AccessLog::Open(options.access_log);
    if (!opened) return Fail(std::move(opened.error()));
    access_log = std::move(*opened);
  }
  if (const Status status = OpenCaches(); !status) return status;
  if (const Status status = OpenFeed(); !status) return status;
  control = std::make_unique<daemon::Workers>("control", 1);
  const size_t count =
      options.workers == 0 ? daemon::UsableProcessors() : static_cast<size_t>(options.workers);
  workers = std::make_unique<daemon::Workers>("worker", count);
  ports.resize(count);
  DescribePorts();
  classifier = MakeClassifier(options, upstreams);
  for (size_t i = 0; i < count; ++i) {
    if (const Status status = OpenWorker(i); !status) return status;
  }
  return OpenAdmin();
}

void Edge::State::BecomeReady() {
  if (ready.exchange(true)) return;
  std::vector<std::pair<std::string, std::string>> listeners;
  for (const daemon::PortOptions& port : listen) {
    listeners.emplace_back(port.name, port.address.ToString());
  }
  if (admin != nullptr) listeners.emplace_back("admin", admin->address().ToString());
  if (const Status written = daemon::WriteReady(options.ready_file, listeners); !written) {
    LogError(written.error().context);
  }
  for (const auto& [name, address] : listeners) LogInfo("ready", {{name, address}});
}

void Edge::State::Drain() {
  if (std::exchange(ending, true)) return;
  ready = false;
  daemon::NotifyStopping();
  LogInfo("draining", {{"at_most_ms", options.drain.count()}});
  daemon::Drain(*workers, *control, ports, options.drain);
}

void Edge::State::Reconfigure(const Options& fresh) {
  // Upstreams are made at start; rules and sites may change among them.
  UpstreamList wanted = upstreams;
  const auto made = MakeClassifier(fresh, wanted);
  if (wanted.urls.size() != upstreams.urls.size()) {
    LogError("configuration not reloaded: a new upstream needs a restart");
    return;
  }
  workers->OnEach([this, made](size_t i) { gateways[i]->SetClassifier(made); },
                  [] { LogInfo("configuration reloaded"); });
}

void Edge::State::OnSignal(int signo, const Reload& reload) {
  switch (signo) {
    case SIGHUP:
      if (access_log != nullptr) (void)access_log->Reopen();
      if (const std::optional<Options> fresh = reload()) Reconfigure(*fresh);
      return;
    case SIGUSR1:
      if (access_log != nullptr) (void)access_log->Reopen();
      return;
    case SIGUSR2:
      LogWarning("USR2: handing over listeners is not possible; restart instead");
      return;
    default: Drain();
  }
}

Edge::Edge(std::unique_ptr<State> state) : state_(std::move(state)) {}
Edge::~Edge() = default;

Result<std::unique_ptr<Edge>> Edge::Open(const Options& options) {
  auto state = std::make_unique<State>();
  state->options = options;
  if (Status status = state->OpenAll(); !status) return Fail(std::move(status.error()));
  return std::unique_ptr<Edge>(new Edge(std::move(state)));
}

int Edge::Run(Reload reload) {
  State& state = *state_;
  net::Loop& control = state.control->loop(0);
  state.signals.Deliver(control, [&state, &reload](int signo) { state.OnSignal(signo, reload); });
  control.Post([&state, &control] {
    if (state.feed == nullptr) return state.BecomeReady();
    http::Upstream::Options upstream;
    upstream.url = *http::UpstreamUrl::Parse(state.options.purge);
    if (upstream.url.scheme == "https") {
      net::TlsContext::ClientOptions client;
      client.ca_file = state.options.purge_ca;
      if (auto made = net::TlsContext::Client(client)) upstream.tls = std::move(*made);
    }
    state.feed->Start(control, http::Upstream::Make(control, std::move(upstream)));
    control.After(kWaitForLease, [&state] { state.BecomeReady(); });
  });
  state.workers->Start();
  control.Run();
  state.workers->Join();
  // Loops stand still: what lives on them can go, connections first.
  state.ports.clear();
  state.gateways.clear();
  state.admin.reset();
  state.feed.reset();
  state.cache.reset();
  LogInfo("ended");
  return state.code;
}

}  // namespace skerry::edge
