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

// Of a dropped file at most this part is stored anew where it was hit, so that each step
// makes room. Three quarters ask the origin for 2 % fewer bytes than a half does, and write
// a quarter more (tier_hits_test's trace).
constexpr ByteCount StoredAnew(ByteCount file) { return file / 4 * 3; }
// Bytes of a file of the log. A small part of the budget, for whole files are dropped;
// of a large budget large enough that some thousands of files are open.
constexpr ByteCount SegmentBytes(ByteCount budget) {
  return std::clamp<ByteCount>(budget / 32, 1_MiB, std::max<ByteCount>(32_MiB, budget / 2048));
}
// The largest response that is stored, where nobody says otherwise.
constexpr ByteCount LargestObject(ByteCount budget) { return budget / 8; }

}  // namespace skerry::cache::disk
