#include "purge-api/program.h"

#include <signal.h>

#include <atomic>
#include <filesystem>
#include <utility>
#include <vector>

#include "core/base/log.h"
#include "core/base/metrics.h"
#include "core/base/thread.h"
#include "core/daemon/admin.h"
#include "core/daemon/ready.h"
#include "core/daemon/signals.h"
#include "core/daemon/tokens.h"
#include "core/daemon/workers.h"
#include "core/http/server.h"
#include "core/net/listener.h"
#include "core/net/tls.h"
#include "purge-api/log/rocks_log.h"
#include "purge-api/serve/front.h"
#include "purge-api/serve/service.h"

namespace skerry::purge {

// Everything but the log's own work runs on one loop: a purge is a few microseconds
// there, and the order of the log is its order. Members are destroyed from the last to
// the first: pools before what their tasks use.
struct Program::State {
  Options options;
  daemon::Signals signals;  // first: its mask must be inherited by every thread
  Metrics metrics;
  std::shared_ptr<net::TlsContext> tls;
  std::vector<std::string> tokens;
  std::unique_ptr<Log> log;
  daemon::Workers workers{"purge", 1};
  std::unique_ptr<Service> service;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<net::Listener> listener;
  std::unique_ptr<daemon::Admin> admin;
  std::unique_ptr<Pool> reader;
  std::unique_ptr<Pool> writer;
  std::atomic<bool> ready{false};
  bool ending = false;

  net::Loop& loop() { return workers.loop(0); }
  Status OpenAll();
  Status OpenListener();
  Status OpenLog();
  Status OpenAdmin();
  void MakeServer();
  void BecomeReady();
  void OnSignal(int signo);
  void ReadTokensAgain();
  void Drain();
};

// Before anything is made on the disk, so that a port that somebody has changes nothing.
Status Program::State::OpenListener() {
  if (!options.cert.empty()) {
    auto made = net::TlsContext::Server({options.cert, options.key, {"h2", "http/1.1"}});
    if (!made) return Fail(std::move(made.error()));
    tls = std::move(*made);
  }
  net::ListenOptions listen;
  listen.address = options.listen;
  listen.tls = tls;
  auto opened = net::Listener::Open(loop(), listen, [this](std::unique_ptr<net::Transport> peer) {
    server->Serve(std::move(peer));
  });
  if (!opened) return Fail(std::move(opened.error()).In("listen"));
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
  if (!opened) return Fail(std::move(opened.error()).In("data_dir"));
  log = std::move(*opened);
  return {};
}

void Program::State::MakeServer() {
  Service::Options service_options;
  service_options.lease = options.lease;
  service_options.tokens = tokens;
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
  admin_options.metrics = &metrics;
  admin_options.checks = {{"listeners", true, [this]() -> Status {
                             if (ready) return {};
                             return Fail(Code::kUnavailable, Side::kSelf,
                                         ending ? "draining" : "starting");
                           }}};
  auto opened = daemon::Admin::Open(loop(), std::move(admin_options));
  if (!opened) return Fail(std::move(opened.error()).In("admin"));
  admin = std::move(*opened);
  return {};
}

Status Program::State::OpenAll() {
  auto read = daemon::ReadTokens(options.token_file);
  if (!read) return Fail(std::move(read.error()));
  tokens = std::move(*read);
  if (Status status = OpenListener(); !status) return status;
  if (Status status = OpenAdmin(); !status) return status;
  if (Status status = OpenLog(); !status) return status;
  reader = std::make_unique<Pool>("log-read", 2);
  writer = std::make_unique<Pool>("log-write", 1);
  MakeServer();
  return {};
}

void Program::State::BecomeReady() {
  ready = true;
  std::vector<std::pair<std::string, std::string>> listeners = {
      {"listen", listener->address().ToString()}};
  if (admin != nullptr) listeners.emplace_back("admin", admin->address().ToString());
  if (const Status written = daemon::WriteReady(options.ready_file, listeners); !written) {
    LogError(written.error().context);
  }
  LogInfo("ready", {{"listen", listener->address().ToString()},
                    {"log", log->opened().id},
                    {"head", log->opened().head}});
}

void Program::State::ReadTokensAgain() {
  auto read = daemon::ReadTokens(options.token_file);
  if (!read) {
    LogError("tokens stay as they were", {{"error", read.error().context}});
    return;
  }
  service->SetTokens(std::move(*read));
  LogInfo("tokens read again");
}

void Program::State::OnSignal(int signo) {
  if (signo == SIGHUP) return ReadTokensAgain();
  if (signo == SIGTERM || signo == SIGQUIT || signo == SIGINT) Drain();
}

void Program::State::Drain() {
  if (std::exchange(ending, true)) return;
  ready = false;
  daemon::NotifyStopping();
  LogInfo("draining", {{"at_most_ms", options.drain.count()}});
  listener->Close();
  service->StopHolding();
  server->Drain([this] { workers.Stop(); });
  loop().After(options.drain, [this] { workers.Stop(); });
}

Program::Program(std::unique_ptr<State> state) : state_(std::move(state)) {}
Program::~Program() = default;

Result<std::unique_ptr<Program>> Program::Open(const Options& options) {
  auto state = std::make_unique<State>();
  state->options = options;
  if (Status status = state->OpenAll(); !status) return Fail(std::move(status.error()));
  return std::unique_ptr<Program>(new Program(std::move(state)));
}

int Program::Run() {
  State& state = *state_;
  state.signals.Deliver(state.loop(), [&state](int signo) { state.OnSignal(signo); });
  state.loop().Post([&state] { state.BecomeReady(); });
  state.workers.Start();
  state.workers.Join();
  return 0;
}

}  // namespace skerry::purge
