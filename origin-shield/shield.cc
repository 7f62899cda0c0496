#include "origin-shield/shield.h"

#include <signal.h>

#include <algorithm>
#include <atomic>
#include <tuple>
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
#include "core/daemon/tokens.h"
#include "core/daemon/workers.h"
#include "core/gateway/cache.h"
#include "core/gateway/dry_purge.h"
#include "core/gateway/gateway.h"
#include "core/http/server/server.h"
#include "core/net/listener.h"
#include "core/net/tls.h"
#include "origin-shield/activation/activator.h"
#include "origin-shield/control.h"
#include "origin-shield/explain.h"
#include "origin-shield/requests/serve.h"
#include "origin-shield/requests/upload.h"
#include "origin-shield/respond/pieces.h"
#include "origin-shield/store/blobs.h"
#include "origin-shield/store/files.h"
#include "origin-shield/store/releases.h"

namespace skerry::shield {

using namespace std::chrono_literals;

namespace {

// Readiness does not wait longer for a first lease: then we serve, fenced.
constexpr Millis kWaitForLease = 5s;
// New connections wait for the end of this drain.
constexpr Millis kDrainForSuccessor = 5s;
constexpr Millis kWaitForGoodbye = 500ms;
constexpr size_t kComputeThreads = 2;
constexpr size_t kReadThreads = 4;
constexpr size_t kStoreThreads = 4;

// What one worker has. Built before its thread starts, ended after it has.
struct Worker {
  std::unique_ptr<gateway::Gateway> gateway;  // null: no origin
  std::unique_ptr<gateway::Counters> counters;
  std::unique_ptr<Service> service;
};

Result<std::shared_ptr<net::TlsContext>> TrustOf(const std::string& ca_file) {
  net::TlsContext::ClientOptions client;
  client.ca_file = ca_file;
  return net::TlsContext::Client(client);
}

}  // namespace

// Members are destroyed from the last to the first: pools before what their tasks use,
// and the loops that tasks post to before nothing but the stores.
struct Shield::State {
  Options options;
  daemon::Inheritance inheritance = daemon::Inheritance::Take();
  daemon::Signals signals;  // first: its mask must be inherited by every thread
  Metrics metrics;
  std::shared_ptr<net::TlsContext> tls;
  std::shared_ptr<net::TlsContext> origin_tls;
  std::unique_ptr<daemon::PurgeAccess> purge;
  std::shared_ptr<daemon::Tokens> tokens;  // of the upload API
  std::unique_ptr<BlobStore> blobs;
  std::unique_ptr<Releases> releases;
  std::unique_ptr<RecordsControl> records_control;
  std::unique_ptr<daemon::Workers> control;  // one loop: signals, admin, log, activations
  std::unique_ptr<daemon::Workers> workers;
  std::unique_ptr<gateway::Cache> cache;  // of what stands before --origin
  std::unique_ptr<Pieces> pieces;
  std::unique_ptr<gateway::AccessLog> access_log;
  std::unique_ptr<Activator> activator;
  std::unique_ptr<cache::PurgeFeed> feed;
  gateway::Shared shared;
  std::shared_ptr<const gateway::Classifier> classifier;  // one route: all to --origin
  Uploads uploads;
  Serving serving;
  std::unique_ptr<Pool> compute;
  std::unique_ptr<Pool> reads;    // of blobs
  std::unique_ptr<Pool> stores;   // uploads, releases
  std::unique_ptr<Pool> log;      // one thread: records of the log in their order
  std::vector<int> admin_socket;  // handed over to us
  daemon::PortOptions listen;
  std::vector<Worker> worker;
  std::vector<std::vector<daemon::Port>> ports;  // by worker
  std::unique_ptr<daemon::Admin> admin;
  std::atomic<bool> ready{false};
  bool ending = false;
  bool serving_begun = false;
  std::unique_ptr<daemon::Successor> successor;

