#include "core/gateway/pace.h"

#include <algorithm>

namespace skerry::gateway {

std::optional<Micros> Pace::Take(SteadyTime now, Micros longest) {
  const uint32_t rate = per_second_.load(std::memory_order_relaxed);
  if (rate == 0) return Micros(0);
  const int64_t now_us = now.time_since_epoch().count();
  const int64_t each = std::max<int64_t>(1'000'000 / rate, 1);
  // Turns that nobody took are kept for a tenth of a second.
  const int64_t kept = std::max<int64_t>(100'000 - each, 0);
  int64_t next = next_us_.load(std::memory_order_relaxed);
  while (true) {
    const int64_t turn = std::max(next, now_us - kept);
    const Micros wait(std::max<int64_t>(turn - now_us, 0));
    if (wait > longest) return std::nullopt;
    if (next_us_.compare_exchange_weak(next, turn + each, std::memory_order_relaxed)) return wait;
  }
}

}  // namespace skerry::gateway
