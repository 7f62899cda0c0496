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
#include "core/cache/disk/disk.h"
#include "core/cache/purge/feed.h"
#include "core/cache/ram.h"
#include "core/daemon/admin.h"
#include "core/daemon/ready.h"
#include "core/daemon/signals.h"
#include "core/daemon/tokens.h"
#include "core/daemon/workers.h"
#include "core/gateway/gateway.h"
#include "core/http/server.h"
#include "core/net/listener.h"
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
  limits.idle_timeout = options.limit_idle;
  limits.glitch_budget = static_cast<uint32_t>(options.limit_glitches);
  return limits;
}

}  // namespace

// What one worker has. Built before its thread starts, ended by a task on it.
struct Worker {
  std::unique_ptr<gateway::Gateway> gateway;
  std::vector<std::unique_ptr<http::Server>> servers;  // https, http
  std::vector<std::unique_ptr<net::Listener>> listeners;
};

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
  cache::Generations generations;
  std::unique_ptr<cache::Ram> ram;
  std::unique_ptr<cache::Disk> disk;
  cache::MemoryControlStore memory_control;
  std::unique_ptr<cache::PurgeFeed> feed;
  gateway::Shared shared;
  std::unique_ptr<gateway::AccessLog> access_log;
  UpstreamList upstreams;
  std::shared_ptr<const gateway::Classifier> classifier;
  http::ServerCounters server_counters;
  std::unique_ptr<daemon::Workers> control;  // one loop: signals, admin, purge feed
  std::unique_ptr<daemon::Workers> workers;
  std::vector<Worker> worker;
  std::unique_ptr<daemon::Admin> admin;
  std::string https_address;
  std::string http_address;
  std::atomic<bool> ready{false};
  bool ending = false;
  int code = 0;

  Status OpenAll();
  Status OpenCertificates();
  Status OpenCaches();
  Status OpenFeed();
  Status OpenWorker(size_t index);
  Status Listen(size_t index, const net::Address& address, bool tls, std::string* bound);
  Status OpenAdmin();
  void AddGauges();
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
  ram = std::make_unique<cache::Ram>(cache::Ram::Options{.capacity = options.ram_cache});
  compute = std::make_unique<Pool>("compute", kComputeThreads);
  store_pool = std::make_unique<Pool>("store", 1);
  if (options.disk_cache > 0) {
    cache::Disk::Options disk_options;
    disk_options.directory = options.cache_dir + "/store";
    disk_options.budget = options.disk_cache;
    disk_options.metrics = &metrics;
    disk_options.purge_head = [this] { return generations.Now().seq; };
    disk_options.still_valid = [this](const cache::StoredHead& head) {
      return generations.Judge(head.key, head.tags, head.stamp) == cache::Purged::kNo;
    };
    auto opened = cache::Disk::Open(std::move(disk_options));
    if (!opened) return Fail(std::move(opened.error()).In("cache_dir"));
    disk = std::move(*opened);
    // An entry that was worth a second look in memory is worth its place on disk.
    ram->OnEvict([this](cache::EntryPtr evicted) {
      for (const cache::DiskRow& row : disk->Find(evicted->head.key.hash)) {
        if (row.variant_hash == evicted->head.variant_hash) return;
      }
      disk->Store(std::move(evicted));
    });
  }
  shared.name = "skerry-edge";
  shared.ram = ram.get();
  shared.disk = disk.get();
  shared.generations = &generations;
  shared.compute = compute.get();
  shared.metrics = &metrics;
  shared.keep_bytes = std::max<ByteCount>(1_MiB, options.ram_cache / 64);
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
  if (options.purge.empty()) return {};
  cache::PurgeFeed::Options feed_options;
  feed_options.name = options.node;
  feed_options.serves_on_partition = ServesOnPartition(options);
  feed_options.token = purge_token;
  feed_options.authority = http::UpstreamUrl::Parse(options.purge)->authority();
  feed_options.generations = &generations;
  feed_options.store = disk != nullptr ? &disk->control() : &memory_control;
  feed_options.pool = store_pool.get();
  feed_options.metrics = &metrics;
  feed_options.on_ready = [this] { BecomeReady(); };
  auto opened = cache::PurgeFeed::Open(std::move(feed_options));
  if (!opened) return Fail(std::move(opened.error()).In("purge log"));
  feed = std::move(*opened);
  shared.fence = [this] { return feed->fence(); };
  return {};
}

Status Edge::State::Listen(size_t index, const net::Address& address, bool with_tls,
                           std::string* bound) {
  Worker& mine = worker[index];
  http::Server::Options server_options;
  server_options.limits = LimitsOf(options);
  server_options.counters = server_counters;
  server_options.scheme = with_tls ? "https" : "http";
  gateway::Gateway* gateway = mine.gateway.get();
  mine.servers.push_back(http::Server::Make(workers->loop(index), server_options,
                                            [gateway](std::shared_ptr<http::ServerStream> stream) {
                                              return gateway->OnRequest(std::move(stream));
                                            }));
  http::Server* server = mine.servers.back().get();
  net::ListenOptions listen;
  listen.address = address;
  // The first worker finds the port; the others share it.
  if (!bound->empty()) listen.address = *net::Address::Parse(*bound);
  listen.tls = with_tls ? tls : nullptr;
  listen.reuse_port = workers->size() > 1;
  auto opened = net::Listener::Open(
      workers->loop(index), listen,
      [server](std::unique_ptr<net::Transport> peer) { server->Serve(std::move(peer)); });
  if (!opened) return Fail(std::move(opened.error()).In(with_tls ? "https" : "http"));
  if (bound->empty()) *bound = (*opened)->address().ToString();
  mine.listeners.push_back(std::move(*opened));
  return {};
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
  worker[index].gateway =
      std::make_unique<gateway::Gateway>(loop, shared, std::move(gateway_options));
  if (options.https) {
    if (const Status status = Listen(index, *options.https, true, &https_address); !status) {
      return status;
    }
  }
  if (options.http) return Listen(index, *options.http, false, &http_address);
  return {};
}

