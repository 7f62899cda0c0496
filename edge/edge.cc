#include "edge/edge.h"

#include <signal.h>

#include <atomic>
#include <cstdio>
#include <filesystem>
#include <map>
#include <thread>
#include <utility>
#include <vector>

#include "core/base/log.h"
#include "core/base/metrics.h"
#include "core/base/thread.h"
#include "core/base/urgency.h"
#include "core/cache/purge/feed.h"
#include "core/cache/purge/goodbye.h"
#include "core/daemon/admin.h"
#include "core/daemon/certificate.h"
#include "core/daemon/file_limit.h"
#include "core/daemon/handover.h"
#include "core/daemon/port.h"
#include "core/daemon/preflight.h"
#include "core/daemon/purge_access.h"
#include "core/daemon/ready.h"
#include "core/daemon/signals.h"
#include "core/daemon/workers.h"
#include "core/gateway/cache.h"
#include "core/gateway/dry_purge.h"
#include "core/gateway/explain/explain.h"
#include "core/gateway/gateway.h"
#include "core/net/tls.h"
#include "edge/config/sites.h"
#include "edge/purge_method.h"
#include "edge/status_page.h"

namespace skerry::edge {

using namespace std::chrono_literals;

namespace {

// Readiness does not wait longer for a first lease: then we serve, fenced.
constexpr Millis kWaitForLease = 5s;
constexpr Millis kWaitForIndex = 10s;
constexpr Millis kWaitForGoodbye = 500ms;
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
  limits.tunnel_timeout = options.limit_websocket_idle;
  limits.glitch_budget = static_cast<uint32_t>(options.limit_glitches);
  return limits;
}

}  // namespace

// What a worker has besides its ports. Built before its thread starts, ended after it.
using Gateways = std::vector<std::unique_ptr<gateway::Gateway>>;

struct Edge::State {
  Options options;
  daemon::Inheritance inheritance = daemon::Inheritance::Take();
  daemon::Signals signals;  // first: its mask must be inherited by every thread
  Metrics metrics;
  std::shared_ptr<net::TlsContext> tls;
  std::shared_ptr<net::TlsContext> origin_tls;
  std::shared_ptr<net::TlsContext> shield_tls;  // HTTP/2
  std::unique_ptr<daemon::PurgeAccess> purge;
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
  std::map<std::string, std::vector<int>> sockets;          // handed over to us, by listener
  std::vector<daemon::PortOptions> listen;                  // https, http
  Gateways gateways;                                        // by worker
  std::vector<std::unique_ptr<PurgeMethod>> purge_methods;  // by worker; empty: off
  std::vector<std::vector<daemon::Port>> ports;             // by worker
  std::unique_ptr<daemon::Admin> admin;
  std::atomic<bool> ready{false};
  bool ending = false;
  int code = 0;
  std::unique_ptr<daemon::Successor> successor;
  bool store_given = false;  // to it

  // What HUP replaces, made whole before anything of it is used.
  struct Renewal {
    std::shared_ptr<net::TlsContext> tls;
    std::shared_ptr<const gateway::Classifier> classifier;
    UpstreamList upstreams;
  };

  Status OpenAll();
  Status Preflight();
  Status OpenCertificates();
  Result<std::shared_ptr<net::TlsContext>> ReadServerCertificate(const Options& from) const;
  Status OpenPurgeAccess();
  Status OpenTrust();
  Status OpenCaches();
  void AwaitIndex() const;
  Status OpenFeed();
  Status OpenWorker(size_t index);
  Status OpenAdmin();
  void DescribePorts();
  Status StoreCheck() const;
  Status LogCheck() const;
  void BecomeReady();
  void OnSignal(int signo, const Reload& reload);
  void HandOver();
  void FreeStore();
  void Drain();
  void EndFeed();
  Result<Renewal> Prepare(const Options& fresh) const;
  void Reconfigure(const Options& fresh);
  void AddPurgeMethod(net::Loop& loop);
  std::unique_ptr<http::Upstream> MakeUpstream(const UpstreamList& list, size_t index,
                                               net::Loop& loop) const;
};

