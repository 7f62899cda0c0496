// Descriptors and socket addresses of the operating system.
#pragma once

#include <netinet/in.h>
#include <sys/socket.h>

#include <optional>
#include <string>
#include <utility>

#include "core/base/result.h"
#include "core/net/address.h"

namespace skerry::net {

// Owns a file descriptor.
class ScopedFd {
 public:
  ScopedFd() = default;
  explicit ScopedFd(int fd) : fd_(fd) {}
  ScopedFd(ScopedFd&& other) noexcept : fd_(other.Release()) {}
  ScopedFd& operator=(ScopedFd&& other) noexcept {
    std::swap(fd_, other.fd_);
    return *this;
  }
  ~ScopedFd();

  int get() const { return fd_; }
  bool valid() const { return fd_ >= 0; }
  int Release() { return std::exchange(fd_, -1); }

 private:
  int fd_ = -1;
};

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;

  const sockaddr* get() const { return reinterpret_cast<const sockaddr*>(&storage); }
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }

  // Nothing unless the host is an IP address.
  static std::optional<SocketAddress> From(const Address& address);
  // An IPv4 address that came in through an IPv6 socket is shown as IPv4.
  Address ToAddress() const;
};

// The address a socket is bound to.
Address LocalAddress(int fd);

// What every stream gets: TCP_NODELAY (sessions batch for themselves) and
// TCP_NOTSENT_LOWAT, so that at most 128 KiB wait unsent in the kernel and a more
// urgent stream can still overtake (measured: costs nothing).
void TuneStream(int fd);

// `error` is an errno value: its code, and a text that starts with `what`.
Error SystemError(int error, Side side, std::string_view what);

}  // namespace skerry::net
