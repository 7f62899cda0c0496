// A world in which everything happens in one order that a seed decides: time,
// machines with clocks that drift, and a network that loses, delays, repeats and
// reorders what it carries.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "core/base/clock.h"
#include "core/base/random.h"

namespace skerry::simulation {

using namespace std::chrono_literals;

class Machine;

// Owner: one schedule.
class World {
 public:
  explicit World(uint64_t seed) : random_(seed) {}

  // Since the beginning; no machine sees it.
  Micros now() const { return now_; }
  bool Chance(double probability);
  Micros Between(Micros least, Micros most);
  uint64_t Below(uint64_t bound) { return random_.Below(bound); }
  Random& random() { return random_; }

  void After(Micros delay, std::function<void()> event);
  // The event of a machine: nothing if the process ends before, later if it is paused.
  void After(Micros delay, Machine& machine, uint64_t life, std::function<void()> event);
  void Run(Micros until);

  // What happens, for a person who replays a seed: printed where SKERRY_SIMULATION_TRACE
  // is set.
  void Trace(const std::string& who, const std::string& what) const;

 private:
  struct Event {
    Machine* machine = nullptr;
    uint64_t life = 0;
    std::function<void()> run;
  };
  SeededRandom random_;
  Micros now_{0};
  uint64_t order_ = 0;
  std::map<std::pair<Micros, uint64_t>, Event> events_;
};

// A process on a machine of its own. It can crash, start again and be paused.
class Machine {
 public:
  Machine(World& world, std::string name);
  virtual ~Machine() = default;

  const std::string& name() const { return name_; }
  bool up() const { return up_; }
  uint64_t life() const { return life_; }
  Micros paused_until() const { return paused_until_; }
  BootTime Boot() const;
  WallTime Wall() const { return WallTime(Millis(1'700'000'000'000) + jump_); }

  void Start();
  void Crash();
  void Pause(Micros length);
  void JumpWall(Millis by) { jump_ += by; }

  // By the machine's own clock.
  void After(Micros delay, std::function<void()> event);

 protected:
  virtual void OnStart() = 0;
  virtual void OnCrash() = 0;
  World& world() { return world_; }
  void Trace(const std::string& what) const { world_.Trace(name_, what); }

 private:
  World& world_;
  std::string name_;
  double rate_;     // of its clock: between two machines at most 1 % apart
  Micros booted_;   // what the clock showed at the beginning
  Millis jump_{0};  // what somebody did to its wall clock
  bool up_ = false;
  uint64_t life_ = 0;
  Micros paused_until_{0};
};

// What can go wrong on the way.
struct Faults {
  double loss = 0;
  double repeat = 0;
  double slow = 0;  // delayed by seconds instead of milliseconds
};

class Network {
 public:
  Network(World& world, Faults faults) : world_(world), faults_(faults) {}

  // Runs `arrive` at `to`, whichever process is up there by then; or never; or twice.
  void Send(const Machine& from, Machine& to, std::function<void()> arrive);
  void Cut(const Machine& a, const Machine& b, Micros length);

 private:
  using Pair = std::pair<const Machine*, const Machine*>;
  static Pair Ordered(const Machine& a, const Machine& b) {
    return &a < &b ? Pair(&a, &b) : Pair(&b, &a);
  }
  void SendOnce(const Pair& pair, Machine& to, const std::function<void()>& arrive);

  World& world_;
  Faults faults_;
  std::map<Pair, Micros> cut_until_;
};

}  // namespace skerry::simulation
