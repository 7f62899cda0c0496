// Time, in three kinds that cannot be mixed up.
//
// Wall time is for what HTTP says (Date, Expires, Age). Steady time is for
// timeouts and latencies. Boot time (CLOCK_BOOTTIME) also counts while the
// machine sleeps: leases are measured with it. Nothing that must be correct
// depends on wall time moving forward.
#pragma once

#include <atomic>
#include <chrono>
#include <cstdint>
#include <string>

namespace skerry {

using Micros = std::chrono::microseconds;
using Millis = std::chrono::milliseconds;
using Seconds = std::chrono::seconds;

using WallTime = std::chrono::time_point<std::chrono::system_clock, Millis>;
using SteadyTime = std::chrono::time_point<std::chrono::steady_clock, Micros>;

struct BootClock {
  using rep = int64_t;
  using period = std::milli;
  using duration = Millis;
  using time_point = std::chrono::time_point<BootClock, Millis>;
  static constexpr bool is_steady = true;
};
using BootTime = BootClock::time_point;

// "2026-03-01T10:00:00.123Z" (RFC 3339, UTC): how logs and receipts write a time.
std::string ToRfc3339(WallTime time);

// Thread: any.
class Clock {
 public:
  virtual ~Clock() = default;
  virtual WallTime Wall() const = 0;
  virtual SteadyTime Steady() const = 0;
  virtual BootTime Boot() const = 0;

  // The machine's clock.
  static const Clock& Real();
};

// A clock for tests and simulations: stands still until told otherwise.
class FakeClock : public Clock {
 public:
  explicit FakeClock(Seconds since_epoch = Seconds(1'700'000'000));

  WallTime Wall() const override;
  SteadyTime Steady() const override;
  BootTime Boot() const override;

  // Moves all three forward.
  void Advance(Micros by);
  // Moves wall time alone, as an administrator or NTP would.
  void JumpWall(Millis by);

 private:
  std::atomic<int64_t> wall_us_;
  std::atomic<int64_t> steady_us_;
};

}  // namespace skerry