// Everything that can be found wrong while nothing has been changed yet.
Status Edge::State::Preflight() {
  if (!options.https && !options.http) options.https = net::Address{"127.0.0.1", 8443};
  if (!options.cert.empty()) {
    // Also where no listener uses it yet: a wrong file is never passed over.
    if (auto read = ReadServerCertificate(options); !read) return Fail(std::move(read.error()));
  }
  if (Status opened = OpenPurgeAccess(); !opened) return opened;
  const config::Places& places = options.places;
  const std::pair<const char*, const std::optional<net::Address>*> listeners[] = {
      {"https", &options.https}, {"http", &options.http}, {"admin", &options.admin}};
  for (const auto& [name, address] : listeners) {
    auto claimed = daemon::ClaimListen(inheritance, name, places.Title(name), *address);
    if (!claimed) return Fail(std::move(claimed.error()));
    sockets[name] = std::move(*claimed);
  }
  const std::string log = options.access_log == "off" ? "" : options.access_log;
  for (const auto& [name, file] :
       {std::pair("ready_file", options.ready_file), std::pair("access_log", log)}) {
    if (Status fine = daemon::CheckFile(places.Title(name), file); !fine) return fine;
  }
  return daemon::CheckFolder(places.Title("cache_dir"), options.cache_dir);
}

// The certificate of the options or, where they name none, the one for development.
Result<std::shared_ptr<net::TlsContext>> Edge::State::ReadServerCertificate(
    const Options& from) const {
  if (!from.cert.empty()) {
    return daemon::ReadCertificate(
        {from.places.Title("cert"), from.cert, from.places.Title("key"), from.key});
  }
  const std::string cert = options.cache_dir + "/development.crt";
  const std::string key = options.cache_dir + "/development.key";
  Status made = net::MakeDevelopmentCertificate(
      cert, key, {"localhost", "127.0.0.1", "::1", options.https->host});
  if (!made) return Fail(std::move(made.error()));
  return daemon::ReadCertificate({"cert", cert, "key", key});
}

Status Edge::State::OpenCertificates() {
  std::error_code failed;
  std::filesystem::create_directories(options.cache_dir, failed);
  if (failed) {
    return Fail(Code::kIo, Side::kConfig,
                options.places.Title("cache_dir") + ": cannot make " + options.cache_dir + ": " +
                    failed.message());
  }
  if (options.https) {
    auto read = ReadServerCertificate(options);
    if (!read) return Fail(std::move(read.error()));
    tls = std::move(*read);
  }
  return {};
}

// Whom we believe: shield and origins.
Status Edge::State::OpenTrust() {
  const config::Places& places = options.places;
  net::TlsContext::ClientOptions client;
  client.ca_file = options.shield_ca;
  auto made = net::TlsContext::Client(client);
  if (!made) return Fail(std::move(made.error()).In(places.Title("shield_ca")));
  origin_tls = std::move(*made);
  client.alpn = {"h2", "http/1.1"};
  made = net::TlsContext::Client(client);
  if (!made) return Fail(std::move(made.error()).In(places.Title("shield_ca")));
  shield_tls = std::move(*made);
  return {};
}

Status Edge::State::OpenPurgeAccess() {
  auto opened = daemon::PurgeAccess::Open(daemon::PurgeAccessFiles::Of(options));
  if (!opened) return Fail(std::move(opened.error()));
  purge = std::move(*opened);
  if (purge->has_tokens()) shared.tier.tokens = purge->tokens();
  return {};
}

Status Edge::State::OpenCaches() {
  compute = std::make_unique<Pool>("compute", kComputeThreads);
  store_pool = std::make_unique<Pool>("store", 1);
  store_pool->Run([] { SetUrgency(Urgency::kBackground); });
  auto opened =
      gateway::Cache::Open({.ram = options.ram_cache,
                            .disk = options.disk_cache,
                            .disk_directory = options.cache_dir + "/store",
                            .metrics = &metrics,
                            .variants = static_cast<size_t>(options.limit_variants),
                            .upgrade_share = static_cast<double>(options.upgrade_cpu) / 100,
                            .upgrade_hits = static_cast<uint32_t>(options.upgrade_hits)});
  if (!opened) return Fail(std::move(opened.error()).In(options.places.Title("cache_dir")));
  cache = std::move(*opened);
  cache->SetClassifier(classifier, QueryRules(options));
  cache->Join(shared);
  shared.pace.SetRate(static_cast<uint32_t>(options.upstream_budget));
  shared.name = "skerry-edge";
  shared.compute = compute.get();
  shared.metrics = &metrics;
  shared.tier.node = options.node;
  return {};
}

// What is on the disk is found from the first request on: meanwhile the process before us
// serves.
void Edge::State::AwaitIndex() const {
  if (!inheritance.any() || cache->disk() == nullptr) return;
  const SteadyTime until = Clock::Real().Steady() + kWaitForIndex;
  while (!cache->disk()->stats().index_loaded && Clock::Real().Steady() < until) {
    std::this_thread::sleep_for(5ms);
  }
}

