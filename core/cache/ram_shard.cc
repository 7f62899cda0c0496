#include "core/cache/ram_shard.h"

#include <utility>

#include "core/base/result.h"

namespace skerry::cache {
namespace {

using enum RamSegment;

// Shares of the capacity; measured in docs/why/ram-policy.md.
constexpr ByteCount kWindowPercent = 5;
constexpr ByteCount kProtectedPercent = 80;  // of the main part
// While the main part has room: the window of a large tier is no larger than what the
// processor's caches still hold of it.
constexpr ByteCount kWindowWhileRoom = 1_MiB;
// The sketch is made for as many objects of this size as the tier holds, a thousandth of its
// bytes. One for the few that are there at first takes new keys for known ones.
constexpr ByteCount kLikelyObject = 16_KiB;

// Of one key.
bool SameVariant(const StoredHead& a, const StoredHead& b) {
  return a.variant_hash == b.variant_hash && a.vary == b.vary;
}

}  // namespace

RamShard::RamShard(const Limits& limits)
    : limits_(limits),
      window_capacity_(limits.capacity / 100 * kWindowPercent),
      main_capacity_(limits.capacity - window_capacity_),
      protected_capacity_(main_capacity_ / 100 * kProtectedPercent),
      nodes_(limits.table_seed) {
  SKERRY_CHECK(limits.variants_per_key > 0);
  SKERRY_CHECK(limits.largest_object <= main_capacity_);
  ResizeSketch();
}

void RamShard::ResizeSketch() {
  sketch_.Resize(std::max<size_t>(nodes_.size(), limits_.capacity / kLikelyObject));
}

std::vector<EntryPtr> RamShard::Find(const Key& key) {
  std::vector<EntryPtr> found;
  MutexLock lock(mutex_);
  sketch_.Add(key.hash.low);
  Gather(key, found);
  return found;
}

void RamShard::FindKept(const Key& key, std::vector<EntryPtr>& found) {
  found.clear();
  MutexLock lock(mutex_);
  Gather(key, found);
  if (!found.empty()) sketch_.Add(key.hash.low);
}

// Who is kept under the key moves to the front.
void RamShard::Gather(const Key& key, std::vector<EntryPtr>& found) {
  for (RamNodeId id = nodes_.Find(key); id != 0; id = nodes_.FindNext(id, key)) {
    RamNode& node = nodes_[id];
    found.push_back(node.entry);
    node.hit = true;
    nodes_.Move(id, node.segment == kWindow ? kWindow : kProtected);
  }
  if (!found.empty()) ShrinkProtected();
}

bool RamShard::AskedBefore(const Key& key) const {
  MutexLock lock(mutex_);
  return sketch_.Estimate(key.hash.low) >= 2;
}

// Would it take new memory for what the disk has, too, and one request wanted?
bool RamShard::CanWait(const RamNode& node) const {
  return node.on_disk && !node.hit && main_bytes() + node.size() <= main_capacity_ &&
         sketch_.Estimate(node.entry->head.key.hash.low) < 2;
}

std::vector<EntryPtr> RamShard::Peek(const Key& key) const {
  std::vector<EntryPtr> found;
  MutexLock lock(mutex_);
  for (RamNodeId id = nodes_.Find(key); id != 0; id = nodes_.FindNext(id, key)) {
    found.push_back(nodes_[id].entry);
  }
  return found;
}

// A table that grows meanwhile sends what is in a bucket on to the same or to a higher one.
bool RamShard::Walk(size_t& bucket, size_t enough, std::vector<EntryPtr>& seen) const {
  MutexLock lock(mutex_);
  for (; bucket < nodes_.buckets() && seen.size() < enough; ++bucket) {
    for (RamNodeId id = nodes_.At(bucket); id != 0; id = nodes_[id].next) {
      seen.push_back(nodes_[id].entry);
    }
  }
  return bucket < nodes_.buckets();
}

void RamShard::ShrinkProtected() {
  while (nodes_.bytes(kProtected) > protected_capacity_) {
    nodes_.Move(nodes_.last(kProtected), kProbation);
  }
}

RamNodeId RamShard::FindEntry(const EntryPtr& entry) const {
  const Key& key = entry->head.key;
  RamNodeId id = nodes_.Find(key);
  while (id != 0 && nodes_[id].entry != entry) id = nodes_.FindNext(id, key);
  return id;
}

RamNodeId RamShard::FindVariant(const StoredHead& head) const {
  RamNodeId id = nodes_.Find(head.key);
  while (id != 0 && !SameVariant(nodes_[id].entry->head, head)) id = nodes_.FindNext(id, head.key);
  return id;
}

Offered RamShard::Offer(EntryPtr entry, bool on_disk, Dropped& dropped) {
  const ByteCount size = entry->MemorySize();
  MutexLock lock(mutex_);
  const RamNodeId same = FindVariant(entry->head);
  if (size > limits_.largest_object) {
    if (same != 0) Drop(same, /*pushed_out=*/false, dropped);
    return Offered::kTooLarge;
  }
  if (same == 0) return Insert(std::move(entry), size, on_disk, dropped);
  nodes_[same].hit = false;
  nodes_[same].on_disk = on_disk;
  Swap(same, std::move(entry), size, dropped);
  return Offered::kStored;
}

// Leaves `entry` with the caller if it is refused.
Offered RamShard::Insert(EntryPtr&& entry, ByteCount size, bool on_disk, Dropped& dropped) {
  const Key& key = entry->head.key;
  const bool by_window = size <= window_capacity_;
  if (!by_window && !WinsPlace(key.hash, size, dropped)) return Offered::kRefused;
  CapVariants(key, dropped);
  const RamNodeId id = nodes_.Insert(std::move(entry), size);
  nodes_[id].on_disk = on_disk;
  nodes_.Move(id, by_window ? kWindow : kProbation);
  ResizeSketch();
  ShrinkWindow(dropped);
  return Offered::kStored;
}

// Makes room for one more variant of the key.
void RamShard::CapVariants(const Key& key, Dropped& dropped) {
  size_t count = 0;
  RamNodeId oldest = 0;
  for (RamNodeId id = nodes_.Find(key); id != 0; id = nodes_.FindNext(id, key)) {
    ++count;
    oldest = id;
  }
  if (count < limits_.variants_per_key) return;
  // One too many is not worth a place on disk, either.
  Drop(oldest, /*pushed_out=*/false, dropped);
  ++variants_capped_;
}

bool RamShard::WindowIsOver() const {
  if (nodes_.last(kWindow) == 0) return false;
  const ByteCount window = nodes_.bytes(kWindow);
  const ByteCount last = nodes_[nodes_.last(kWindow)].size();
  const bool room = main_bytes() + last <= main_capacity_;
  return window > window_capacity_ || (room && window - last >= kWindowWhileRoom);
}

void RamShard::ShrinkWindow(Dropped& dropped) {
  while (WindowIsOver()) {
    const RamNodeId id = nodes_.last(kWindow);
    const RamNode& candidate = nodes_[id];
    if (!CanWait(candidate) &&
        WinsPlace(candidate.entry->head.key.hash, candidate.size(), dropped)) {
      nodes_.Move(id, kProbation);
    } else {
      Drop(id, /*pushed_out=*/true, dropped);
    }
  }
}

// Whom the main part would give up next: its least recently used, those on probation
// first. `after`: the one before; 0: the first.
RamNodeId RamShard::NextVictim(RamNodeId after) const {
  if (after != 0 && nodes_[after].before != 0) return nodes_[after].before;
  if (after == 0 && nodes_.last(kProbation) != 0) return nodes_.last(kProbation);
  return after == 0 || nodes_[after].segment == kProbation ? nodes_.last(kProtected) : 0;
}

// Takes from the main part what an entry of that size needs, if its key was used more
// often than theirs together; else takes nothing.
bool RamShard::WinsPlace(const Hash128& key, ByteCount size, Dropped& dropped) {
  const uint32_t uses = sketch_.Estimate(key.low);
  std::vector<RamNodeId> victims;
  uint32_t their_uses = 0;
  ByteCount left = main_bytes();
  while (left + size > main_capacity_) {
    victims.push_back(NextVictim(victims.empty() ? 0 : victims.back()));
    const RamNode& victim = nodes_[victims.back()];
    left -= victim.size();
    their_uses += sketch_.Estimate(victim.entry->head.key.hash.low);
    if (their_uses < uses) continue;
    for (const RamNodeId winner : victims) nodes_.Move(winner, nodes_[winner].segment);
    return false;
  }
  for (const RamNodeId id : victims) Drop(id, /*pushed_out=*/true, dropped);
  return true;
}

// An entry that has its place keeps it: only others make room for its growth.
void RamShard::Swap(RamNodeId id, EntryPtr fresh, ByteCount size, Dropped& dropped) {
  const RamSegment segment = nodes_[id].segment;
  dropped.others.push_back(nodes_.Exchange(id, std::move(fresh), size));
  nodes_.Move(id, segment == kWindow && size > window_capacity_ ? kProbation : segment);
  ShrinkProtected();
  MakeRoom(id, dropped);
  ShrinkWindow(dropped);
}

void RamShard::MakeRoom(RamNodeId keep, Dropped& dropped) {
  while (main_bytes() > main_capacity_) {
    RamNodeId victim = NextVictim(0);
    if (victim == keep) victim = NextVictim(keep);
    Drop(victim, /*pushed_out=*/true, dropped);
  }
}

bool RamShard::Replace(const EntryPtr& old, EntryPtr fresh, Dropped& dropped) {
  SKERRY_CHECK(old->head.key == fresh->head.key);
  const ByteCount size = fresh->MemorySize();
  MutexLock lock(mutex_);
  const RamNodeId place = FindEntry(old);
  if (place == 0) return false;
  if (size > limits_.largest_object) {
    Drop(place, /*pushed_out=*/false, dropped);
    return false;
  }
  const RamNodeId same = FindVariant(fresh->head);
  if (same != 0 && same != place) Drop(same, /*pushed_out=*/false, dropped);
  nodes_[place].on_disk = false;
  Swap(place, std::move(fresh), size, dropped);
  return true;
}

size_t RamShard::Remove(const Key& key, Dropped& dropped) {
  MutexLock lock(mutex_);
  size_t count = 0;
  for (RamNodeId id = nodes_.Find(key); id != 0; ++count) {
    const RamNodeId next = nodes_.FindNext(id, key);
    Drop(id, /*pushed_out=*/false, dropped);
    id = next;
  }
  return count;
}

bool RamShard::Remove(const EntryPtr& entry, Dropped& dropped) {
  MutexLock lock(mutex_);
  const RamNodeId id = FindEntry(entry);
  if (id == 0) return false;
  Drop(id, /*pushed_out=*/false, dropped);
  return true;
}

void RamShard::Drop(RamNodeId id, bool pushed_out, Dropped& dropped) {
  auto& where = pushed_out && nodes_[id].hit ? dropped.pushed_out_after_hit : dropped.others;
  where.push_back(nodes_.Erase(id));
}

ByteCount RamShard::bytes() const {
  MutexLock lock(mutex_);
  return nodes_.bytes(kWindow) + main_bytes();
}

size_t RamShard::objects() const {
  MutexLock lock(mutex_);
  return nodes_.size();
}

uint64_t RamShard::variants_capped() const {
  MutexLock lock(mutex_);
  return variants_capped_;
}

}  // namespace skerry::cache
