// How much work without purpose one connection may cause before it is ended.
//
// libnghttp2 limits neither resets it had to send, refused streams, empty DATA,
// PRIORITY, WINDOW_UPDATE nor unknown frames, and its limit on client resets would
// end a browser that cancels much. So everything that costs work and asks for none
// is paid for from one budget; answered requests, body bytes and time refill it.
// A value type without clock or I/O. Thread and owner: one connection.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>

namespace skerry::http {

class GlitchBudget {
 public:
  GlitchBudget(uint32_t limit, uint32_t refill_per_request)
      : limit_(limit), refill_per_request_(refill_per_request), left_(limit) {}

  // False when there is not enough left: the connection must end.
  bool Spend(uint32_t amount = 1) {
    if (amount > left_) {
      left_ = 0;
      return false;
    }
    left_ -= amount;
    return true;
  }
  // A request was answered to its end.
  void Answered() { Refill(refill_per_request_); }
  // Body bytes went over the connection. One unit a KiB pays for the window updates
  // of any reasonable client; one that opens its window byte by byte earns nothing.
  void Transferred(size_t bytes) {
    odd_bytes_ += bytes;
    Refill(odd_bytes_ / kBytesPerUnit);
    odd_bytes_ %= kBytesPerUnit;
  }
  // Slow trickles (keep-alive PINGs on a long download) are no attack.
  void SecondsPassed(uint64_t seconds) { Refill(seconds); }
  uint32_t left() const { return left_; }

 private:
  static constexpr size_t kBytesPerUnit = 1024;
  void Refill(uint64_t amount) {
    left_ = static_cast<uint32_t>(std::min<uint64_t>(limit_, left_ + amount));
  }

  uint32_t limit_;
  uint32_t refill_per_request_;
  uint32_t left_;
  size_t odd_bytes_ = 0;
};

}  // namespace skerry::http
