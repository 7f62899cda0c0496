// The origin's budget for fetches that come from us more than from clients: so many a
// second, a tenth of a second's worth at once.
//
// Owner: the process. Thread: any; no call waits.
#pragma once

#include <atomic>
#include <cstdint>
#include <optional>

#include "core/base/clock.h"

namespace skerry::gateway {

class Pace {
 public:
  // 0, as in the beginning: without bound.
  void SetRate(uint32_t per_second) { per_second_ = per_second; }

  // Takes the next turn and says how long to wait for it; nothing, and none is taken,
  // if that is more than `longest`.
  std::optional<Micros> Take(SteadyTime now, Micros longest);

 private:
  std::atomic<uint32_t> per_second_{0};
  std::atomic<int64_t> next_us_{INT64_MIN};  // when the next turn is
};

}  // namespace skerry::gateway
