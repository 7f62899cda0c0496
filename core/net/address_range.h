// A block of addresses, as operators write it: "10.0.0.0/8", "2001:db8::/32", "::1".
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"

namespace skerry::net {

// Immutable value. IPv4 addresses count as ::ffff:a.b.c.d, in whichever form they come.
class AddressRange {
 public:
  // Bits behind the prefix must be zero: 10.1.2.3/8 is refused, for it is a mistake.
  static Result<AddressRange> Parse(std::string_view text);
  std::string ToString() const { return text_; }
  // `host`: an address without brackets. What is no address is in no range.
  bool Contains(const std::string& host) const;
  bool operator==(const AddressRange& other) const { return text_ == other.text_; }

 private:
  std::string text_;
  std::array<uint8_t, 16> first_{};
  int bits_ = 128;
};

}  // namespace skerry::net
