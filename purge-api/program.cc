#include "purge-api/program.h"

#include <signal.h>

#include <algorithm>
#include <atomic>
#include <filesystem>
#include <map>
#include <utility>
#include <vector>

#include "core/base/log.h"
#include "core/base/metrics.h"
#include "core/base/thread.h"
#include "core/daemon/admin.h"
#include "core/daemon/certificate.h"
#include "core/daemon/file_limit.h"
#include "core/daemon/handover.h"
#include "core/daemon/preflight.h"
#include "core/daemon/ready.h"
#include "core/daemon/signals.h"
#include "core/daemon/tokens.h"
#include "core/daemon/workers.h"
#include "core/http/server/server.h"
#include "core/net/listener.h"
#include "core/net/tls.h"
#include "purge-api/log/rocks_log.h"
#include "purge-api/queue/redis_source.h"
#include "purge-api/serve/front.h"
#include "purge-api/serve/service.h"

namespace skerry::purge {

using namespace std::chrono_literals;

namespace {

// New connections wait for the end of this drain.
constexpr Millis kDrainForSuccessor = 2s;

}  // namespace

// Everything but the log's own work runs on one loop: a purge is a few microseconds
// there, and the order of the log is its order. Members are destroyed from the last to
// the first: pools before what their tasks use.
struct Program::State {
  Options options;
  daemon::Inheritance inheritance = daemon::Inheritance::Take();
  daemon::Signals signals;  // first: its mask must be inherited by every thread
  Metrics metrics;
  std::shared_ptr<net::TlsContext> tls;
  Access access;
  std::unique_ptr<Log> log;
  daemon::Workers workers{"purge", 1};
  std::unique_ptr<Service> service;
  std::unique_ptr<http::Server> server;
  std::map<std::string, std::vector<int>> sockets;  // handed over to us, by listener
  std::unique_ptr<net::Listener> listener;
  std::unique_ptr<daemon::Admin> admin;
  std::unique_ptr<Pool> reader;
  std::unique_ptr<Pool> writer;
  std::string redis_password;
  std::unique_ptr<RedisSource> redis;  // last: its threads use the service
  std::atomic<bool> ready{false};
  bool ending = false;
  std::unique_ptr<daemon::Successor> successor;

