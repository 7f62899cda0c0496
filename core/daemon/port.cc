#include "core/daemon/port.h"

#include <fcntl.h>

#include <atomic>
#include <utility>

namespace skerry::daemon {
namespace {

// Every socket needs somebody who accepts, and every worker a socket: where there are
// more workers than sockets, two share one.
std::vector<int> ShareOf(const PortOptions& options, size_t index) {
  const std::vector<int>& sockets = options.sockets;
  if (sockets.empty()) return {-1};  // bound anew
  std::vector<int> share;
  for (size_t i = index; i < sockets.size(); i += options.workers) share.push_back(sockets[i]);
  if (share.empty()) share.push_back(fcntl(sockets[index % sockets.size()], F_DUPFD_CLOEXEC, 0));
  return share;
}

}  // namespace

void Port::SetTls(const std::shared_ptr<net::TlsContext>& tls) {
  for (const auto& listener : listeners) listener->SetTls(tls);
}

Result<Port> OpenPort(net::Loop& loop, PortOptions& options, size_t index,
                      http::Server::OnRequest on_request) {
  http::Server::Options server_options;
  server_options.limits = options.limits;
  server_options.counters = options.counters;
  server_options.scheme = options.tls != nullptr ? "https" : "http";
  Port port;
  port.server = http::Server::Make(loop, server_options, std::move(on_request));
  net::ListenOptions listen;
  listen.address = options.address;
  listen.tls = options.tls;
  listen.reuse_port = options.workers > 1;
  for (const int socket : ShareOf(options, index)) {
    listen.socket = socket;
    auto opened = net::Listener::Open(
        loop, listen, [server = port.server.get()](std::unique_ptr<net::Transport> peer) {
          server->Serve(std::move(peer));
        });
    if (!opened) return Fail(std::move(opened.error()).In(options.name));
    options.address = (*opened)->address();
    port.listeners.push_back(std::move(*opened));
  }
  return port;
}

std::vector<std::pair<std::string, int>> SocketsOf(const std::vector<PortOptions>& listen,
                                                   const std::vector<std::vector<Port>>& ports) {
  std::vector<std::pair<std::string, int>> sockets;
  for (const std::vector<Port>& mine : ports) {
    for (size_t k = 0; k < mine.size(); ++k) {
      for (const auto& listener : mine[k].listeners) {
        sockets.emplace_back(listen[k].name, listener->socket());
      }
    }
  }
  return sockets;
}

void Drain(Workers& workers, Workers& control, std::vector<std::vector<Port>>& ports,
           Millis at_most) {
  const auto finish = [&workers, &control] {
    workers.Stop();
    control.Stop();
  };
  auto left = std::make_shared<std::atomic<size_t>>(0);
  for (const auto& mine : ports) *left += mine.size();
  for (size_t i = 0; i < ports.size(); ++i) {
    workers.loop(i).Post([&control, &mine = ports[i], left, finish] {
      for (Port& port : mine) {
        for (const auto& listener : port.listeners) listener->Close();
        port.server->Drain([&control, left, finish] {
          if (left->fetch_sub(1) == 1) control.loop(0).Post(finish);
        });
      }
    });
  }
  control.loop(0).After(at_most, finish);
}

}  // namespace skerry::daemon