Status Edge::State::OpenFeed() {
  if (options.purge.empty()) {
    cache::AddGaugesWithoutFeed(metrics);
    return {};
  }
  cache::PurgeFeed::Options feed_options;
  feed_options.name = options.node;
  feed_options.serves_on_partition = ServesOnPartition(options);
  feed_options.rules = QueryRules(options);
  feed_options.tokens = purge->tokens();
  feed_options.authority = purge->authority();
  feed_options.generations = &cache->generations();
  feed_options.store = cache->disk() != nullptr ? &cache->disk()->control() : &memory_control;
  feed_options.pool = store_pool.get();
  feed_options.metrics = &metrics;
  feed_options.forget_some = [this] { return cache->ForgetSome(); };
  feed_options.count = [this](cache::Selectors selectors) {
    return gateway::BeginDryPurge({cache->generations(), cache->ram(), cache->disk()},
                                  std::move(selectors));
  };
  feed_options.on_ready = [this] { BecomeReady(); };
  auto opened = cache::PurgeFeed::Open(std::move(feed_options));
  if (!opened) return Fail(std::move(opened.error()).In("purge log"));
  feed = std::move(*opened);
  shared.fence = [this] { return feed->fence(); };
  return {};
}

void Edge::State::DescribePorts() {
  daemon::PortOptions port;
  port.workers = workers->size();
  port.limits = LimitsOf(options);
  port.counters = http::ServerCounters::In(metrics);
  if (options.https) {
    port.name = "https";
    port.address = *options.https;
    port.sockets = sockets["https"];
    port.tls = tls;
    listen.push_back(port);
  }
  if (options.http) {
    port.name = "http";
    port.address = *options.http;
    port.sockets = sockets["http"];
    port.tls = nullptr;
    listen.push_back(port);
  }
}

std::unique_ptr<http::Upstream> Edge::State::MakeUpstream(const UpstreamList& list, size_t index,
                                                          net::Loop& loop) const {
  http::Upstream::Options upstream;
  upstream.url = *http::UpstreamUrl::Parse(list.urls[index]);
  if (upstream.url.scheme == "https") {
    upstream.http2 = list.is_shield[index];
    upstream.tls = upstream.http2 ? shield_tls : origin_tls;
    upstream.websocket_tls = origin_tls;
  }
  upstream.max_connections = static_cast<size_t>(options.upstream_connections);
  upstream.timeouts.connect = options.upstream_connect;
  upstream.timeouts.first_byte = options.upstream_first_byte;
  upstream.timeouts.between_bytes = options.upstream_between_bytes;
  return http::Upstream::Make(loop, std::move(upstream));
}

void Edge::State::AddPurgeMethod(net::Loop& loop) {
  if (options.purge_method_from.empty()) return;
  PurgeMethod::Options method;
  method.from = options.purge_method_from;
  method.tag_field = http::AsciiLower(options.purge_method_tag_field);
  method.wait = options.purge_method_wait;
  method.tokens = purge->tokens();
  method.authority = purge->authority();
  purge_methods.push_back(
      std::make_unique<PurgeMethod>(loop, purge->Connect(loop), std::move(method)));
}

Status Edge::State::OpenWorker(size_t index) {
  net::Loop& loop = workers->loop(index);
  gateway::Gateway::Options gateway_options;
  gateway_options.classifier = classifier;
  gateway_options.upstream_is_shield = upstreams.is_shield;
  gateway_options.access_log = access_log.get();
  gateway_options.most_tunnels = static_cast<size_t>(options.limit_websockets);
  for (size_t i = 0; i < upstreams.urls.size(); ++i) {
    gateway_options.upstreams.push_back(MakeUpstream(upstreams, i, loop));
  }
  gateways.push_back(std::make_unique<gateway::Gateway>(loop, shared, std::move(gateway_options)));
  AddPurgeMethod(loop);
  PurgeMethod* const purges = purge_methods.empty() ? nullptr : purge_methods.back().get();
  for (daemon::PortOptions& address : listen) {
    const auto accept = [gateway = gateways.back().get(),
                         purges](const std::shared_ptr<http::ServerStream>& stream) {
      const bool purge = purges != nullptr && PurgeMethod::Is(stream->request());
      return purge ? purges->OnRequest(stream) : gateway->OnRequest(stream);
    };
    auto opened = daemon::OpenPort(loop, address, index, accept);
    if (!opened) return Fail(std::move(opened.error()));
    ports[index].push_back(std::move(*opened));
  }
  return {};
}

Status Edge::State::StoreCheck() const {
  if (cache->disk() != nullptr && cache->disk()->stats().failing) {
    return Fail(Code::kIo, Side::kStorage,
                "the disk tier takes nothing: full, or write errors; the log says which. "
                "Memory and upstream serve on");
  }
  return {};
}

