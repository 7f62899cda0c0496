// Digests: SHA-256 for names and proofs, XXH3 for keys and checksums.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace skerry {

// 32 bytes. Text form: 64 lower-case hex digits.
struct Sha256Digest {
  std::array<uint8_t, 32> bytes{};
  auto operator<=>(const Sha256Digest&) const = default;

  std::string Hex() const;
  std::string_view raw() const { return {reinterpret_cast<const char*>(bytes.data()), 32}; }
  // Nothing unless `hex` is 64 lower-case hex digits.
  static std::optional<Sha256Digest> FromHex(std::string_view hex);
};

Sha256Digest Sha256(std::string_view bytes);

// SHA-256 of a stream. Owner: one thread at a time.
class Sha256Stream {
 public:
  Sha256Stream();
  ~Sha256Stream();
  Sha256Stream(Sha256Stream&&) noexcept;
  Sha256Stream& operator=(Sha256Stream&&) noexcept;
  void Update(std::string_view bytes);
  // Ends the stream. REQUIRES: called once.
  Sha256Digest Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

// XXH3-64 of the bytes. The seed separates uses, so that equal bytes in two roles differ.
uint64_t Xxh3(std::string_view bytes, uint64_t seed = 0);

// XXH3-128: what keys are found by. A collision is seen by comparing the key itself.
struct Hash128 {
  uint64_t high = 0;
  uint64_t low = 0;
  auto operator<=>(const Hash128&) const = default;
};
Hash128 Xxh3_128(std::string_view bytes);

std::string ToHex(std::string_view bytes);
std::string ToBase64(std::string_view bytes);
// Nothing unless `text` is canonical padded base64.
std::optional<std::string> FromBase64(std::string_view text);

// Compares secrets in a time that does not tell where they differ.
bool SecretEquals(std::string_view a, std::string_view b);

}  // namespace skerry

template <>
struct std::hash<skerry::Hash128> {
  size_t operator()(const skerry::Hash128& h) const noexcept { return h.low; }
};