  net::Loop& loop() { return workers.loop(0); }
  Status OpenAll();
  Status Preflight();
  Status OpenListener();
  Status OpenLog();
  Status OpenAdmin();
  void MakeServer();
  void OpenRedis();
  void BecomeReady();
  void OnSignal(int signo, const Reload& reload);
  void Reconfigure(const Options& fresh);
  void HandOver();
  void Drain(Millis at_most);
};

Result<std::shared_ptr<net::TlsContext>> ReadCertificate(const Options& from) {
  return daemon::ReadCertificate({from.places.Title("cert"), from.cert, from.places.Title("key"),
                                  from.key, from.places.Title("client_ca"), from.client_ca});
}

Result<Access> ReadAccess(const Options& from) {
  const auto lines = daemon::ReadTokenLines(from.token_file);
  if (!lines) return Fail(Error(lines.error()).In(from.places.Title("token_file")));
  std::vector<std::string> texts(static_cast<size_t>(lines->back().number));
  for (const daemon::TokenLine& line : *lines) {
    texts[static_cast<size_t>(line.number) - 1] = line.text;
  }
  Result<Access> access = Access::Parse(texts);
  if (!access) {
    return Fail(Code::kInvalid, Side::kConfig,
                from.places.Title("token_file") + ": token file " + from.token_file + ':' +
                    access.error().context);
  }
  return access;
}

// Everything that can be found wrong while nothing has been changed yet.
Status Program::State::Preflight() {
  const config::Places& places = options.places;
  auto read = ReadAccess(options);
  if (!read) return Fail(std::move(read.error()));
  access = std::move(*read);
  if (!options.redis_password_file.empty()) {
    auto password = daemon::ReadTokens(options.redis_password_file);
    if (!password) return Fail(std::move(password.error()).In(places.Title("redis.password_file")));
    redis_password = password->front();
  }
  if (!options.cert.empty()) {
    auto made = ReadCertificate(options);
    if (!made) return Fail(std::move(made.error()));
    tls = std::move(*made);
  }
  for (const auto& [name, address] :
       {std::pair("listen", std::optional(options.listen)), std::pair("admin", options.admin)}) {
    auto claimed = daemon::ClaimListen(inheritance, name, places.Title(name), address);
    if (!claimed) return Fail(std::move(claimed.error()));
    sockets[name] = std::move(*claimed);
  }
  Status fine = daemon::CheckFile(places.Title("ready_file"), options.ready_file);
  if (!fine) return fine;
  return daemon::CheckFolder(places.Title("data_dir"), options.data_dir);
}

Status Program::State::OpenListener() {
  net::ListenOptions listen;
  listen.address = options.listen;
  listen.tls = tls;
  if (!sockets["listen"].empty()) listen.socket = sockets["listen"].front();
  auto opened = net::Listener::Open(loop(), listen, [this](std::unique_ptr<net::Transport> peer) {
    server->Serve(std::move(peer));
  });
  if (!opened) return Fail(std::move(opened.error()).In(options.places.Title("listen")));
  listener = std::move(*opened);
  return {};
}

Status Program::State::OpenLog() {
  std::error_code error;
  std::filesystem::create_directories(options.data_dir, error);
  if (error) {
    return Fail(Code::kIo, Side::kConfig,
                "data_dir: " + options.data_dir + " cannot be made: " + error.message());
  }
  RocksLogOptions log_options;
  log_options.directory = options.data_dir + "/log";
  log_options.keep_records = static_cast<uint64_t>(options.keep_records);
  auto opened = OpenRocksLog(log_options);
  if (!opened) return Fail(std::move(opened.error()).In(options.places.Title("data_dir")));
  log = std::move(*opened);
  return {};
}

void Program::State::MakeServer() {
  Service::Options service_options;
  service_options.lease = options.lease;
  service_options.access = access;
  service_options.rate = static_cast<uint32_t>(options.rate);
  service_options.zones = options.zones;
  service_options.batch.most_waiting = static_cast<size_t>(options.queue);
  service = std::make_unique<Service>(loop(), *writer, *reader, *log, metrics,
                                      std::move(service_options));
  http::Server::Options server_options;
  server_options.scheme = tls != nullptr ? "https" : "http";
  server_options.counters = http::ServerCounters::In(metrics);
  server = http::Server::Make(loop(), server_options,
                              [this](std::shared_ptr<http::ServerStream> stream) {
                                return Accept(*service, std::move(stream));
                              });
}

Status Program::State::OpenAdmin() {
  if (!options.admin) return {};
  daemon::Admin::Options admin_options;
  admin_options.listen.address = *options.admin;
  if (!sockets["admin"].empty()) admin_options.listen.socket = sockets["admin"].front();
  admin_options.metrics = &metrics;
  admin_options.checks = {{"listeners", true, [this]() -> Status {
                             if (ready) return {};
                             return Fail(Code::kUnavailable, Side::kSelf,
                                         ending ? "draining" : "starting");
                           }}};
  auto opened = daemon::Admin::Open(loop(), std::move(admin_options));
  if (!opened) return Fail(std::move(opened.error()).In(options.places.Title("admin")));
  admin = std::move(*opened);
  return {};
}

Status Program::State::OpenAll() {
  if (Status status = Preflight(); !status) return status;
  if (Status status = OpenListener(); !status) return status;
  if (Status status = OpenAdmin(); !status) return status;
  inheritance.AwaitStore();
  if (Status status = OpenLog(); !status) return status;
  reader = std::make_unique<Pool>("log-read", 2);
  writer = std::make_unique<Pool>("log-write", 1);
  MakeServer();
  daemon::RemoveReady(options.ready_file);
  return {};
}

void Program::State::OpenRedis() {
  if (!options.redis) return;
  RedisSource::Options source;
  source.address = *options.redis;
  source.password = redis_password;
  source.stream = options.redis_stream;
  source.group = options.redis_group;
  source.channel = options.redis_channel;
  source.translation = {options.redis_urls, options.redis_tags, options.redis_prefixes,
                        options.redis_hosts, options.redis_soft};
  source.metrics = &metrics;
  redis = std::make_unique<RedisSource>(
      std::move(source), [this](std::string body, std::string key, auto done) {
        Request request{"POST", "/v1/purges", "", {}, std::move(body), "redis"};
        if (!key.empty()) request.fields.Add("idempotency-key", std::move(key));
        loop().Post([this, request = std::move(request), done = std::move(done)] {
          service->Handle(request, [done](const Answer& answer) {
            const bool later = answer.status == 429 || answer.status >= 500;
            done(answer.status < 300 ? RedisSource::Outcome::kDurable
                 : later             ? RedisSource::Outcome::kLater
                                     : RedisSource::Outcome::kRefused);
          });
        });
      });
}

void Program::State::BecomeReady() {
  ready = true;
  OpenRedis();
  std::vector<std::pair<std::string, std::string>> listeners = {
      {"listen", listener->address().ToString()}};
  if (admin != nullptr) listeners.emplace_back("admin", admin->address().ToString());
  if (const Status written = daemon::WriteReady(options.ready_file, listeners); !written) {
    LogError(written.error().context);
  }
  LogInfo("ready", {{"listen", listener->address().ToString()},
                    {"log", log->opened().id},
                    {"head", log->opened().head}});
  inheritance.Serving();
}

// Certificate and tokens, both or neither.
void Program::State::Reconfigure(const Options& fresh) {
  const auto refuse = [](const Error& error) {
    LogError("not reloaded; everything stays as it was", {{"problem", error.context}});
  };
  std::shared_ptr<net::TlsContext> renewed;
  if (tls != nullptr && !fresh.cert.empty()) {
    auto made = ReadCertificate(fresh);
    if (!made) return refuse(made.error());
    renewed = std::move(*made);
  } else if ((tls != nullptr) != !fresh.cert.empty()) {
    LogWarning("changing between TLS and clear text needs a restart");
  }
  auto read = ReadAccess(fresh);
  if (!read) return refuse(read.error());
  service->SetAccess(std::move(*read));
  if (renewed != nullptr) listener->SetTls(std::move(renewed));
  LogInfo("certificate and tokens reloaded");
}

void Program::State::OnSignal(int signo, const Reload& reload) {
  switch (signo) {
    case SIGHUP:
      if (const std::optional<Options> fresh = reload()) Reconfigure(*fresh);
      return;
    case SIGUSR1: return;  // there is no access log to reopen
    case SIGUSR2: return HandOver();
    default: Drain(options.drain);
  }
}

// The log has one owner: we end, then the new process opens it and goes on with the
// connections that wait meanwhile.
void Program::State::HandOver() {
  if (ending || successor != nullptr) return LogWarning("USR2: another process takes over already");
  daemon::Successor::Options next;
  next.sockets.emplace_back("listen", listener->socket());
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
  auto started = daemon::Successor::Start(loop(), std::move(next));
  if (!started) return LogError("not handed over", {{"problem", started.error().context}});
  successor = std::move(*started);
}

void Program::State::Drain(Millis at_most) {
  if (std::exchange(ending, true)) return;
  ready = false;
  if (successor == nullptr) daemon::NotifyStopping();
  LogInfo("draining", {{"at_most_ms", at_most.count()}});
  listener->Close();
  service->StopHolding();
  server->Drain([this] { workers.Stop(); });
  loop().After(at_most, [this] { workers.Stop(); });
}

Program::Program(std::unique_ptr<State> state) : state_(std::move(state)) {}
Program::~Program() = default;

Result<std::unique_ptr<Program>> Program::Open(const Options& options) {
  daemon::RaiseFileLimit();
  auto state = std::make_unique<State>();
  state->options = options;
  if (Status status = state->OpenAll(); !status) return Fail(std::move(status.error()));
  return std::unique_ptr<Program>(new Program(std::move(state)));
}

int Program::Run(const Reload& reload) {
  State& state = *state_;
  state.signals.Deliver(state.loop(),
                        [&state, &reload](int signo) { state.OnSignal(signo, reload); });
  state.loop().Post([&state] { state.BecomeReady(); });
  state.workers.Start();
  state.workers.Join();
  state.redis.reset();
  LogInfo("ended");
  return 0;
}

}  // namespace skerry::purge
