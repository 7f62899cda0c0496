// Where clients come in: an address that a worker listens on, and what serves them.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/daemon/workers.h"
#include "core/http/server.h"
#include "core/net/address.h"
#include "core/net/listener.h"
#include "core/net/tls.h"

namespace skerry::daemon {

// Owner and thread: its worker's loop; moved and destroyed while the loop stands still.
struct Port {
  std::unique_ptr<http::Server> server;
  std::unique_ptr<net::Listener> listener;  // destroyed first
};

// For one address of a program: all its workers listen on the port that the first found.
struct PortOptions {
  std::string name;                      // "https": the option that errors name
  net::Address address;                  // port 0: the kernel picks one for the first
  std::shared_ptr<net::TlsContext> tls;  // null: clear text
  bool shared = false;                   // several workers listen on it
  http::SessionLimits limits;
  http::ServerCounters counters;
};

// Listens and serves from now on (the loop need not run yet). Sets options.address to
// what is bound, for the next worker.
Result<Port> OpenPort(net::Loop& loop, PortOptions& options, http::Server::OnRequest on_request);

// Ends a program in order: no new connections, then what is under way is answered and
// clients are told to go, then (after `at_most` in any case) both groups of loops stop.
// ports[i] are worker i's and outlive the loops. Thread: control's first loop.
void Drain(Workers& workers, Workers& control, std::vector<std::vector<Port>>& ports,
           Millis at_most);

}  // namespace skerry::daemon
