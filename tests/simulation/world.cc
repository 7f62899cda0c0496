#include "tests/simulation/world.h"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace skerry::simulation {

bool World::Chance(double probability) {
  return static_cast<double>(random_.Below(1'000'000)) < probability * 1e6;
}

Micros World::Between(Micros least, Micros most) {
  return least + Micros(random_.Below(static_cast<uint64_t>((most - least).count()) + 1));
}

void World::Trace(const std::string& who, const std::string& what) const {
  static const bool wanted = std::getenv("SKERRY_SIMULATION_TRACE") != nullptr;
  if (wanted) std::printf("%12.6f %-8s %s\n", now_.count() / 1e6, who.c_str(), what.c_str());
}

void World::After(Micros delay, std::function<void()> event) {
  events_.emplace(std::pair(now_ + delay, ++order_), Event{nullptr, 0, std::move(event)});
}

void World::After(Micros delay, Machine& machine, uint64_t life, std::function<void()> event) {
  events_.emplace(std::pair(now_ + delay, ++order_), Event{&machine, life, std::move(event)});
}

void World::Run(Micros until) {
  while (!events_.empty() && events_.begin()->first.first <= until) {
    auto next = events_.extract(events_.begin());
    now_ = next.key().first;
    Event& event = next.mapped();
    if (event.machine == nullptr) {
      event.run();
      continue;
    }
    if (!event.machine->up() || event.machine->life() != event.life) continue;
    if (event.machine->paused_until() > now_) {
      next.key().first = event.machine->paused_until();  // in the order they came
      events_.insert(std::move(next));
      continue;
    }
    event.run();
  }
  now_ = until;
}

// Half the clocks are as slow or as fast as they can be.
Machine::Machine(World& world, std::string name) : world_(world), name_(std::move(name)) {
  constexpr double kSlowest = 1 / 1.01;
  const double share =
      world.Chance(0.5) ? static_cast<double>(world.Below(2)) : world.Below(1001) / 1000.0;
  rate_ = kSlowest + (1 - kSlowest) * share;
  booted_ = world.Between(1s, 1000s);
}

BootTime Machine::Boot() const {
  const double shown = static_cast<double>(world_.now().count()) * rate_;
  return BootTime(std::chrono::floor<Millis>(booted_ + Micros(std::llround(shown))));
}

void Machine::Start() {
  Trace("starts");
  up_ = true;
  ++life_;
  OnStart();
}

void Machine::Crash() {
  if (!up_) return;
  Trace("crashes");
  up_ = false;
  paused_until_ = Micros(0);
  OnCrash();
}

void Machine::After(Micros delay, std::function<void()> event) {
  const double real = static_cast<double>(delay.count()) / rate_;
  world_.After(Micros(std::llround(real)), *this, life_, std::move(event));
}

void Machine::Pause(Micros length) {
  Trace("is paused for " + std::to_string(length.count()) + " us");
  // A longer pause stays: what it holds back must keep its order.
  paused_until_ = std::max(paused_until_, world_.now() + length);
}

void Network::Cut(const Machine& a, const Machine& b, Micros length) {
  world_.Trace(a.name(),
               "is cut off from " + b.name() + " for " + std::to_string(length.count()) + " us");
  cut_until_[Ordered(a, b)] = world_.now() + length;
}

void Network::SendOnce(const Pair& pair, Machine& to, const std::function<void()>& arrive) {
  const Micros delay =
      world_.Chance(faults_.slow) ? world_.Between(10ms, 15s) : world_.Between(50us, 3ms);
  world_.After(delay, [this, pair, &to, arrive] {
    if (!to.up() || cut_until_[pair] > world_.now()) return;
    // A paused process finds it when it goes on.
    world_.After(0us, to, to.life(), arrive);
  });
}

void Network::Send(const Machine& from, Machine& to, std::function<void()> arrive) {
  const Pair pair = Ordered(from, to);
  if (cut_until_[pair] > world_.now()) return;
  if (!world_.Chance(faults_.loss)) SendOnce(pair, to, arrive);
  if (world_.Chance(faults_.repeat)) SendOnce(pair, to, arrive);
}

}  // namespace skerry::simulation