Status Edge::State::StoreCheck() const {
  if (disk == nullptr) return {};
  if (disk->stats().failing) {
    return Fail(Code::kIo, Side::kStorage, "the disk tier takes nothing: full, or write errors");
  }
  return {};
}

Status Edge::State::LogCheck() const {
  if (feed == nullptr || feed->ready()) return {};
  return Fail(Code::kUnavailable, Side::kSelf, "no lease of the purge log yet; serving fenced");
}

void Edge::State::AddGauges() {
  server_counters.connections_h1 =
      &metrics.GetGauge("skerry_connections", "Open connections.", {{"protocol", "http/1.1"}});
  server_counters.connections_h2 =
      &metrics.GetGauge("skerry_connections", "Open connections.", {{"protocol", "h2"}});
  server_counters.bad_requests = &metrics.GetCounter("skerry_bad_requests_total",
                                                     "Requests refused as malformed or too large.");
  server_counters.glitch_closures = &metrics.GetCounter(
      "skerry_glitch_closures_total", "Connections closed for frames without use.");
  server_counters.stalled_streams = &metrics.GetCounter(
      "skerry_stalled_streams_total", "Streams reset because the client took no data.");
  metrics.AddReadGauge("skerry_ram_bytes", "Bytes of the RAM tier.", {},
                       [this] { return static_cast<double>(ram->bytes()); });
  metrics.AddReadGauge("skerry_ram_objects", "Stored responses in the RAM tier.", {},
                       [this] { return static_cast<double>(ram->objects()); });
  metrics.AddReadGauge("skerry_variants_capped_total", "Variants dropped for their number.", {},
                       [this] { return static_cast<double>(ram->variants_capped()); });
  if (feed == nullptr) {
    for (const char* name :
         {"skerry_purge_applied_seq", "skerry_purge_head_seq", "skerry_fenced"}) {
      metrics.AddReadGauge(name, "Zero without a purge service.", {}, [] { return 0.0; });
    }
  }
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
    input.https = https_address;
    input.http = http_address;
    input.upstreams = upstreams.urls;
    input.ram_bytes = ram->bytes();
    input.ram_capacity = ram->capacity();
    input.ram_objects = ram->objects();
    if (disk != nullptr) input.disk = disk->stats();
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
  AddGauges();
  control = std::make_unique<daemon::Workers>("control", 1);
  const size_t count =
      options.workers == 0 ? daemon::UsableProcessors() : static_cast<size_t>(options.workers);
  workers = std::make_unique<daemon::Workers>("worker", count);
  worker.resize(count);
  classifier = MakeClassifier(options, upstreams);
  for (size_t i = 0; i < count; ++i) {
    if (const Status status = OpenWorker(i); !status) return status;
  }
  return OpenAdmin();
}

void Edge::State::BecomeReady() {
  if (ready.exchange(true)) return;
  std::vector<std::pair<std::string, std::string>> listeners;
  if (!https_address.empty()) listeners.emplace_back("https", https_address);
  if (!http_address.empty()) listeners.emplace_back("http", http_address);
  if (admin != nullptr) listeners.emplace_back("admin", admin->address().ToString());
  if (const Status written = daemon::WriteReady(options.ready_file, listeners); !written) {
    LogError(written.error().context);
  }
  LogInfo("ready", {{"https", https_address}, {"http", http_address}});
}

void Edge::State::Drain() {
  if (std::exchange(ending, true)) return;
  ready = false;
  daemon::NotifyStopping();
  LogInfo("draining", {{"at_most_ms", options.drain.count()}});
  auto left = std::make_shared<std::atomic<size_t>>(0);
  for (const Worker& one : worker) *left += one.servers.size();
  const auto finish = [this] {
    workers->Stop();
    control->Stop();
  };
  for (size_t i = 0; i < worker.size(); ++i) {
    workers->loop(i).Post([this, i, left, finish] {
      for (const auto& listener : worker[i].listeners) listener->Close();
      for (const auto& server : worker[i].servers) {
        server->Drain([this, left, finish] {
          if (left->fetch_sub(1) == 1) control->loop(0).Post(finish);
        });
      }
    });
  }
  control->loop(0).After(options.drain, finish);
}

void Edge::State::Reconfigure(const Options& fresh) {
  // Upstreams are made at start; rules and sites may change among them.
  UpstreamList wanted = upstreams;
  const auto made = MakeClassifier(fresh, wanted);
  if (wanted.urls.size() != upstreams.urls.size()) {
    LogError("configuration not reloaded: a new upstream needs a restart");
    return;
  }
  workers->OnEach([this, made](size_t i) { worker[i].gateway->SetClassifier(made); },
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
  for (Worker& one : state.worker) {
    one.listeners.clear();
    one.servers.clear();
    one.gateway.reset();
  }
  state.admin.reset();
  state.feed.reset();
  state.disk.reset();
  LogInfo("ended");
  return state.code;
}

}  // namespace skerry::edge
