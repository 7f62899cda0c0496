// Where clients come in: an address that a worker listens on, and what serves them.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/daemon/workers.h"
#include "core/http/server/server.h"
#include "core/net/address.h"
#include "core/net/listener.h"
#include "core/net/tls.h"

namespace skerry::daemon {

// Owner and thread: its worker's loop; moved and destroyed while the loop stands still.
struct Port {
  std::unique_ptr<http::Server> server;
  // One, or more where a process with more workers had the address before (handover.h).
  std::vector<std::unique_ptr<net::Listener>> listeners;  // destroyed first

  void SetTls(const std::shared_ptr<net::TlsContext>& tls);
};

// For one address of a program: all its workers listen on the port that the first found.
struct PortOptions {
  std::string name;                      // "https": the option that errors name
  net::Address address;                  // port 0: the kernel picks one for the first
  std::shared_ptr<net::TlsContext> tls;  // null: clear text
  size_t workers = 1;                    // that listen on it, each opening it once
  std::vector<int> sockets;              // that listen on it already, to be shared out
  http::SessionLimits limits;
  http::ServerCounters counters;
};

// Listens and serves from now on (the loop need not run yet), as worker `index`. Sets
// options.address to what is bound, for the next worker.
Result<Port> OpenPort(net::Loop& loop, PortOptions& options, size_t index,
                      http::Server::OnRequest on_request);

// The listening sockets of all workers, by name. ports[i][k] is of listen[k].
std::vector<std::pair<std::string, int>> SocketsOf(const std::vector<PortOptions>& listen,
                                                   const std::vector<std::vector<Port>>& ports);

// Ends a program in order: no new connections, then what is under way is answered and
// clients are told to go, then (after `at_most` in any case) both groups of loops stop.
// ports[i] are worker i's and outlive the loops. Thread: control's first loop.
void Drain(Workers& workers, Workers& control, std::vector<std::vector<Port>>& ports,
           Millis at_most);

}  // namespace skerry::daemon
