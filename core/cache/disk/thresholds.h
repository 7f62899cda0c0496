// How full the disk tier is when it changes its ways; parts of its budget. The dry run
// of skerry-edge plays by the same figures.
#pragma once

#include <algorithm>

#include "core/base/bytes.h"

namespace skerry::cache::disk {

// Above this only the second request for a response stores it.
inline constexpr double kSecondHitAt = 0.80;
// Above this the oldest files are dropped.
inline constexpr double kDropAt = 0.95;
// Above this nothing new is admitted; the rest is for what is under way and for what
// was hit and is stored anew.
inline constexpr double kBrakeAt = 0.97;

// Budgets of tests and small machines get small memtables, so that a file stays a
// small part of the budget and eviction by whole files works (measured with 64 MiB).
constexpr ByteCount BodyMemtable(ByteCount budget) {
  if (budget >= 32_GiB) return 64_MiB;
  // One flush may write three memtables as one file.
  return std::clamp<ByteCount>(budget / 32, 1_MiB, 32_MiB);
}
// The largest response that is stored, where nobody says otherwise.
constexpr ByteCount LargestObject(ByteCount budget) { return budget / 8; }

}  // namespace skerry::cache::disk
