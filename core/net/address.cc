#include "core/net/address.h"

#include <arpa/inet.h>

#include <charconv>

namespace skerry::net {
namespace {

bool IsIpv4(const std::string& text) {
  in_addr address;
  return inet_pton(AF_INET, text.c_str(), &address) == 1;
}

bool IsIpv6(const std::string& text) {
  in6_addr address;
  return inet_pton(AF_INET6, text.c_str(), &address) == 1;
}

tl::unexpected<Error> NotAnAddress(std::string_view text) {
  return Fail(Code::kInvalid, Side::kConfig,
              "\"" + std::string(text) +
                  "\" is not ADDRESS:PORT; expected for example 127.0.0.1:8443, [::1]:8443, :8443 "
                  "(all addresses) or localhost:8443");
}

}  // namespace

std::string Address::ToString() const {
  const std::string port_text = std::to_string(port);
  if (host.find(':') != std::string::npos) return "[" + host + "]:" + port_text;
  return host + ":" + port_text;
}

bool Address::IsLoopback() const { return host == "::1" || host.starts_with("127."); }

Result<Address> Address::Parse(std::string_view text) {
  const size_t colon = text.rfind(':');
  if (colon == std::string_view::npos) return NotAnAddress(text);
  std::string_view host = text.substr(0, colon);
  const std::string_view port = text.substr(colon + 1);

  Address address;
  const auto [end, error] =
      std::from_chars(port.data(), port.data() + port.size(), address.port, 10);
  if (error != std::errc() || end != port.data() + port.size()) return NotAnAddress(text);

  if (host.size() >= 2 && host.front() == '[' && host.back() == ']') {
    address.host = host.substr(1, host.size() - 2);
    if (!IsIpv6(address.host)) return NotAnAddress(text);
    return address;
  }
  if (host.empty()) {
    address.host = "::";
    return address;
  }
  address.host = host == "localhost" ? "127.0.0.1" : std::string(host);
  if (!IsIpv4(address.host)) return NotAnAddress(text);
  return address;
}

}  // namespace skerry::net
