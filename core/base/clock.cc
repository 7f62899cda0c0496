#include "core/base/clock.h"

#include <cstdio>
#include <ctime>

namespace skerry {
namespace {

class RealClock : public Clock {
 public:
  WallTime Wall() const override {
    return std::chrono::time_point_cast<Millis>(std::chrono::system_clock::now());
  }
  SteadyTime Steady() const override {
    return std::chrono::time_point_cast<Micros>(std::chrono::steady_clock::now());
  }
  BootTime Boot() const override {
    timespec now{};
    clock_gettime(CLOCK_BOOTTIME, &now);
    return BootTime(Millis(now.tv_sec * 1000 + now.tv_nsec / 1'000'000));
  }
};

}  // namespace

std::string ToRfc3339(WallTime time) {
  const auto whole = std::chrono::floor<Seconds>(time);
  const std::time_t seconds = whole.time_since_epoch().count();
  std::tm utc{};
  gmtime_r(&seconds, &utc);
  char text[48];
  const size_t size = std::strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &utc);
  const auto ms = static_cast<int>((time - whole).count());
  std::snprintf(text + size, sizeof(text) - size, ".%03dZ", ms);
  return text;
}

const Clock& Clock::Real() {
  static const RealClock clock;
  return clock;
}

FakeClock::FakeClock(Seconds since_epoch)
    : wall_us_(Micros(since_epoch).count()), steady_us_(Micros(Seconds(1000)).count()) {}

WallTime FakeClock::Wall() const {
  return WallTime(std::chrono::duration_cast<Millis>(Micros(wall_us_.load())));
}
SteadyTime FakeClock::Steady() const { return SteadyTime(Micros(steady_us_.load())); }
BootTime FakeClock::Boot() const {
  return BootTime(std::chrono::duration_cast<Millis>(Micros(steady_us_.load())));
}

void FakeClock::Advance(Micros by) {
  wall_us_ += by.count();
  steady_us_ += by.count();
}

void FakeClock::JumpWall(Millis by) { wall_us_ += Micros(by).count(); }

}  // namespace skerry
