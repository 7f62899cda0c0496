#include "core/net/socket.h"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <system_error>

namespace skerry::net {
namespace {

constexpr int kUnsentBytes = 128 * 1024;

Code CodeOf(int error) {
  switch (error) {
    case ECONNRESET:
    case EPIPE: return Code::kReset;
    case ETIMEDOUT: return Code::kTimeout;
    case ECONNREFUSED:
    case EHOSTUNREACH:
    case ENETUNREACH:
    case EADDRINUSE:
    case EADDRNOTAVAIL: return Code::kRefused;
    case EACCES:
    case EPERM: return Code::kDenied;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM: return Code::kLimit;
    default: return Code::kIo;
  }
}

}  // namespace

ScopedFd::~ScopedFd() {
  if (fd_ >= 0) close(fd_);
}

std::optional<SocketAddress> SocketAddress::From(const Address& address) {
  SocketAddress result;
  auto* v4 = reinterpret_cast<sockaddr_in*>(&result.storage);
  if (inet_pton(AF_INET, address.host.c_str(), &v4->sin_addr) == 1) {
    v4->sin_family = AF_INET;
    v4->sin_port = htons(address.port);
    result.size = sizeof(*v4);
    return result;
  }
  auto* v6 = reinterpret_cast<sockaddr_in6*>(&result.storage);
  if (inet_pton(AF_INET6, address.host.c_str(), &v6->sin6_addr) == 1) {
    v6->sin6_family = AF_INET6;
    v6->sin6_port = htons(address.port);
    result.size = sizeof(*v6);
    return result;
  }
  return std::nullopt;
}

Address SocketAddress::ToAddress() const {
  char text[INET6_ADDRSTRLEN] = {};
  if (storage.ss_family == AF_INET) {
    const auto* v4 = reinterpret_cast<const sockaddr_in*>(&storage);
    inet_ntop(AF_INET, &v4->sin_addr, text, sizeof(text));
    return {text, ntohs(v4->sin_port)};
  }
  if (storage.ss_family == AF_INET6) {
    const auto* v6 = reinterpret_cast<const sockaddr_in6*>(&storage);
    if (IN6_IS_ADDR_V4MAPPED(&v6->sin6_addr)) {
      inet_ntop(AF_INET, v6->sin6_addr.s6_addr + 12, text, sizeof(text));
    } else {
      inet_ntop(AF_INET6, &v6->sin6_addr, text, sizeof(text));
    }
    return {text, ntohs(v6->sin6_port)};
  }
  return {};
}

Address LocalAddress(int fd) {
  SocketAddress local;
  local.size = sizeof(local.storage);
  if (getsockname(fd, local.get(), &local.size) != 0) return {};
  return local.ToAddress();
}

void TuneStream(int fd) {
  const int on = 1;
  setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
  setsockopt(fd, IPPROTO_TCP, TCP_NOTSENT_LOWAT, &kUnsentBytes, sizeof(kUnsentBytes));
}

Error SystemError(int error, Side side, std::string_view what) {
  return Error{CodeOf(error), side, false,
               std::string(what) + ": " + std::generic_category().message(error)};
}

}  // namespace skerry::net
