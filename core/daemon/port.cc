#include "core/daemon/port.h"

#include <atomic>
#include <utility>

namespace skerry::daemon {

Result<Port> OpenPort(net::Loop& loop, PortOptions& options, http::Server::OnRequest on_request) {
  http::Server::Options server_options;
  server_options.limits = options.limits;
  server_options.counters = options.counters;
  server_options.scheme = options.tls != nullptr ? "https" : "http";
  Port port;
  port.server = http::Server::Make(loop, server_options, std::move(on_request));
  net::ListenOptions listen;
  listen.address = options.address;
  listen.tls = options.tls;
  listen.reuse_port = options.shared;
  auto opened = net::Listener::Open(
      loop, listen, [server = port.server.get()](std::unique_ptr<net::Transport> peer) {
        server->Serve(std::move(peer));
      });
  if (!opened) return Fail(std::move(opened.error()).In(options.name));
  port.listener = std::move(*opened);
  options.address = port.listener->address();
  return port;
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
        port.listener->Close();
        port.server->Drain([&control, left, finish] {
          if (left->fetch_sub(1) == 1) control.loop(0).Post(finish);
        });
      }
    });
  }
  control.loop(0).After(at_most, finish);
}

}  // namespace skerry::daemon
