// Peers that move bytes more slowly than they must, or not at all. Value types without
// clock or I/O. Thread and owner: one connection.
#pragma once

#include <algorithm>
#include <cstdint>
#include <utility>

#include "core/base/clock.h"

namespace skerry::http {

// Whether a peer keeps up with a rate. For every second in which it is the peer's turn it owes
// `floor` bytes; what it moves pays. Nothing can be saved up: who was fast before may not drip
// later. A debt of more than `patience` is too much, so silence is given up after `patience`, and a
// drip at half the floor after twice that.
class Pace {
 public:
  // `floor`: bytes a second; 0 asks for nothing.
  Pace(uint32_t floor, Micros patience)
      : floor_(floor), most_(static_cast<int64_t>(floor) * patience.count()) {}

  void Moved(uint64_t bytes) {
    const uint64_t paid = std::min(bytes, kPaysEverything) * kMicros;
    debt_ -= std::min(debt_, static_cast<int64_t>(paid));
  }
  // So much time was the peer's to move bytes.
  void Owed(Micros time) {
    debt_ = std::min(2 * most_, debt_ + static_cast<int64_t>(floor_) * time.count());
  }
  bool too_slow() const { return floor_ > 0 && debt_ >= most_; }

 private:
  static constexpr uint64_t kMicros = 1'000'000;
  static constexpr uint64_t kPaysEverything = uint64_t{1} << 40;

  uint32_t floor_;
  int64_t most_;      // of the debt
  int64_t debt_ = 0;  // bytes, times a million
};

// What a client takes of the bytes that wait for it. To be looked at about once a second.
class Intake {
 public:
  // Nothing for `patience`, or less than `floor` bytes a second, is a stall.
  Intake(uint32_t floor, Micros patience) : patience_(patience), pace_(floor, patience) {}

  // `waits`: there are bytes, and the client is the only reason why they stay. `taken`: how
  // many it took, ever; not looked at where nothing waits. `any_rate`: only silence is a stall.
  bool Stalls(SteadyTime now, bool waits, uint64_t taken, bool any_rate) {
    const SteadyTime before = std::exchange(looked_at_, now);
    const bool waited = std::exchange(waited_, waits);
    if (!waits) return false;
    if (taken != taken_ || !waited) silent_since_ = now;
    pace_.Moved(taken - std::exchange(taken_, taken));
    if (waited && !any_rate) pace_.Owed(now - before);
    return pace_.too_slow() || now - silent_since_ >= patience_;
  }

 private:
  Micros patience_;
  Pace pace_;
  uint64_t taken_ = 0;
  bool waited_ = false;  // at the last look
  SteadyTime looked_at_;
  SteadyTime silent_since_;
};

}  // namespace skerry::http
