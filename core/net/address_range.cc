#include "core/net/address_range.h"

#include <arpa/inet.h>

#include <algorithm>
#include <charconv>
#include <optional>

namespace skerry::net {
namespace {

struct Parsed {
  std::array<uint8_t, 16> bytes{};
  bool v4 = false;
};

std::optional<Parsed> ParseHost(const std::string& host) {
  Parsed parsed;
  if (inet_pton(AF_INET6, host.c_str(), parsed.bytes.data()) == 1) return parsed;
  parsed.v4 = true;
  parsed.bytes[10] = parsed.bytes[11] = 0xff;
  if (inet_pton(AF_INET, host.c_str(), parsed.bytes.data() + 12) == 1) return parsed;
  return std::nullopt;
}

std::array<uint8_t, 16> Masked(std::array<uint8_t, 16> bytes, int bits) {
  for (int i = 0; i < 16; ++i) {
    const int kept = std::clamp(bits - 8 * i, 0, 8);
    bytes[static_cast<size_t>(i)] &= static_cast<uint8_t>(0xff00 >> kept);
  }
  return bytes;
}

}  // namespace

Result<AddressRange> AddressRange::Parse(std::string_view text) {
  const auto wrong = [&] {
    return Fail(Code::kInvalid, Side::kConfig,
                "expected an address or a block of them, \"10.0.0.0/8\", \"::1\", found \"" +
                    std::string(text) + '"');
  };
  const size_t slash = text.find('/');
  const auto host = ParseHost(std::string(text.substr(0, slash)));
  if (!host) return wrong();
  AddressRange range;
  range.text_ = text;
  range.first_ = host->bytes;
  if (slash != text.npos) {
    const std::string_view length = text.substr(slash + 1);
    const char* const end = length.data() + length.size();
    const auto [rest, error] = std::from_chars(length.data(), end, range.bits_);
    const int most = host->v4 ? 32 : 128;
    if (error != std::errc() || rest != end || range.bits_ < 0 || range.bits_ > most)
      return wrong();
    range.bits_ += 128 - most;
  }
  if (Masked(range.first_, range.bits_) != range.first_) return wrong();
  return range;
}

bool AddressRange::Contains(const std::string& host) const {
  const auto parsed = ParseHost(host);
  return parsed && Masked(parsed->bytes, bits_) == first_;
}

}  // namespace skerry::net
