// SHA-512, for digests that others have chosen; our own are SHA-256 (digest.h).
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace skerry {

// Owner: one thread at a time.
class Sha512Stream {
 public:
  Sha512Stream();
  ~Sha512Stream();
  Sha512Stream(Sha512Stream&&) noexcept;
  Sha512Stream& operator=(Sha512Stream&&) noexcept;
  void Update(std::string_view bytes);
  // The 64 bytes; ends the stream. REQUIRES: called once.
  std::string Finish();

 private:
  struct State;
  std::unique_ptr<State> state_;
};

}  // namespace skerry
