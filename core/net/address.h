// Socket addresses and the text forms operators write.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace skerry::net {

// An IPv4 or IPv6 address and port. Immutable value.
struct Address {
  std::string host;  // "127.0.0.1" or "::1", without brackets
  uint16_t port = 0;

  // "127.0.0.1:8443", "[::1]:8443".
  std::string ToString() const;
  bool IsLoopback() const;

  // "127.0.0.1:8443", "[::1]:0", ":8443" (all addresses), "localhost:80".
  // Anything else is an error that says what was expected.
  static Result<Address> Parse(std::string_view text);
};

}  // namespace skerry::net