  Status OpenAll();
  Status OpenTls();
  Status Preflight();
  Status OpenStores();
  Status OpenCaches();
  Status OpenTokens();
  Status OpenLog();
  Status OpenWorker(size_t index);
  Status OpenAdmin();
  void Explain(const http::RequestHead& asking, daemon::Admin::Done done);
  std::unique_ptr<gateway::Gateway> MakeGateway(net::Loop& loop);
  void AddGauges();
  void BecomeReady();
  void OnSignal(int signo, const Reload& reload);
  void Reconfigure(const Options& fresh);
  void HandOver();
  void Drain(Millis at_most);
  void EndFeed();
  void CloseAll();
};

Result<std::shared_ptr<net::TlsContext>> ReadCertificate(const Options& from) {
  return daemon::ReadCertificate(
      {from.places.Title("cert"), from.cert, from.places.Title("key"), from.key});
}

Status Shield::State::OpenTls() {
  if (!options.cert.empty()) {
    auto read = ReadCertificate(options);
    if (!read) return Fail(std::move(read.error()));
    tls = std::move(*read);
  }
  auto origin_trust = TrustOf("");
  if (!origin_trust) return Fail(std::move(origin_trust.error()));
  origin_tls = std::move(*origin_trust);
  auto access = daemon::PurgeAccess::Open(daemon::PurgeAccessFiles::Of(options));
  if (!access) return Fail(std::move(access.error()));
  purge = std::move(*access);
  return {};
}

// Everything that can be found wrong while nothing has been changed yet.
Status Shield::State::Preflight() {
  if (Status status = OpenTls(); !status) return status;
  if (Status status = OpenTokens(); !status) return status;
  const config::Places& places = options.places;
  for (const auto& [name, address, sockets] :
       {std::tuple("listen", std::optional(options.listen), &listen.sockets),
        std::tuple("admin", options.admin, &admin_socket)}) {
    auto claimed = daemon::ClaimListen(inheritance, name, places.Title(name), address);
    if (!claimed) return Fail(std::move(claimed.error()));
    *sockets = std::move(*claimed);
  }
  const std::string access = options.access_log == "off" ? "" : options.access_log;
  for (const auto& [name, file] :
       {std::pair("ready_file", options.ready_file), std::pair("access_log", access)}) {
    if (Status fine = daemon::CheckFile(places.Title(name), file); !fine) return fine;
  }
  return daemon::CheckFolder(places.Title("data_dir"), options.data_dir);
}

Status Shield::State::OpenStores() {
  if (Status made = MakeDirectories(options.data_dir); !made) {
    return Fail(std::move(made.error()).In(options.places.Title("data_dir")));
  }
  auto opened = BlobStore::Open({options.data_dir + "/blobs", options.limit_blob_bytes, &metrics});
  if (!opened) return Fail(std::move(opened.error()).In(options.places.Title("data_dir")));
  blobs = std::move(*opened);
  Releases::Options release_options;
  release_options.directory = options.data_dir + "/records";
  release_options.blobs = blobs.get();
  release_options.retention.least = static_cast<size_t>(options.keep_least);
  release_options.retention.most = static_cast<size_t>(options.keep_most);
  release_options.retention.keep_for = options.keep_for;
  auto releases_opened = Releases::Open(std::move(release_options));
  if (!releases_opened)
    return Fail(std::move(releases_opened.error()).In(options.places.Title("data_dir")));
  releases = std::move(*releases_opened);
  records_control = std::make_unique<RecordsControl>(releases->records());
  pieces = std::make_unique<Pieces>(*blobs, *reads, options.blob_cache);
  return {};
}

// What stands before --origin; without one it stays empty.
Status Shield::State::OpenCaches() {
  const bool has_origin = !options.origin.empty();
  auto opened = gateway::Cache::Open({has_origin ? options.ram_cache : 1_MiB,
                                      has_origin ? options.disk_cache : 0,
                                      options.data_dir + "/cache", &metrics});
  if (!opened) return Fail(std::move(opened.error()).In("data_dir"));
  cache = std::move(*opened);
  cache->Join(shared);
  shared.pace.SetRate(static_cast<uint32_t>(options.upstream_budget));
  shared.name = "skerry-shield";
  shared.compute = compute.get();
  shared.metrics = &metrics;
  gateway::Route route;
  if (options.profile == Profile::kRfc) route.policy = cache::Policy::Rfc();
  classifier = std::make_shared<gateway::OneRoute>(std::move(route));
  return {};
}

Status Shield::State::OpenTokens() {
  auto upload_tokens = daemon::ReadTokens(options.token_file);
  if (!upload_tokens) {
    return Fail(std::move(upload_tokens.error()).In(options.places.Title("token_file")));
  }
  tokens = std::make_shared<daemon::Tokens>(std::move(*upload_tokens));
  uploads.tokens = tokens;
  shared.tier.node = options.node;
  shared.tier.is_shield = true;
  if (purge->has_tokens()) shared.tier.tokens = purge->tokens();
  return {};
}

Status Shield::State::OpenLog() {
  Activator::Options activator_options;
  activator_options.releases = releases.get();
  activator_options.generations = &cache->generations();
  activator_options.pool = stores.get();
  activator_options.node = options.node;
  std::unique_ptr<PurgeService> service;
  if (!options.purge.empty()) {
    const std::string authority = purge->authority();
    service = PurgeService::Make(control->loop(0), purge->Connect(control->loop(0)),
                                 {purge->tokens(), authority});
    cache::PurgeFeed::Options feed_options;
    feed_options.name = options.node;
    feed_options.tokens = purge->tokens();
    feed_options.authority = authority;
    feed_options.generations = &cache->generations();
    feed_options.store =
        cache->disk() != nullptr ? &cache->disk()->control() : records_control.get();
    feed_options.pool = log.get();
    feed_options.metrics = &metrics;
    feed_options.on_activation = [this](const cache::Record& record) {
      return activator->OnRecord(record);
    };
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
    serving.applied = [this] { return cache->generations().applied_at(); };
  } else {
    // Positions of our own go on where they were.
    cache->generations().Reset("", releases->last_seq());
  }
  activator = std::make_unique<Activator>(control->loop(0), std::move(activator_options),
                                          std::move(service));
  return {};
}

std::unique_ptr<gateway::Gateway> Shield::State::MakeGateway(net::Loop& loop) {
  gateway::Gateway::Options gateway_options;
  gateway_options.classifier = classifier;
  gateway_options.upstream_is_shield = {false};
  gateway_options.access_log = access_log.get();
  http::Upstream::Options upstream;
  upstream.url = *http::UpstreamUrl::Parse(options.origin);
  if (upstream.url.scheme == "https") upstream.tls = origin_tls;
  gateway_options.upstreams.push_back(http::Upstream::Make(loop, std::move(upstream)));
  return std::make_unique<gateway::Gateway>(loop, shared, std::move(gateway_options));
}

Status Shield::State::OpenWorker(size_t index) {
  Worker& mine = worker[index];
  net::Loop& loop = workers->loop(index);
  if (!options.origin.empty()) mine.gateway = MakeGateway(loop);
  mine.counters = std::make_unique<gateway::Counters>(metrics);
  mine.service = std::make_unique<Service>(loop, serving, *mine.counters, mine.gateway.get());
  auto opened = daemon::OpenPort(loop, listen, index, [service = mine.service.get()](auto stream) {
    return service->OnRequest(std::move(stream));
  });
  if (!opened) return Fail(std::move(opened.error()));
  ports[index].push_back(std::move(*opened));
  return {};
}

void Shield::State::AddGauges() {
  metrics.AddReadGauge("skerry_blob_cache_bytes", "Pieces of releases' files in memory.", {},
                       [this] { return static_cast<double>(pieces->bytes()); });
  if (feed == nullptr) cache::AddGaugesWithoutFeed(metrics);
}

void Shield::State::Explain(const http::RequestHead& asking, daemon::Admin::Done done) {
  const auto send = [done = std::move(done)](gateway::ExplainPage page) {
    done({page.status, std::move(page.type), std::move(page.body)});
  };
  const auto query = gateway::ParseExplainQuery(asking.path);
  if (!query) return send(gateway::ToPage(query.error()));
  const bool has_origin = !options.origin.empty();
  const auto told = ExplainRelease(*releases, has_origin, query->request);
  if (told) return send(gateway::ToPage(*told, gateway::WantsJson(*query, asking.fields)));
  gateway::ExplainSources sources{.shared = shared, .classifier = classifier};
  if (feed != nullptr) {
    sources.find_record = [this](cache::Seq record) { return feed->Find(record); };
  }
  gateway::AnswerExplain(sources, asking, control->loop(0), send);
}

Status Shield::State::OpenAdmin() {
  if (!options.admin) return {};
  daemon::Admin::Options admin_options;
  admin_options.listen.address = *options.admin;
  if (!admin_socket.empty()) admin_options.listen.socket = admin_socket.front();
  admin_options.metrics = &metrics;
  admin_options.checks = {
      {"listeners", true,
       [this]() -> Status {
         if (ready) return {};
         return Fail(Code::kUnavailable, Side::kSelf, ending ? "draining" : "starting");
       }},
      {"store", false,
       [this]() -> Status {
         const size_t damaged = blobs->damaged();
         if (damaged == 0) return {};
         return Fail(Code::kCorrupt, Side::kStorage,
                     "of the releases' files " + std::to_string(damaged) +
                         " were damaged on disk; push the releases again");
       }},
      {"purge-log", false,
       [this]() -> Status { return feed == nullptr ? Status() : feed->Health(); }},
  };
  // Damage is for people to see; what is whole goes on being served.
  admin_options.checks[1].ready = false;
  admin_options.later_pages["/explain"] = [this](const http::RequestHead& asking,
                                                 daemon::Admin::Done done) {
    Explain(asking, std::move(done));
  };
  auto opened = daemon::Admin::Open(control->loop(0), std::move(admin_options));
  if (!opened) return Fail(std::move(opened.error()).In(options.places.Title("admin")));
  admin = std::move(*opened);
  return {};
}

Status Shield::State::OpenAll() {
  compute = std::make_unique<Pool>("compute", kComputeThreads);
  reads = std::make_unique<Pool>("blob-read", kReadThreads);
  stores = std::make_unique<Pool>("store", kStoreThreads);
  log = std::make_unique<Pool>("log", 1);
  log->Run([] { SetUrgency(Urgency::kBackground); });
  control = std::make_unique<daemon::Workers>("control", 1);
  const size_t count =
      options.workers == 0 ? daemon::UsableProcessors() : static_cast<size_t>(options.workers);
  workers = std::make_unique<daemon::Workers>("worker", count);
  worker.resize(count);
  ports.resize(count);
  if (Status status = Preflight(); !status) return status;
  inheritance.AwaitStore();
  if (Status status = OpenStores(); !status) return status;
  if (options.access_log != "off") {
    auto opened = gateway::AccessLog::Open(options.access_log);
    if (!opened) return Fail(std::move(opened.error()).In(options.places.Title("access_log")));
    access_log = std::move(*opened);
  }
  if (Status status = OpenCaches(); !status) return status;
  if (Status status = OpenLog(); !status) return status;
  AddGauges();
  listen.name = "listen";
  listen.address = options.listen;
  listen.tls = tls;
  listen.workers = count;
  listen.limits.body_bytes = options.limit_blob_bytes;
  listen.counters = http::ServerCounters::In(metrics);
  uploads.blobs = blobs.get();
  uploads.pieces = pieces.get();
  uploads.releases = releases.get();
  uploads.activator = activator.get();
  uploads.pool = stores.get();
  uploads.largest_manifest = options.limit_manifest_bytes;
  serving.releases = releases.get();
  serving.pieces = pieces.get();
  serving.uploads = &uploads;
  serving.tier = shared.tier;
  serving.access_log = access_log.get();
  for (size_t i = 0; i < count; ++i) {
    if (Status status = OpenWorker(i); !status) return status;
  }
  if (Status status = OpenAdmin(); !status) return status;
  daemon::RemoveReady(options.ready_file);
  return {};
}

void Shield::State::BecomeReady() {
  if (ready.exchange(true)) return;
  std::vector<std::pair<std::string, std::string>> listeners = {
      {"listen", listen.address.ToString()}};
  if (admin != nullptr) listeners.emplace_back("admin", admin->address().ToString());
  if (const Status written = daemon::WriteReady(options.ready_file, listeners); !written) {
    LogError(written.error().context);
  }
  LogInfo("ready", {{"listen", listen.address.ToString()}});
  inheritance.Serving();
}

// The stores have one owner: we end, then the new process opens them and goes on with
// the connections that wait meanwhile.
void Shield::State::HandOver() {
  if (ending || successor != nullptr) return LogWarning("USR2: another process takes over already");
  daemon::Successor::Options next;
  next.sockets = daemon::SocketsOf({listen}, ports);
  if (admin != nullptr) next.sockets.emplace_back("admin", admin->socket());
  next.on_prepared = [this] {
    LogInfo("handing over", {{"to", successor->pid()}});
    daemon::NotifySuccessor(successor->pid());
    if (admin != nullptr) admin->Close();
    Drain(std::min(options.drain, kDrainForSuccessor));
  };
  next.on_serving = [] {};
  next.on_failed = [this](const std::string& how) {
    LogError("not handed over: the new process ended; its message is above", {{"how", how}});
    successor.reset();
  };
  auto started = daemon::Successor::Start(control->loop(0), std::move(next));
  if (!started) return LogError("not handed over", {{"problem", started.error().context}});
  successor = std::move(*started);
}

void Shield::State::Drain(Millis at_most) {
  if (std::exchange(ending, true)) return;
  ready = false;
  if (successor == nullptr) daemon::NotifyStopping();
  LogInfo("draining", {{"at_most_ms", at_most.count()}});
  daemon::Drain(*workers, *control, ports, at_most);
}

// Certificates and tokens, all or none.
void Shield::State::Reconfigure(const Options& fresh) {
  const auto refuse = [](const Error& error) {
    LogError("not reloaded; everything stays as it was", {{"problem", error.context}});
  };
  std::shared_ptr<net::TlsContext> renewed;
  if (tls != nullptr && !fresh.cert.empty()) {
    auto read = ReadCertificate(fresh);
    if (!read) return refuse(read.error());
    renewed = std::move(*read);
  } else if ((tls != nullptr) != !fresh.cert.empty()) {
    LogWarning("changing between TLS and clear text needs a restart");
  }
  auto read = daemon::ReadTokens(fresh.token_file);
  if (!read) return refuse(std::move(read.error()).In(fresh.places.Title("token_file")));
  // The last that may fail: it takes effect at once.
  Status renewed_access = purge->Renew(daemon::PurgeAccessFiles::Of(fresh));
  if (!renewed_access) return refuse(renewed_access.error());
  shared.pace.SetRate(static_cast<uint32_t>(fresh.upstream_budget));
  tokens->Set(std::move(*read));
  const auto take_over = [this, renewed](size_t i) {
    if (renewed != nullptr) ports[i].front().SetTls(renewed);
  };
  workers->OnEach(take_over, [] { LogInfo("certificate and tokens reloaded"); });
}

void Shield::State::OnSignal(int signo, const Reload& reload) {
  switch (signo) {
    case SIGHUP:
      if (access_log != nullptr) (void)access_log->Reopen();
      if (const std::optional<Options> fresh = reload()) Reconfigure(*fresh);
      return;
    case SIGUSR1:
      if (access_log != nullptr) (void)access_log->Reopen();
      return;
    case SIGUSR2: return HandOver();
    default: Drain(options.drain);
  }
}

// REQUIRES: no connection is left.
void Shield::State::EndFeed() {
  if (feed == nullptr) return;
  const cache::Goodbye goodbye = {options.node, feed->incarnation(), feed->given_away(),
                                  purge->tokens()->first(), purge->authority()};
  feed.reset();
  if (!serving_begun) return;
  const std::unique_ptr<net::Loop> loop = net::Loop::Make();
  const Status said = SayGoodbye(*loop, purge->Connect(*loop), goodbye, kWaitForGoodbye);
  if (!said) LogWarning("purges wait for our lease", {{"error", said.error().ToString()}});
}

// Loops stand still: what lives on them can go, connections first.
void Shield::State::CloseAll() {
  ports.clear();
  for (Worker& one : worker) {
    one.service.reset();
    one.gateway.reset();
  }
  admin.reset();
  EndFeed();
  if (activator != nullptr) activator->Stop();
  // What is queued runs to its end, and still has everything it uses.
  log.reset();
  stores.reset();
  reads.reset();
  compute.reset();
}

Shield::Shield(std::unique_ptr<State> state) : state_(std::move(state)) {}
Shield::~Shield() { state_->CloseAll(); }

Result<std::unique_ptr<Shield>> Shield::Open(const Options& options) {
  daemon::RaiseFileLimit();
  auto state = std::make_unique<State>();
  state->options = options;
  std::unique_ptr<Shield> shield(new Shield(std::move(state)));
  if (Status status = shield->state_->OpenAll(); !status) return Fail(std::move(status.error()));
  return shield;
}

int Shield::Run(const Reload& reload) {
  State& state = *state_;
  net::Loop& control = state.control->loop(0);
  state.signals.Deliver(control, [&state, &reload](int signo) { state.OnSignal(signo, reload); });
  control.Post([&state, &control] {
    if (state.feed == nullptr) return state.BecomeReady();
    state.feed->Start(control, state.purge->Connect(control));
    control.After(kWaitForLease, [&state] { state.BecomeReady(); });
  });
  state.serving_begun = true;
  state.workers->Start();
  control.Run();
  state.workers->Join();
  state.CloseAll();
  LogInfo("ended");
  return 0;
}

}  // namespace skerry::shield
