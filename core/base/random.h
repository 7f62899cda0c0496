// Randomness behind an interface, so that simulations replay from a seed.
#pragma once

#include <cstdint>
#include <string>

namespace skerry {

// Thread: the owner's, unless said otherwise.
class Random {
 public:
  virtual ~Random() = default;
  virtual uint64_t Next() = 0;

  // In [0, bound). REQUIRES: bound > 0.
  uint64_t Below(uint64_t bound) { return Next() % bound; }
  // `bytes` random bytes as lower-case hex.
  std::string Hex(size_t bytes);

  // The operating system's generator: unpredictable. Thread: any.
  static Random& Secure();
};

// splitmix64: the same seed gives the same numbers on every machine.
class SeededRandom : public Random {
 public:
  explicit SeededRandom(uint64_t seed) : state_(seed) {}
  uint64_t Next() override {
    uint64_t z = (state_ += 0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return z ^ (z >> 31);
  }

 private:
  uint64_t state_;
};

}  // namespace skerry
