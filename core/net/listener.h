// Listening sockets and outgoing connections.
#pragma once

#include <chrono>
#include <functional>
#include <memory>

#include "core/net/address.h"
#include "core/net/loop.h"
#include "core/net/tls.h"
#include "core/net/transport.h"

namespace skerry::net {

struct ListenOptions {
  Address address;                  // port 0: the kernel picks one
  std::shared_ptr<TlsContext> tls;  // null: clear text
  bool reuse_port = false;          // SO_REUSEPORT: one listener per worker on one address
  int socket = -1;                  // listens already, and is ours from now on; else bound anew
  Millis handshake_timeout = std::chrono::seconds(10);
  int backlog = 4096;
};

// Accepts until destroyed. Owner and thread: one loop. Out of descriptors is
// survived: accepting pauses for 100 ms and goes on.
class Listener {
 public:
  // Called with every transport before Start; ownership passes. A TLS transport
  // is handed over before its handshake: OnConnected tells when it is done.
  using OnAccept = std::function<void(std::unique_ptr<Transport>)>;

  virtual ~Listener() = default;
  // The address bound, with the real port.
  virtual const Address& address() const = 0;
  // The descriptor, for handing it to another process. Thread: any, until Close.
  virtual int socket() const = 0;
  // Stops accepting and closes the socket; accepted transports live on.
  virtual void Close() = 0;
  // The certificate of connections accepted from now on; those there are keep theirs.
  // REQUIRES: it was opened with TLS.
  virtual void SetTls(std::shared_ptr<TlsContext> tls) = 0;

  // "port in use" is Code::kRefused with a context that names address and remedy.
  static Result<std::unique_ptr<Listener>> Open(Loop& loop, const ListenOptions& options,
                                                OnAccept on_accept);

  // Could we have this address for us alone? Nothing stays open. Open with reuse_port
  // would quietly share it with another process of ours. Port 0 always can.
  static Status Try(const Address& address);
};

struct DialOptions {
  std::string host;  // name or address
  uint16_t port = 0;
  std::shared_ptr<TlsContext> tls;            // null: clear text
  std::string server_name;                    // SNI and the name to verify; empty: host
  Millis timeout = std::chrono::seconds(10);  // resolve, connect and handshake together
};

// A transport that resolves (off the loop), tries the addresses in turn, connects
// and shakes hands after Start; OnConnected or OnFailed tells.
std::unique_ptr<Transport> Dial(Loop& loop, const DialOptions& options);

}  // namespace skerry::net
