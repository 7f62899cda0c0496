#include "core/cache/frequency_sketch.h"

#include <algorithm>

namespace skerry::cache {
namespace {

constexpr size_t kRows = 4;
constexpr size_t kWordsPerBlock = 8;  // a cache line
constexpr size_t kCountersPerWord = 16;
constexpr size_t kCountersPerObject = 32;
constexpr size_t kObjectsPerBlock = kWordsPerBlock * kCountersPerWord / kCountersPerObject;
constexpr size_t kFirstBlocks = 64;
constexpr uint64_t kUsesPerObject = 10;

// splitmix64's finaliser: the table's bits of `hash` may be those a shard was chosen by.
uint64_t Mix(uint64_t hash) {
  hash = (hash ^ (hash >> 30)) * 0xbf58476d1ce4e5b9;
  hash = (hash ^ (hash >> 27)) * 0x94d049bb133111eb;
  return hash ^ (hash >> 31);
}

}  // namespace

FrequencySketch::FrequencySketch()
    : words_(kFirstBlocks * kWordsPerBlock),
      block_mask_(kFirstBlocks - 1),
      period_(kFirstBlocks * kObjectsPerBlock * kUsesPerObject) {}

FrequencySketch::Place FrequencySketch::Counter(uint64_t hash, uint32_t row) const {
  const size_t block = (hash & block_mask_) * kWordsPerBlock;
  const uint64_t choice = hash >> (32 + row * 5);
  return {block + row * 2 + (choice & 1), static_cast<uint32_t>((choice >> 1) & 15) * 4};
}

void FrequencySketch::Add(uint64_t hash) {
  hash = Mix(hash);
  Place places[kRows];
  uint32_t counts[kRows];
  uint32_t least = kMax;
  for (uint32_t row = 0; row < kRows; ++row) {
    places[row] = Counter(hash, row);
    counts[row] = (words_[places[row].word] >> places[row].shift) & kMax;
    least = std::min(least, counts[row]);
  }
  // Counters above the least hold other keys' uses: raising them would only add error.
  for (uint32_t row = 0; row < kRows && least < kMax; ++row) {
    if (counts[row] == least) words_[places[row].word] += uint64_t{1} << places[row].shift;
  }
  if (++uses_ >= period_) Halve();
}

uint32_t FrequencySketch::Estimate(uint64_t hash) const {
  hash = Mix(hash);
  uint32_t least = kMax;
  for (uint32_t row = 0; row < kRows; ++row) {
    const Place place = Counter(hash, row);
    least = std::min(least, static_cast<uint32_t>(words_[place.word] >> place.shift) & kMax);
  }
  return least;
}

void FrequencySketch::Resize(size_t objects) {
  while ((block_mask_ + 1) * kObjectsPerBlock < objects) {
    // A key's new block is its old one or the copy behind it: both hold its count.
    const size_t size = words_.size();
    words_.resize(size * 2);
    std::copy_n(words_.begin(), size, words_.begin() + static_cast<ptrdiff_t>(size));
    block_mask_ = block_mask_ * 2 + 1;
  }
  period_ = std::max(objects, kFirstBlocks * kObjectsPerBlock) * kUsesPerObject;
}

void FrequencySketch::Halve() {
  for (uint64_t& word : words_) word = (word >> 1) & 0x7777777777777777;
  uses_ = 0;
}

}  // namespace skerry::cache
