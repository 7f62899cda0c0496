// What a fetch costs: CPU time of the client's thread per fetch.
//
// usage: upstream_bench                                  from a server of ours in a second thread
//        upstream_bench URL FETCHES CONCURRENT [h2]      from any other
#include <sys/resource.h>

#include <cstdio>
#include <cstdlib>
#include <future>
#include <memory>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "core/http/server/server.h"
#include "core/http/upstream/upstream.h"
#include "core/net/listener.h"

namespace skerry::http {
namespace {

double CpuMicros() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  const auto micros = [](const timeval& time) {
    return static_cast<double>(time.tv_sec) * 1e6 + static_cast<double>(time.tv_usec);
  };
  return micros(usage.ru_utime) + micros(usage.ru_stime);
}

struct Run {
  net::Loop& loop;
  Upstream& upstream;
  std::string path;
  long to_start;
  long to_end;
  long failed = 0;
  uint64_t bytes = 0;
};

// One fetch after the other, until the run has had enough.
class Client : public FetchEvents {
 public:
  explicit Client(Run& run) : run_(run) {}

  void Next() {
    if (run_.to_start-- <= 0) return;
    RequestHead head{
        .method = "GET", .scheme = {}, .authority = {}, .path = run_.path, .fields = {}};
    head.fields.Add("accept-encoding", "br, gzip");
    head.fields.Add("via", "2 skerry");
    fetch_ = run_.upstream.Start(std::move(head), nullptr, this);
  }

  void OnInterim(ResponseHead) override {}
  void OnHead(ResponseHead) override {}
  void OnBody(std::string_view bytes) override { run_.bytes += bytes.size(); }
  void OnEnd(Fields) override { Ended(); }
  void OnFailed(Error error) override {
    if (run_.failed++ == 0) std::fprintf(stderr, "%s\n", error.ToString().c_str());
    Ended();
  }

 private:
  void Ended() {
    if (--run_.to_end == 0) return run_.loop.Stop();
    Next();
  }

  Run& run_;
  std::unique_ptr<Fetch> fetch_;
};

// True if no fetch failed.
bool Measure(UpstreamUrl url, long fetches, int concurrent, bool http2) {
  Upstream::Options options;
  std::string path = std::exchange(url.base_path, "");
  if (path.empty()) path = "/";
  if (url.scheme == "https") {
    net::TlsContext::ClientOptions tls;
    tls.verify = false;
    if (http2) tls.alpn = {"h2"};
    auto context = net::TlsContext::Client(tls);
    if (!context) return false;
    options.tls = *context;
  }
  options.url = std::move(url);
  options.http2 = http2;
  const auto loop = net::Loop::Make();
  const auto upstream = Upstream::Make(*loop, options);
  Run run{*loop, *upstream, path, fetches, fetches};
  std::vector<std::unique_ptr<Client>> clients;
  const double before = CpuMicros();
  for (int i = 0; i < concurrent; ++i) {
    clients.push_back(std::make_unique<Client>(run));
    clients.back()->Next();
  }
  loop->Run();
  std::printf("%-9s %8.0f bytes, %3d at a time: %8.2f us of CPU a fetch, %ld failed\n",
              http2 ? "h2" : "http/1.1",
              static_cast<double>(run.bytes) / static_cast<double>(fetches), concurrent,
              (CpuMicros() - before) / static_cast<double>(fetches), run.failed);
  return run.failed == 0;
}

class Deaf : public StreamEvents {
 public:
  void OnBody(std::string_view) override {}
  void OnBodyEnd(Fields) override {}
  void OnGone(bool) override {}
};

// A server in a thread of its own: "/1024" is answered with so many bytes.
class Origin {
 public:
  Origin() {
    std::promise<uint16_t> port;
    auto ready = port.get_future();
    thread_ = std::thread([this, &port] { Serve(port); });
    port_ = ready.get();
  }
  ~Origin() {
    loop_->Post([this] { loop_->Stop(); });
    thread_.join();
  }
  uint16_t port() const { return port_; }

 private:
  void Serve(std::promise<uint16_t>& port) {
    loop_ = net::Loop::Make();
    const auto server = Server::Make(
        *loop_, {.limits = {}, .counters = {}, .scheme = "http"},
        [](const std::shared_ptr<ServerStream>& stream) {
          const size_t size = std::strtoul(stream->request().path.c_str() + 1, nullptr, 10);
          Response response;
          response.body = std::make_unique<MemoryBody>(std::string(size, 'x'));
          stream->Respond(std::move(response));
          return std::make_shared<Deaf>();
        });
    auto listener = net::Listener::Open(
        *loop_, {.address = {"127.0.0.1", 0}, .tls = nullptr},
        [&](std::unique_ptr<net::Transport> transport) { server->Serve(std::move(transport)); });
    SKERRY_CHECK(listener);
    port.set_value((*listener)->address().port);
    loop_->Run();
  }

  std::unique_ptr<net::Loop> loop_;
  std::thread thread_;
  uint16_t port_ = 0;
};

bool MeasureOurs() {
  const Origin origin;
  bool passed = true;
  for (const bool http2 : {false, true}) {
    for (const auto& [size, fetches] :
         {std::pair(1024, 40'000L), {16'384, 40'000L}, {1'048'576, 1'000L}}) {
      UpstreamUrl url{"http", "127.0.0.1", origin.port(), "/" + std::to_string(size)};
      passed &= Measure(std::move(url), fetches, 16, http2);
    }
  }
  return passed;
}

int Main(int argc, char** argv) {
  if (argc == 1) return MeasureOurs() ? 0 : 1;
  if (argc < 4) {
    std::fprintf(stderr, "usage: upstream_bench [URL FETCHES CONCURRENT [h2]]\n");
    return 2;
  }
  auto url = UpstreamUrl::Parse(argv[1]);
  if (!url) {
    std::fprintf(stderr, "%s\n", url.error().context.c_str());
    return 2;
  }
  return Measure(std::move(*url), std::atol(argv[2]), std::atoi(argv[3]), argc > 4) ? 0 : 1;
}

}  // namespace
}  // namespace skerry::http

int main(int argc, char** argv) { return skerry::http::Main(argc, argv); }