Status Edge::State::LogCheck() const { return feed == nullptr ? Status() : feed->Health(); }

Status Edge::State::OpenAdmin() {
  if (!options.admin) return {};
  daemon::Admin::Options admin_options;
  admin_options.listen.address = *options.admin;
  if (!sockets["admin"].empty()) admin_options.listen.socket = sockets["admin"].front();
  admin_options.metrics = &metrics;
  admin_options.checks = {
      {"listeners", true,
       [this]() -> Status {
         if (ready) return {};
         return Fail(Code::kUnavailable, Side::kSelf, ending ? "draining" : "starting");
       }},
      {"store", false, [this] { return StoreCheck(); }},  // memory and upstream serve on
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
  admin_options.later_pages["/explain"] = [this](const http::RequestHead& asking,
                                                 daemon::Admin::Done done) {
    gateway::ExplainSources sources{
        .shared = shared, .classifier = classifier, .upstream_is_shield = upstreams.is_shield};
    if (feed != nullptr) {
      sources.find_record = [this](cache::Seq record) { return feed->Find(record); };
    }
    gateway::AnswerExplain(sources, asking, control->loop(0),
                           [done = std::move(done)](gateway::ExplainPage page) {
                             done({page.status, std::move(page.type), std::move(page.body)});
                           });
  };
  auto opened = daemon::Admin::Open(control->loop(0), std::move(admin_options));
  if (!opened) return Fail(std::move(opened.error()).In(options.places.Title("admin")));
  admin = std::move(*opened);
  return {};
}

Status Edge::State::OpenAll() {
  if (Status status = Preflight(); !status) return status;
  if (Status status = OpenTrust(); !status) return status;
  auto made = MakeClassifier(options, upstreams);
  if (!made) return Fail(std::move(made.error()));
  classifier = std::move(*made);
  if (Status status = OpenCertificates(); !status) return status;
  inheritance.AwaitStore();
  if (Status status = OpenCaches(); !status) return status;
  AwaitIndex();
  if (Status status = OpenFeed(); !status) return status;
  if (options.access_log != "off") {
    auto opened = gateway::AccessLog::Open(options.access_log);
    if (!opened) return Fail(std::move(opened.error()).In(options.places.Title("access_log")));
    access_log = std::move(*opened);
  }
  control = std::make_unique<daemon::Workers>("control", 1);
  const size_t count =
      options.workers == 0 ? daemon::UsableProcessors() : static_cast<size_t>(options.workers);
  workers = std::make_unique<daemon::Workers>("worker", count);
  ports.resize(count);
  DescribePorts();
  for (size_t i = 0; i < count; ++i) {
    if (Status status = OpenWorker(i); !status) return status;
  }
  if (Status status = OpenAdmin(); !status) return status;
  daemon::RemoveReady(options.ready_file);
  if (options.https && options.cert.empty()) {
    std::printf("development certificate: %s/development.crt\n", options.cache_dir.c_str());
    std::fflush(stdout);
  }
  return {};
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
  inheritance.Serving();
}

void Edge::State::Drain() {
  if (std::exchange(ending, true)) return;
  ready = false;
  if (successor == nullptr) daemon::NotifyStopping();
  LogInfo("draining", {{"at_most_ms", options.drain.count()}});
  daemon::Drain(*workers, *control, ports, options.drain);
}

// Until the new process serves, we do: from memory and from upstream once it has the store.
void Edge::State::HandOver() {
  if (ending || successor != nullptr) return LogWarning("USR2: another process takes over already");
  daemon::Successor::Options next;
  next.sockets = daemon::SocketsOf(listen, ports);
  if (admin != nullptr) next.sockets.emplace_back("admin", admin->socket());
  next.on_prepared = [this] { FreeStore(); };
  next.on_serving = [this] {
    LogInfo("handed over", {{"to", successor->pid()}});
    daemon::NotifySuccessor(successor->pid());
    if (admin != nullptr) admin->Close();
    Drain();
  };
  next.on_failed = [this](const std::string& how) {
    LogError("not handed over: the new process ended; its message is above", {{"how", how}});
    if (store_given) LogError("the store was free for it already: memory only until a restart");
    successor.reset();
  };
  auto started = daemon::Successor::Start(control->loop(0), std::move(next));
  if (!started) return LogError("not handed over", {{"problem", started.error().context}});
  successor = std::move(*started);
  LogInfo("handing over", {{"to", successor->pid()}});
}

void Edge::State::FreeStore() {
  store_given = true;
  store_pool->Run([this] {
    if (feed != nullptr) {
      const Status given = feed->GiveStoreAway();
      if (!given) LogError("purge state", {{"error", given.error().ToString()}});
    }
    if (cache->disk() != nullptr) cache->disk()->Close();
    control->loop(0).Post([this] {
      if (successor != nullptr) successor->StoreIsFree();
    });
  });
}

// Reads and makes everything that a reload replaces. An error means: nothing was touched.
Result<Edge::State::Renewal> Edge::State::Prepare(const Options& fresh) const {
  if (ServesOnPartition(fresh) != ServesOnPartition(options)) {
    // The purge service counts on what a node said when it joined.
    return Fail(Code::kInvalid, Side::kConfig,
                "on_partition = \"serve\" in the first rule, or in no rule any more, needs a "
                "restart");
  }
  Renewal renewal;
  if (options.https) {
    auto read = ReadServerCertificate(fresh);
    if (!read) return Fail(std::move(read.error()));
    renewal.tls = std::move(*read);
  }
  renewal.upstreams = upstreams;
  auto classifier = MakeClassifier(fresh, renewal.upstreams);
  if (!classifier) return Fail(std::move(classifier.error()));
  renewal.classifier = std::move(*classifier);
  return renewal;
}

void Edge::State::Reconfigure(const Options& fresh) {
  auto renewal = Prepare(fresh);
  if (renewal) {
    // The last that may fail: it takes effect at once.
    Status renewed = purge->Renew(daemon::PurgeAccessFiles::Of(fresh));
    if (!renewed) renewal = Fail(std::move(renewed.error()));
  }
  if (!renewal) {
    LogError("not reloaded; everything stays as it was", {{"problem", renewal.error().context}});
    return;
  }
  const size_t known = upstreams.urls.size();
  upstreams = std::move(renewal->upstreams);
  options.sites = fresh.sites;
  options.country_database = fresh.country_database;
  shared.pace.SetRate(static_cast<uint32_t>(fresh.upstream_budget));
  classifier = renewal->classifier;  // what /explain speaks of
  std::string rules = QueryRules(options);
  cache->SetClassifier(classifier, rules);
  const auto take_over = [this, known, made = renewal->classifier, tls = renewal->tls,
                          added = upstreams](size_t i) {
    for (size_t u = known; u < added.urls.size(); ++u) {
      gateways[i]->AddUpstream(MakeUpstream(added, u, workers->loop(i)), added.is_shield[u]);
    }
    gateways[i]->SetClassifier(made);
    if (tls != nullptr && options.https) ports[i].front().SetTls(tls);
  };
  // A record that was named by the former rules alone is applied before anything is fetched
  // under the new ones, and whoever begins on this store later knows of both.
  store_pool->Run([this, take_over, rules = std::move(rules)] {
    if (feed != nullptr) {
      if (const Status added = feed->AddRules(rules); !added) {
        LogError("key rules not noted", {{"error", added.error().ToString()}});
      }
    }
    control->loop(0).Post([this, take_over] {
      workers->OnEach(take_over, [] { LogInfo("configuration and certificate reloaded"); });
    });
  });
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
    case SIGUSR2: return HandOver();
    default: Drain();
  }
}

