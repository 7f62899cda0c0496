#include "core/cache/disk/pins.h"

#include <algorithm>
#include <utility>

namespace skerry::cache::disk {
namespace {

// Neighbouring positions of one fill become one range: most fills are a few.
std::vector<PositionRange> RangesOf(const std::vector<uint64_t>& positions) {
  std::vector<PositionRange> ranges;
  for (const uint64_t position : positions) {
    if (!ranges.empty() && ranges.back().last + 1 == position) {
      ranges.back().last = position;
    } else {
      ranges.push_back({position, position});
    }
  }
  return ranges;
}

}  // namespace

std::shared_ptr<void> Pins::Pin(const Extents& extents) {
  const ByteCount bytes = extents.positions.size() * kChunkBytes;
  std::vector<PositionRange> ranges = RangesOf(extents.positions);
  MutexLock lock(mutex_);
  if (ranges.empty() || bytes_ + bytes > bound_) return nullptr;
  bytes_ += bytes;
  const Id id = ++last_id_;
  ranges_.emplace(id, std::move(ranges));
  // The token itself is the pointer; only its deleter matters.
  return std::shared_ptr<void>(
      this, [pins = shared_from_this(), id, bytes](void*) { pins->Unpin(id, bytes); });
}

void Pins::Unpin(Id id, ByteCount bytes) {
  MutexLock lock(mutex_);
  ranges_.erase(id);
  bytes_ -= bytes;
}

bool Pins::Overlaps(const PositionRange& range) const {
  MutexLock lock(mutex_);
  return std::any_of(ranges_.begin(), ranges_.end(), [&](const auto& pinned) {
    return std::any_of(pinned.second.begin(), pinned.second.end(), [&](const PositionRange& one) {
      return one.first <= range.last && range.first <= one.last;
    });
  });
}

ByteCount Pins::bytes() const {
  MutexLock lock(mutex_);
  return bytes_;
}

}  // namespace skerry::cache::disk
