#include "core/net/listener.h"

#include <sys/socket.h>

#include <cerrno>
#include <utility>

#include "core/base/log.h"
#include "core/net/readiness.h"
#include "core/net/socket_transport.h"

namespace skerry::net {
namespace {

// Accepted in one go before the loop turns to its connections.
constexpr int kAcceptsPerTurn = 64;
constexpr Micros kPause = Millis(100);

class SocketListener : public Listener, private Readiness::Events {
 public:
  SocketListener(SocketLoop& loop, const ListenOptions& options, ScopedFd fd, OnAccept on_accept)
      : loop_(loop),
        options_(options),
        address_(LocalAddress(fd.get())),
        on_accept_(std::make_shared<OnAccept>(std::move(on_accept))),
        pause_(loop),
        socket_(loop.Watch(std::move(fd), this)) {
    socket_->WantRead();
  }
  ~SocketListener() override { Close(); }

  const Address& address() const override { return address_; }
  int socket() const override { return socket_->fd(); }
  void Close() override {
    pause_.Stop();
    socket_.reset();
    on_accept_.reset();
  }
  void SetTls(std::shared_ptr<TlsContext> tls) override { options_.tls = std::move(tls); }

 private:
  void OnWritable() override {}

  void OnReadable() override {
    // The callback may close or destroy us: then we are its only holder.
    const std::shared_ptr<OnAccept> on_accept = on_accept_;
    for (int turn = 0; turn < kAcceptsPerTurn; ++turn) {
      SocketAddress peer;
      peer.size = sizeof(peer.storage);
      ScopedFd fd(accept4(socket_->fd(), peer.get(), &peer.size, SOCK_NONBLOCK | SOCK_CLOEXEC));
      if (!fd.valid()) {
        if (errno == EAGAIN) break;
        if (OutOfResources(errno)) return Pause(errno);
        continue;  // the connection died in the queue
      }
      auto connection = std::make_shared<Connection>(loop_, Side::kClient, options_.tls);
      (*on_accept)(std::make_unique<AcceptedTransport>(
          std::move(connection), std::move(fd), peer.ToAddress(), options_.handshake_timeout));
      if (on_accept.use_count() == 1) return;  // closed
    }
    socket_->WantRead();
  }

  static bool OutOfResources(int error) {
    return error == EMFILE || error == ENFILE || error == ENOBUFS || error == ENOMEM;
  }

  void Pause(int error) {
    LogWarning("listener: accepting pauses",
               {{"address", address_.ToString()},
                {"reason", SystemError(error, Side::kSelf, "accept").context}});
    pause_.Start(kPause, [this] { socket_->WantRead(); });
  }

  SocketLoop& loop_;
  ListenOptions options_;
  const Address address_;
  std::shared_ptr<OnAccept> on_accept_;  // null once closed
  Timer pause_;
  std::unique_ptr<Readiness> socket_;
};

// What an operator can do about a refused address.
std::string Remedy(int error, const Address& address) {
  switch (error) {
    case EADDRINUSE: return "; end what listens there, or choose another port";
    case EADDRNOTAVAIL: return "; no interface of this machine has that address";
    case EACCES:
      if (address.port < 1024) return "; ports below 1024 need CAP_NET_BIND_SERVICE";
      return "";
    default: return "";
  }
}

tl::unexpected<Error> Refused(int error, const Address& address) {
  Error refused = SystemError(error, Side::kConfig, "cannot listen on " + address.ToString());
  refused.context += Remedy(error, address);
  return Fail(std::move(refused));
}

Result<ScopedFd> Bind(const ListenOptions& options) {
  std::optional<SocketAddress> address = SocketAddress::From(options.address);
  if (!address) {
    return Fail(Code::kInvalid, Side::kConfig,
                "cannot listen on " + options.address.ToString() + ": not an IP address");
  }
  ScopedFd fd(socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
  if (!fd.valid() && errno == EAFNOSUPPORT && options.address.host == "::") {
    // "All addresses" on a machine without IPv6.
    ListenOptions v4 = options;
    v4.address.host = "0.0.0.0";
    return Bind(v4);
  }
  if (!fd.valid()) return Refused(errno, options.address);
  const int on = 1;
  const int off = 0;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on));
  if (options.reuse_port) setsockopt(fd.get(), SOL_SOCKET, SO_REUSEPORT, &on, sizeof(on));
  if (address->storage.ss_family == AF_INET6) {
    setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &off, sizeof(off));
  }
  if (bind(fd.get(), address->get(), address->size) != 0 ||
      listen(fd.get(), options.backlog) != 0) {
    return Refused(errno, options.address);
  }
  return fd;
}

}  // namespace

Result<std::unique_ptr<Listener>> Listener::Open(Loop& loop, const ListenOptions& options,
                                                 OnAccept on_accept) {
  Result<ScopedFd> fd = options.socket >= 0 ? ScopedFd(options.socket) : Bind(options);
  if (!fd) return Fail(std::move(fd.error()));
  return std::make_unique<SocketListener>(SocketLoop::From(loop), options, std::move(*fd),
                                          std::move(on_accept));
}

Status Listener::Try(const Address& address) {
  ListenOptions alone;
  alone.address = address;
  const Result<ScopedFd> fd = Bind(alone);
  if (!fd) return Fail(fd.error());
  return {};
}

}  // namespace skerry::net