// REQUIRES: no connection is left. A process that took over has a lease of its own.
void Edge::State::EndFeed() {
  if (feed == nullptr) return;
  const cache::Goodbye goodbye = {options.node, feed->incarnation(), feed->given_away(),
                                  purge->tokens()->first(), purge->authority()};
  feed.reset();
  const std::unique_ptr<net::Loop> loop = net::Loop::Make();
  const Status said = SayGoodbye(*loop, purge->Connect(*loop), goodbye, kWaitForGoodbye);
  if (!said) LogWarning("purges wait for our lease", {{"error", said.error().ToString()}});
}

Edge::Edge(std::unique_ptr<State> state) : state_(std::move(state)) {}
Edge::~Edge() = default;

Result<std::unique_ptr<Edge>> Edge::Open(const Options& options) {
  daemon::RaiseFileLimit();
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
    state.feed->Start(control, state.purge->Connect(control));
    control.After(kWaitForLease, [&state] { state.BecomeReady(); });
  });
  state.workers->Start();
  control.Run();
  state.workers->Join();
  // Loops stand still: what lives on them can go, connections first.
  state.ports.clear();
  state.gateways.clear();
  state.purge_methods.clear();
  state.admin.reset();
  state.EndFeed();
  state.store_pool.reset();  // before what its tasks use
  state.cache.reset();
  LogInfo("ended");
  return state.code;
}

}  // namespace skerry::edge
