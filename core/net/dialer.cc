// Dial: resolve, connect to the addresses in turn, shake hands.
#include <netdb.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>
#include <vector>

#include "core/base/thread.h"
#include "core/net/listener.h"
#include "core/net/readiness.h"
#include "core/net/socket_transport.h"

namespace skerry::net {
namespace {

constexpr size_t kResolverThreads = 4;
// An address that does not answer gets its share of the time left, but no less.
constexpr Micros kLeastConnectTime = Millis(250);

using Addresses = std::vector<SocketAddress>;

// Lives as long as the process: a look-up that hangs must not hold up its end.
Pool& Resolvers() {
  static Pool& pool = *new Pool("resolve", kResolverThreads);
  return pool;
}

// Blocks. The order is the operating system's (RFC 6724).
Result<Addresses> Resolve(const std::string& host, uint16_t port) {
  addrinfo hints{};
  hints.ai_socktype = SOCK_STREAM;
  hints.ai_flags = AI_ADDRCONFIG | AI_NUMERICSERV;
  addrinfo* found = nullptr;
  const int error = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &hints, &found);
  if (error != 0) {
    return Fail(Error{error == EAI_AGAIN ? Code::kUnavailable : Code::kNotFound, Side::kUpstream,
                      true, "cannot resolve " + host + ": " + gai_strerror(error)});
  }
  Addresses addresses;
  for (const addrinfo* one = found; one != nullptr; one = one->ai_next) {
    SocketAddress address;
    memcpy(&address.storage, one->ai_addr, one->ai_addrlen);
    address.size = one->ai_addrlen;
    addresses.push_back(address);
  }
  freeaddrinfo(found);
  return addresses;
}

// From name to connected socket, which it hands to its connection.
class Dialer : public std::enable_shared_from_this<Dialer>, private Readiness::Events {
 public:
  Dialer(SocketLoop& loop, DialOptions options, std::weak_ptr<Connection> connection)
      : loop_(loop),
        options_(std::move(options)),
        connection_(std::move(connection)),
        deadline_(loop.clock().Steady() + options_.timeout),
        timer_(loop) {}

  void Start() {
    timer_.Start(options_.timeout, [this] { GiveUp("no answer in time"); });
    if (auto literal = SocketAddress::From({options_.host, options_.port})) {
      addresses_ = {*literal};
      loop_.Post([weak = weak_from_this()] {
        if (const auto self = weak.lock()) self->TryNext();
      });
      return;
    }
    Resolvers().Run([weak = weak_from_this(), mailbox = loop_.mailbox(), host = options_.host,
                     port = options_.port] {
      if (weak.expired()) return;
      auto resolved = std::make_shared<Result<Addresses>>(Resolve(host, port));
      mailbox->Post([weak, resolved] {
        if (const auto self = weak.lock()) self->Resolved(std::move(*resolved));
      });
    });
  }

 private:
  void OnReadable() override {}

  void Resolved(Result<Addresses> addresses) {
    if (!addresses) return GiveUp(std::move(addresses.error()));
    addresses_ = std::move(*addresses);
    TryNext();
  }

  void TryNext() {
    socket_.reset();
    if (next_ == addresses_.size()) return GiveUp(std::move(last_error_));
    const SocketAddress& address = addresses_[next_++];
    ScopedFd fd(socket(address.storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0));
    if (!fd.valid()) return Refused(errno);
    if (connect(fd.get(), address.get(), address.size) != 0 && errno != EINPROGRESS) {
      return Refused(errno);
    }
    socket_ = loop_.Watch(std::move(fd), this);
    socket_->WantWrite();
    const Micros share = TimeLeft() / static_cast<int64_t>(addresses_.size() - next_ + 1);
    timer_.Start(std::max(share, std::min(TimeLeft(), kLeastConnectTime)), [this] {
      if (next_ < addresses_.size() && TimeLeft() > Micros(0)) return TryNext();
      GiveUp("no answer in time");
    });
  }

  void OnWritable() override {
    const auto self = shared_from_this();
    int error = 0;
    socklen_t size = sizeof(error);
    getsockopt(socket_->fd(), SOL_SOCKET, SO_ERROR, &error, &size);
    if (error != 0) return Refused(error);
    timer_.Stop();
    const auto connection = connection_.lock();
    if (connection == nullptr) return;
    ScopedFd fd = socket_->Release();
    socket_.reset();
    const std::string& name = options_.server_name.empty() ? options_.host : options_.server_name;
    connection->Begin(std::move(fd), addresses_[next_ - 1].ToAddress(), name, TimeLeft());
  }

  void Refused(int error) {
    last_error_ = SystemError(error, Side::kUpstream, Where());
    last_error_.retryable = true;
    TryNext();
  }

  Micros TimeLeft() const {
    return std::max(Micros(0),
                    std::chrono::duration_cast<Micros>(deadline_ - loop_.clock().Steady()));
  }
  std::string Where() const {
    return "cannot connect to " + Address{options_.host, options_.port}.ToString();
  }
  void GiveUp(const char* why) {
    GiveUp(Error{Code::kTimeout, Side::kUpstream, true, Where() + ": " + why});
  }
  void GiveUp(Error error) {
    socket_.reset();
    timer_.Stop();
    if (const auto connection = connection_.lock()) connection->FailLater(std::move(error));
  }

  SocketLoop& loop_;
  const DialOptions options_;
  const std::weak_ptr<Connection> connection_;
  const SteadyTime deadline_;
  Addresses addresses_;
  size_t next_ = 0;
  Error last_error_{Code::kNotFound, Side::kUpstream, true, "the name has no address"};
  Timer timer_;
  std::unique_ptr<Readiness> socket_;
};

class DialTransport : public SocketTransport {
 public:
  DialTransport(SocketLoop& loop, const DialOptions& options)
      : SocketTransport(std::make_shared<Connection>(loop, Side::kUpstream, options.tls)),
        loop_(loop),
        options_(options) {}

  void Start(Events* events) override {
    connection_->SetEvents(events);
    dialer_ = std::make_shared<Dialer>(loop_, options_, connection_);
    dialer_->Start();
  }
  void Close() override {
    dialer_.reset();
    SocketTransport::Close();
  }
  void Abort() override {
    dialer_.reset();
    SocketTransport::Abort();
  }

 private:
  SocketLoop& loop_;
  const DialOptions options_;
  std::shared_ptr<Dialer> dialer_;
};

}  // namespace

std::unique_ptr<Transport> Dial(Loop& loop, const DialOptions& options) {
  return std::make_unique<DialTransport>(SocketLoop::From(loop), options);
}

}  // namespace skerry::net
