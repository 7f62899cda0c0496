#include "core/cache/ram_shard.h"

#include <algorithm>
#include <utility>

#include "core/base/result.h"

namespace skerry::cache {
namespace {

// Shares of the capacity; measured in docs/why/ram-policy.md.
constexpr ByteCount kWindowShare = 100;    // one part in a hundred
constexpr ByteCount kProtectedTenths = 8;  // of the main part

bool SameVariant(const StoredHead& a, const StoredHead& b) {
  return a.variant_hash == b.variant_hash && a.key == b.key && a.vary == b.vary &&
         a.variant_text == b.variant_text;
}

}  // namespace

struct RamShard::Node {
  EntryPtr entry;
  ByteCount size = 0;
  bool hit = false;
  Segment* segment = nullptr;
  Node* before = nullptr;  // used more recently
  Node* after = nullptr;
};

size_t RamShard::SeededHash::operator()(const Hash128& hash) const noexcept {
  const auto product = static_cast<unsigned __int128>(hash.low ^ seed) * (hash.high ^ ~seed);
  return static_cast<size_t>(product ^ (product >> 64));
}

RamShard::RamShard(const Limits& limits)
    : limits_(limits),
      window_capacity_(limits.capacity / kWindowShare),
      main_capacity_(limits.capacity - window_capacity_),
      protected_capacity_(main_capacity_ / 10 * kProtectedTenths),
      table_(16, SeededHash{limits.table_seed}) {
  SKERRY_CHECK(limits.variants_per_key > 0);
  SKERRY_CHECK(limits.largest_object <= main_capacity_);
}

RamShard::~RamShard() = default;

void RamShard::PushFront(Segment& segment, Node* node) {
  node->segment = &segment;
  node->before = nullptr;
  node->after = segment.first;
  (segment.first ? segment.first->before : segment.last) = node;
  segment.first = node;
  segment.bytes += node->size;
}

void RamShard::Unlink(Node* node) {
  Segment& segment = *node->segment;
  (node->before ? node->before->after : segment.first) = node->after;
  (node->after ? node->after->before : segment.last) = node->before;
  segment.bytes -= node->size;
  node->segment = nullptr;
}

void RamShard::MoveTo(Segment& segment, Node* node) {
  Unlink(node);
  PushFront(segment, node);
}

ByteCount RamShard::Used() const { return window_.bytes + probation_.bytes + protected_.bytes; }

std::vector<EntryPtr> RamShard::Find(const Key& key) {
  std::vector<EntryPtr> found;
  MutexLock lock(mutex_);
  sketch_.Add(key.hash.low);
  const auto at = table_.find(key.hash);
  if (at == table_.end()) return found;
  found.reserve(at->second.size());
  for (const auto& node : at->second) {
    if (node->entry->head.key != key) continue;
    found.push_back(node->entry);
    node->hit = true;
    Touch(node.get());
  }
  return found;
}

void RamShard::Touch(Node* node) {
  MoveTo(node->segment == &window_ ? window_ : protected_, node);
  ShrinkProtected();
}

void RamShard::ShrinkProtected() {
  while (protected_.bytes > protected_capacity_) MoveTo(probation_, protected_.last);
}

Offered RamShard::Offer(EntryPtr entry, Dropped& dropped) {
  const ByteCount size = entry->MemorySize();
  MutexLock lock(mutex_);
  const Key& key = entry->head.key;
  Node* same = nullptr;
  if (const auto at = table_.find(key.hash); at != table_.end()) {
    for (const auto& node : at->second) {
      if (SameVariant(node->entry->head, entry->head)) same = node.get();
    }
  }
  if (size > limits_.largest_object) {
    if (same != nullptr) Drop(same, /*pushed_out=*/false, dropped);
    return Offered::kTooLarge;
  }
  if (same != nullptr) {
    same->hit = false;
    Swap(same, std::move(entry), size, dropped);
    return Offered::kStored;
  }
  return Insert(std::move(entry), size, dropped);
}

Offered RamShard::Insert(EntryPtr&& entry, ByteCount size, Dropped& dropped) {
  // Decided first, so that a refusal leaves the key's other variants alone.
  std::vector<Node*> victims;
  const bool by_window = size <= window_capacity_;
  if (!by_window && !Admits(*entry, size, victims)) return Offered::kRefused;
  for (Node* victim : victims) Drop(victim, /*pushed_out=*/true, dropped);

  Variants& variants = table_[entry->head.key.hash];
  CapVariants(variants, entry->head.key, dropped);
  auto node = std::make_unique<Node>();
  node->entry = std::move(entry);
  node->size = size;
  PushFront(by_window ? window_ : probation_, node.get());
  variants.insert(variants.begin(), std::move(node));
  sketch_.Resize(++objects_);
  ShrinkWindow(dropped);
  return Offered::kStored;
}

// Makes room for one more variant of the key.
void RamShard::CapVariants(Variants& variants, const Key& key, Dropped& dropped) {
  size_t count = 0;
  for (const auto& node : variants) count += node->entry->head.key == key;
  while (count >= limits_.variants_per_key) {
    const auto oldest = std::find_if(variants.rbegin(), variants.rend(), [&](const auto& node) {
      return node->entry->head.key == key;
    });
    Release(variants, std::prev(oldest.base()), /*pushed_out=*/true, dropped);
    ++variants_capped_;
    --count;
  }
}

void RamShard::ShrinkWindow(Dropped& dropped) {
  while (window_.bytes > window_capacity_) {
    Node* candidate = window_.last;
    std::vector<Node*> victims;
    if (!Admits(*candidate->entry, candidate->size, victims)) {
      Drop(candidate, /*pushed_out=*/true, dropped);
      continue;
    }
    for (Node* victim : victims) Drop(victim, /*pushed_out=*/true, dropped);
    MoveTo(probation_, candidate);
  }
}

// May an entry that is not in the main part enter it? If so, `victims` are those
// that must go, none if there is room.
bool RamShard::Admits(const Entry& entry, ByteCount size, std::vector<Node*>& victims) const {
  const uint32_t uses = sketch_.Estimate(entry.head.key.hash.low);
  ByteCount used = probation_.bytes + protected_.bytes;
  uint32_t victims_uses = 0;
  Node* victim = probation_.last != nullptr ? probation_.last : protected_.last;
  while (used + size > main_capacity_) {
    victims_uses += sketch_.Estimate(victim->entry->head.key.hash.low);
    if (victims_uses >= uses) return false;
    used -= victim->size;
    victims.push_back(victim);
    const bool end_of_probation = victim->before == nullptr && victim->segment == &probation_;
    victim = end_of_probation ? protected_.last : victim->before;
  }
  return true;
}

void RamShard::Swap(Node* node, EntryPtr fresh, ByteCount size, Dropped& dropped) {
  // An entry that has its place keeps it: only others make room for its growth.
  Segment& segment =
      node->segment == &window_ && size > window_capacity_ ? probation_ : *node->segment;
  Unlink(node);
  dropped.others.push_back(std::exchange(node->entry, std::move(fresh)));
  node->size = size;
  PushFront(segment, node);
  ShrinkProtected();
  MakeRoom(node, dropped);
  ShrinkWindow(dropped);
}

void RamShard::MakeRoom(const Node* keep, Dropped& dropped) {
  while (probation_.bytes + protected_.bytes > main_capacity_) {
    Node* victim = probation_.last != nullptr ? probation_.last : protected_.last;
    if (victim == keep) victim = keep->before != nullptr ? keep->before : protected_.last;
    Drop(victim, /*pushed_out=*/true, dropped);
  }
}

bool RamShard::Replace(const EntryPtr& old, EntryPtr fresh, Dropped& dropped) {
  SKERRY_CHECK(old->head.key == fresh->head.key);
  const ByteCount size = fresh->MemorySize();
  MutexLock lock(mutex_);
  const auto at = table_.find(old->head.key.hash);
  if (at == table_.end()) return false;
  Node* place = nullptr;
  Node* same = nullptr;
  for (const auto& node : at->second) {
    if (node->entry == old) {
      place = node.get();
    } else if (SameVariant(node->entry->head, fresh->head)) {
      same = node.get();
    }
  }
  if (place == nullptr) return false;
  if (size > limits_.largest_object) {
    Drop(place, /*pushed_out=*/false, dropped);
    return false;
  }
  if (same != nullptr) Drop(same, /*pushed_out=*/false, dropped);
  Variants& variants = at->second;
  const auto where = std::find_if(variants.begin(), variants.end(),
                                  [&](const auto& node) { return node.get() == place; });
  std::rotate(variants.begin(), where, std::next(where));  // newest first
  Swap(place, std::move(fresh), size, dropped);
  return true;
}

size_t RamShard::Remove(const Key& key, Dropped& dropped) {
  MutexLock lock(mutex_);
  size_t count = 0;
  const auto at = table_.find(key.hash);
  if (at == table_.end()) return 0;
  Variants& variants = at->second;
  for (auto node = variants.begin(); node != variants.end();) {
    if ((*node)->entry->head.key != key) {
      ++node;
      continue;
    }
    node = Release(variants, node, /*pushed_out=*/false, dropped);
    ++count;
  }
  if (variants.empty()) table_.erase(at);
  return count;
}

bool RamShard::Remove(const EntryPtr& entry, Dropped& dropped) {
  MutexLock lock(mutex_);
  const auto at = table_.find(entry->head.key.hash);
  if (at == table_.end()) return false;
  for (const auto& node : at->second) {
    if (node->entry != entry) continue;
    Drop(node.get(), /*pushed_out=*/false, dropped);
    return true;
  }
  return false;
}

void RamShard::Drop(Node* node, bool pushed_out, Dropped& dropped) {
  const auto at = table_.find(node->entry->head.key.hash);
  SKERRY_CHECK(at != table_.end());
  Variants& variants = at->second;
  const auto where = std::find_if(variants.begin(), variants.end(),
                                  [&](const auto& each) { return each.get() == node; });
  SKERRY_CHECK(where != variants.end());
  Release(variants, where, pushed_out, dropped);
  if (variants.empty()) table_.erase(at);
}

RamShard::Variants::iterator RamShard::Release(Variants& variants, Variants::iterator where,
                                               bool pushed_out, Dropped& dropped) {
  Node* node = where->get();
  Unlink(node);
  (pushed_out && node->hit ? dropped.pushed_out_after_hit : dropped.others)
      .push_back(std::move(node->entry));
  --objects_;
  return variants.erase(where);
}

ByteCount RamShard::bytes() const {
  MutexLock lock(mutex_);
  return Used();
}

size_t RamShard::objects() const {
  MutexLock lock(mutex_);
  return objects_;
}

uint64_t RamShard::variants_capped() const {
  MutexLock lock(mutex_);
  return variants_capped_;
}

}  // namespace skerry::cache
