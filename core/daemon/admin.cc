#include "core/daemon/admin.h"

#include <nlohmann/json.hpp>
#include <utility>

namespace skerry::daemon {
namespace {

// Nothing to hear: the answer is given when the request comes.
class Quiet : public http::StreamEvents {
 public:
  explicit Quiet(std::shared_ptr<http::ServerStream> stream) : stream_(std::move(stream)) {}
  void OnBody(std::string_view bytes) override { stream_->ConsumedBody(bytes.size()); }
  void OnBodyEnd(http::Fields) override {}
  void OnGone(bool) override { stream_.reset(); }

 private:
  std::shared_ptr<http::ServerStream> stream_;
};

Admin::Page Ready(const Admin::Options& options) {
  bool ready = true;
  std::string wrong;
  for (const Check& check : options.checks) {
    const Status status = check.ask();
    if (status) continue;
    ready &= !check.ready;
    wrong += check.name + ": " + status.error().context + "\n";
  }
  return {ready ? 200 : 503, "text/plain; charset=utf-8", (ready ? "ready\n" : "") + wrong};
}

Admin::Page Health(const Admin::Options& options, bool verbose) {
  nlohmann::ordered_json body;
  bool healthy = true;
  nlohmann::ordered_json checks = nlohmann::ordered_json::object();
  for (const Check& check : options.checks) {
    const Status status = check.ask();
    healthy &= status.has_value();
    checks[check.name]["ok"] = status.has_value();
    if (!status) checks[check.name]["detail"] = status.error().context;
  }
  body["status"] = healthy ? "pass" : "fail";
  if (verbose) body["checks"] = checks;
  return {healthy ? 200 : 503, "application/json", body.dump(2) + "\n"};
}

}  // namespace

Admin::Page Admin::Answer(const Options& options, std::string_view path_and_query) {
  const size_t question = path_and_query.find('?');
  const std::string_view path = path_and_query.substr(0, question);
  const std::string_view query =
      question == path_and_query.npos ? std::string_view() : path_and_query.substr(question + 1);
  if (const auto page = options.pages.find(path); page != options.pages.end()) {
    return page->second(path_and_query);
  }
  if (path == "/livez") return {200, "text/plain; charset=utf-8", "live\n"};
  if (path == "/readyz") return Ready(options);
  if (path == "/healthz") return Health(options, query.starts_with("verbose"));
  if (path == "/metrics" && options.metrics != nullptr) {
    return {200, "text/plain; version=0.0.4; charset=utf-8", options.metrics->Text()};
  }
  std::string known = "not found; there is /livez /readyz /healthz?verbose /metrics";
  for (const auto& [name, handler] : options.pages) known += " " + name;
  for (const auto& [name, handler] : options.later_pages) known += " " + name;
  return {404, "text/plain; charset=utf-8", known + "\n"};
}

struct Admin::State {
  Options options;
  std::unique_ptr<http::Server> server;
  std::unique_ptr<net::Listener> listener;

  std::shared_ptr<http::StreamEvents> OnRequest(std::shared_ptr<http::ServerStream> stream) {
    const http::RequestHead& request = stream->request();
    auto events = std::make_shared<Quiet>(stream);
    if (request.method != "GET" && request.method != "HEAD") {
      http::Response response;
      response.status = 405;
      response.own.Add("allow", "GET, HEAD");
      Send(*stream, std::move(response), "only GET and HEAD here\n");
      return events;
    }
    const std::string_view path = std::string_view(request.path).substr(0, request.path.find('?'));
    if (const auto later = options.later_pages.find(path); later != options.later_pages.end()) {
      later->second(request, [weak = std::weak_ptr<http::ServerStream>(stream)](Page page) {
        if (const auto open = weak.lock()) SendPage(*open, std::move(page));
      });
    } else {
      SendPage(*stream, Answer(options, request.path));
    }
    return events;
  }

  static void SendPage(http::ServerStream& stream, Page page) {
    http::Response response;
    response.status = page.status;
    response.own.Add("content-type", page.type);
    Send(stream, std::move(response), std::move(page.body));
  }

  static void Send(http::ServerStream& stream, http::Response response, std::string body) {
    response.body = std::make_unique<http::MemoryBody>(std::move(body));
    response.own.Add("cache-control", "no-store");
    response.own.Add("x-content-type-options", "nosniff");
    stream.Respond(std::move(response));
  }
};

Admin::Admin(std::unique_ptr<State> state) : state_(std::move(state)) {}
Admin::~Admin() = default;

Result<std::unique_ptr<Admin>> Admin::Open(net::Loop& loop, Options options) {
  auto state = std::make_unique<State>();
  State* raw = state.get();
  const net::ListenOptions listen = options.listen;
  state->options = std::move(options);
  http::Server::Options server;
  server.scheme = listen.tls == nullptr ? "http" : "https";
  state->server =
      http::Server::Make(loop, server, [raw](std::shared_ptr<http::ServerStream> stream) {
        return raw->OnRequest(std::move(stream));
      });
  auto listener = net::Listener::Open(loop, listen, [raw](std::unique_ptr<net::Transport> peer) {
    raw->server->Serve(std::move(peer));
  });
  if (!listener) return Fail(std::move(listener.error()).In("admin listener"));
  state->listener = std::move(*listener);
  return std::unique_ptr<Admin>(new Admin(std::move(state)));
}

const net::Address& Admin::address() const { return state_->listener->address(); }
int Admin::socket() const { return state_->listener->socket(); }
void Admin::Close() { state_->listener->Close(); }

}  // namespace skerry::daemon
