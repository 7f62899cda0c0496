// How often keys were asked for lately, roughly: four-bit counters shared by keys
// (count-min), halved from time to time so that yesterday's favourites fade.
//
// An estimate is never below the true count since the last halvings (up to 15),
// and above it only where another key shares all four counters. A key's four
// counters lie in one cache line.
//
// Thread: the owner's lock.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

namespace skerry::cache {

class FrequencySketch {
 public:
  static constexpr uint32_t kMax = 15;

  FrequencySketch();

  // One more use of the key with this hash. Halves everything once per
  // 10 x `objects` uses (as last told to Resize).
  void Add(uint64_t hash);
  uint32_t Estimate(uint64_t hash) const;

  // Tells how many objects are cached. The table doubles to keep 32 counters an
  // object; estimates survive. It never shrinks.
  void Resize(size_t objects);

  size_t bytes() const { return words_.size() * sizeof(uint64_t); }

 private:
  struct Place {
    size_t word;
    uint32_t shift;
  };
  Place Counter(uint64_t hash, uint32_t row) const;
  void Halve();

  std::vector<uint64_t> words_;  // blocks of eight, two for each row
  size_t block_mask_;
  uint64_t uses_ = 0;
  uint64_t period_;
};

}  // namespace skerry::cache
