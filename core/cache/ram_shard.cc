#include "core/cache/ram_shard.h"

#include <utility>

#include "core/base/result.h"

namespace skerry::cache {
namespace {

// Shares of the capacity; measured in docs/why/ram-policy.md.
constexpr ByteCount kWindowPercent = 5;
constexpr ByteCount kProtectedPercent = 80;  // of the main part
// While the main part has room: the window of a large tier is no larger than what the
// processor's caches still hold of it.
constexpr ByteCount kWindowWhileRoom = 1_MiB;

bool SameVariant(const StoredHead& a, const StoredHead& b) {
  return a.variant_hash == b.variant_hash && a.key == b.key && a.vary == b.vary;
}

}  // namespace

RamShard::RamShard(const Limits& limits)
    : limits_(limits),
      window_capacity_(limits.capacity / 100 * kWindowPercent),
      main_capacity_(limits.capacity - window_capacity_),
      protected_capacity_(main_capacity_ / 100 * kProtectedPercent),
      table_(limits.table_seed) {
  SKERRY_CHECK(limits.variants_per_key > 0);
  SKERRY_CHECK(limits.largest_object <= main_capacity_);
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
  for (RamNode* node = table_.Bucket(key.hash); node != nullptr; node = node->next) {
    if (!node->Has(key)) continue;
    found.push_back(node->entry);
    node->hit = true;
    (node->segment == &window_ ? window_ : protected_).MoveHere(node);
  }
  if (!found.empty()) ShrinkProtected();
}

bool RamShard::AskedBefore(const Key& key) const {
  MutexLock lock(mutex_);
  return sketch_.Estimate(key.hash.low) >= 2;
}

// Would it take new memory for what the disk has, too, and one request wanted?
bool RamShard::CanWait(const RamNode& node) const {
  const bool room = probation_.bytes + protected_.bytes + node.size <= main_capacity_;
  return node.on_disk && room && !node.hit && sketch_.Estimate(node.hash.low) < 2;
}

std::vector<EntryPtr> RamShard::Peek(const Key& key) const {
  std::vector<EntryPtr> found;
  MutexLock lock(mutex_);
  for (const RamNode* node = table_.Bucket(key.hash); node != nullptr; node = node->next) {
    if (node->Has(key)) found.push_back(node->entry);
  }
  return found;
}

// A table that grows meanwhile sends what is in a bucket on to the same or to a higher one.
bool RamShard::Walk(size_t& bucket, size_t enough, std::vector<EntryPtr>& seen) const {
  MutexLock lock(mutex_);
  for (; bucket < table_.buckets() && seen.size() < enough; ++bucket) {
    for (const RamNode* node = table_.At(bucket); node != nullptr; node = node->next) {
      seen.push_back(node->entry);
    }
  }
  return bucket < table_.buckets();
}

void RamShard::ShrinkProtected() {
  while (protected_.bytes > protected_capacity_) probation_.MoveHere(protected_.last);
}

RamNode* RamShard::FindEntry(const EntryPtr& entry) const {
  RamNode* node = table_.Bucket(entry->head.key.hash);
  while (node != nullptr && node->entry != entry) node = node->next;
  return node;
}

RamNode* RamShard::FindVariant(const StoredHead& head) const {
  RamNode* node = table_.Bucket(head.key.hash);
  while (node != nullptr &&
         !(node->hash == head.key.hash && SameVariant(node->entry->head, head))) {
    node = node->next;
  }
  return node;
}

Offered RamShard::Offer(EntryPtr entry, bool on_disk, Dropped& dropped) {
  const ByteCount size = entry->MemorySize();
  MutexLock lock(mutex_);
  RamNode* same = FindVariant(entry->head);
  if (size > limits_.largest_object) {
    if (same != nullptr) Drop(same, /*pushed_out=*/false, dropped);
    return Offered::kTooLarge;
  }
  if (same == nullptr) return Insert(std::move(entry), size, on_disk, dropped);
  same->hit = false;
  same->on_disk = on_disk;
  Swap(same, std::move(entry), size, dropped);
  return Offered::kStored;
}

// Leaves `entry` with the caller if it is refused.
Offered RamShard::Insert(EntryPtr&& entry, ByteCount size, bool on_disk, Dropped& dropped) {
  const Key& key = entry->head.key;
  const bool by_window = size <= window_capacity_;
  if (!by_window && !WinsPlace(key.hash, size, dropped)) return Offered::kRefused;
  CapVariants(key, dropped);
  RamNode* node = table_.Insert(std::move(entry), size);
  node->on_disk = on_disk;
  (by_window ? window_ : probation_).PushFront(node);
  sketch_.Resize(table_.size());
  ShrinkWindow(dropped);
  return Offered::kStored;
}

// Makes room for one more variant of the key.
void RamShard::CapVariants(const Key& key, Dropped& dropped) {
  size_t count = 0;
  RamNode* oldest = nullptr;
  for (RamNode* node = table_.Bucket(key.hash); node != nullptr; node = node->next) {
    if (!node->Has(key)) continue;
    ++count;
    oldest = node;
  }
  if (count < limits_.variants_per_key) return;
  // One too many is not worth a place on disk, either.
  Drop(oldest, /*pushed_out=*/false, dropped);
  ++variants_capped_;
}

bool RamShard::WindowIsOver() const {
  if (window_.last == nullptr) return false;
  const ByteCount last = window_.last->size;
  const bool room = probation_.bytes + protected_.bytes + last <= main_capacity_;
  return window_.bytes > window_capacity_ || (room && window_.bytes - last >= kWindowWhileRoom);
}

void RamShard::ShrinkWindow(Dropped& dropped) {
  while (WindowIsOver()) {
    RamNode* candidate = window_.last;
    if (!CanWait(*candidate) && WinsPlace(candidate->hash, candidate->size, dropped)) {
      probation_.MoveHere(candidate);
    } else {
      Drop(candidate, /*pushed_out=*/true, dropped);
    }
  }
}

// Whom the main part would give up next: its least recently used, those on probation
// first. `after`: the one before; null: the first.
RamNode* RamShard::NextVictim(const RamNode* after) const {
  if (after != nullptr && after->before != nullptr) return after->before;
  if (after == nullptr && probation_.last != nullptr) return probation_.last;
  return after == nullptr || after->segment == &probation_ ? protected_.last : nullptr;
}

// Takes from the main part what an entry of that size needs, if its key was used more
// often than theirs together; else takes nothing.
bool RamShard::WinsPlace(const Hash128& key, ByteCount size, Dropped& dropped) {
  const uint32_t uses = sketch_.Estimate(key.low);
  std::vector<RamNode*> victims;
  uint32_t their_uses = 0;
  ByteCount left = probation_.bytes + protected_.bytes;
  while (left + size > main_capacity_) {
    victims.push_back(NextVictim(victims.empty() ? nullptr : victims.back()));
    left -= victims.back()->size;
    their_uses += sketch_.Estimate(victims.back()->hash.low);
    if (their_uses < uses) continue;
    for (RamNode* winner : victims) winner->segment->MoveHere(winner);
    return false;
  }
  for (RamNode* victim : victims) Drop(victim, /*pushed_out=*/true, dropped);
  return true;
}

// An entry that has its place keeps it: only others make room for its growth.
void RamShard::Swap(RamNode* node, EntryPtr fresh, ByteCount size, Dropped& dropped) {
  const bool outgrown = node->segment == &window_ && size > window_capacity_;
  RamSegment& segment = outgrown ? probation_ : *node->segment;
  RamSegment::Unlink(node);
  dropped.others.push_back(std::exchange(node->entry, std::move(fresh)));
  node->size = size;
  segment.PushFront(node);
  table_.MoveToFront(node);
  ShrinkProtected();
  MakeRoom(node, dropped);
  ShrinkWindow(dropped);
}

void RamShard::MakeRoom(const RamNode* keep, Dropped& dropped) {
  while (probation_.bytes + protected_.bytes > main_capacity_) {
    RamNode* victim = NextVictim(nullptr);
    if (victim == keep) victim = NextVictim(keep);
    Drop(victim, /*pushed_out=*/true, dropped);
  }
}

bool RamShard::Replace(const EntryPtr& old, EntryPtr fresh, Dropped& dropped) {
  SKERRY_CHECK(old->head.key == fresh->head.key);
  const ByteCount size = fresh->MemorySize();
  MutexLock lock(mutex_);
  RamNode* place = FindEntry(old);
  if (place == nullptr) return false;
  if (size > limits_.largest_object) {
    Drop(place, /*pushed_out=*/false, dropped);
    return false;
  }
  RamNode* same = FindVariant(fresh->head);
  if (same != nullptr && same != place) Drop(same, /*pushed_out=*/false, dropped);
  place->on_disk = false;
  Swap(place, std::move(fresh), size, dropped);
  return true;
}

size_t RamShard::Remove(const Key& key, Dropped& dropped) {
  MutexLock lock(mutex_);
  size_t count = 0;
  for (RamNode* node = table_.Bucket(key.hash); node != nullptr;) {
    RamNode* next = node->next;
    if (node->Has(key)) {
      Drop(node, /*pushed_out=*/false, dropped);
      ++count;
    }
    node = next;
  }
  return count;
}

bool RamShard::Remove(const EntryPtr& entry, Dropped& dropped) {
  MutexLock lock(mutex_);
  RamNode* node = FindEntry(entry);
  if (node == nullptr) return false;
  Drop(node, /*pushed_out=*/false, dropped);
  return true;
}

void RamShard::Drop(RamNode* node, bool pushed_out, Dropped& dropped) {
  RamSegment::Unlink(node);
  auto& where = pushed_out && node->hit ? dropped.pushed_out_after_hit : dropped.others;
  where.push_back(table_.Erase(node));
}

ByteCount RamShard::bytes() const {
  MutexLock lock(mutex_);
  return window_.bytes + probation_.bytes + protected_.bytes;
}

size_t RamShard::objects() const {
  MutexLock lock(mutex_);
  return table_.size();
}

uint64_t RamShard::variants_capped() const {
  MutexLock lock(mutex_);
  return variants_capped_;
}

}  // namespace skerry::cache
