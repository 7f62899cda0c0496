#include "core/cache/disk/fill.h"

#include <algorithm>
#include <utility>

#include "core/cache/disk/format.h"

namespace skerry::cache::disk {

Fill::Fill(uint64_t id, const StoredHead& head, std::optional<DiskRow> replaces,
           std::vector<uint64_t> tail, std::shared_ptr<Fills> fills)
    : id(id),
      key(head.key.hash),
      variant_hash(head.variant_hash),
      vary(head.vary),
      seq(head.stamp.seq),
      head(EncodeHead(head)),
      replaces(std::move(replaces)),
      tail(std::move(tail)),
      fills_(std::move(fills)) {}

Fill::~Fill() { fills_->End(*this); }

std::optional<uint64_t> Fill::PositionOf(size_t index) const {
  MutexLock lock(mutex_);
  if (index >= positions_.size()) return std::nullopt;
  return positions_[index];
}

void Fill::Written(const std::vector<uint64_t>& positions) {
  MutexLock lock(mutex_);
  positions_.insert(positions_.end(), positions.begin(), positions.end());
}

std::vector<uint64_t> Fill::positions() const {
  MutexLock lock(mutex_);
  return positions_;
}

std::shared_ptr<Fill> Fills::Begin(uint64_t id, const StoredHead& head,
                                   std::optional<DiskRow> replaces, std::vector<uint64_t> tail) {
  std::shared_ptr<Fill> fill(
      new Fill(id, head, std::move(replaces), std::move(tail), shared_from_this()));
  MutexLock lock(mutex_);
  under_way_.insert(fill.get());
  stamps_.insert(fill->seq);
  return fill;
}

void Fills::End(Fill& fill) {
  MutexLock lock(mutex_);
  under_way_.erase(&fill);
  stamps_.erase(stamps_.find(fill.seq));
}

void Fills::AbandonBelow(uint64_t position) {
  MutexLock lock(mutex_);
  for (Fill* fill : under_way_) {
    const bool old_tail = std::any_of(fill->tail.begin(), fill->tail.end(),
                                      [&](uint64_t chunk) { return chunk < position; });
    const std::optional<uint64_t> first = fill->PositionOf(0);
    if (old_tail || (first && *first < position)) fill->Abandon();
  }
}

void Fills::AbandonAll() {
  MutexLock lock(mutex_);
  for (Fill* fill : under_way_) fill->Abandon();
}

std::optional<Seq> Fills::OldestSeq() const {
  MutexLock lock(mutex_);
  if (stamps_.empty()) return std::nullopt;
  return *stamps_.begin();
}

}  // namespace skerry::cache::disk
