#include "core/cache/ram_nodes.h"

#include <limits>
#include <utility>

#include "core/base/result.h"

namespace skerry::cache {
namespace {

constexpr size_t kFirstBuckets = 64;

static_assert(sizeof(RamNode) == 40);

uint32_t UnitsOf(ByteCount size) {
  SKERRY_CHECK(size % kMemoryUnit == 0 &&
               size / kMemoryUnit <= std::numeric_limits<uint32_t>::max());
  return static_cast<uint32_t>(size / kMemoryUnit);
}

}  // namespace

RamNodes::RamNodes(uint64_t seed) : seed_(seed), buckets_(kFirstBuckets) {}

RamNodes::~RamNodes() = default;

// Its low bits choose the bucket; there are never more than 2^32 nodes.
uint32_t RamNodes::MarkOf(const Hash128& hash) const {
  const auto product = static_cast<unsigned __int128>(hash.low ^ seed_) * (hash.high ^ ~seed_);
  return static_cast<uint32_t>(product ^ (product >> 64));
}

RamNodeId RamNodes::NextOf(RamNodeId id, uint32_t mark, const Key& key) const {
  while (id != 0) {
    const RamNode& node = (*this)[id];
    if (node.mark == mark && node.entry->head.key == key) break;
    id = node.next;
  }
  return id;
}

RamNodeId RamNodes::Find(const Key& key) const {
  const uint32_t mark = MarkOf(key.hash);
  return NextOf(buckets_[mark & (buckets_.size() - 1)], mark, key);
}

RamNodeId RamNodes::FindNext(RamNodeId id, const Key& key) const {
  const RamNode& node = (*this)[id];
  return NextOf(node.next, node.mark, key);
}

RamNodeId RamNodes::MakeNode() {
  if (free_ == 0) {
    const size_t first = slabs_.size() * kSlab;
    SKERRY_CHECK(first + kSlab <= std::numeric_limits<RamNodeId>::max());
    slabs_.push_back(std::make_unique<RamNode[]>(kSlab));
    // Number 0 is nobody's.
    for (size_t i = kSlab; i-- > (first == 0 ? 1 : 0);) {
      slabs_.back()[i].next = std::exchange(free_, static_cast<RamNodeId>(first + i));
    }
  }
  return std::exchange(free_, (*this)[free_].next);
}

RamNodeId RamNodes::Insert(EntryPtr entry, ByteCount size) {
  if (size_ == buckets_.size()) Grow();
  const RamNodeId id = MakeNode();
  RamNode& node = (*this)[id];
  node.mark = MarkOf(entry->head.key.hash);
  node.entry = std::move(entry);
  node.units = UnitsOf(size);
  PushIntoBucket(id);
  ++size_;
  return id;
}

EntryPtr RamNodes::Exchange(RamNodeId id, EntryPtr entry, ByteCount size) {
  Unlink(id);
  Detach(id);
  PushIntoBucket(id);
  RamNode& node = (*this)[id];
  node.units = UnitsOf(size);
  return std::exchange(node.entry, std::move(entry));
}

EntryPtr RamNodes::Erase(RamNodeId id) {
  Unlink(id);
  Detach(id);
  RamNode& node = (*this)[id];
  EntryPtr entry = std::move(node.entry);
  node = {};
  node.next = std::exchange(free_, id);
  --size_;
  return entry;
}

void RamNodes::PushIntoBucket(RamNodeId id) {
  RamNode& node = (*this)[id];
  node.next = std::exchange(BucketOf(node.mark), id);
}

void RamNodes::Detach(RamNodeId id) {
  const RamNode& node = (*this)[id];
  RamNodeId* link = &BucketOf(node.mark);
  while (*link != id) link = &(*this)[*link].next;
  *link = node.next;
}

void RamNodes::Move(RamNodeId id, RamSegment to) {
  Unlink(id);
  RamNode& node = (*this)[id];
  List& list = lists_[static_cast<size_t>(to)];
  node.segment = to;
  node.after = list.first;
  (list.first != 0 ? (*this)[list.first].before : list.last) = id;
  list.first = id;
  list.bytes += node.size();
}

void RamNodes::Unlink(RamNodeId id) {
  RamNode& node = (*this)[id];
  if (node.segment == RamSegment::kNone) return;
  List& list = lists_[static_cast<size_t>(node.segment)];
  (node.before != 0 ? (*this)[node.before].after : list.first) = node.after;
  (node.after != 0 ? (*this)[node.after].before : list.last) = node.before;
  list.bytes -= node.size();
  node.segment = RamSegment::kNone;
  node.before = node.after = 0;
}

void RamNodes::Grow() {
  const std::vector<RamNodeId> old =
      std::exchange(buckets_, std::vector<RamNodeId>(buckets_.size() * 2));
  for (RamNodeId id : old) {
    // Turned round first, so that pushing to the front keeps variants in their order.
    RamNodeId reversed = 0;
    while (id != 0) {
      const RamNodeId next = std::exchange((*this)[id].next, reversed);
      reversed = std::exchange(id, next);
    }
    while (reversed != 0) {
      const RamNodeId next = (*this)[reversed].next;
      PushIntoBucket(std::exchange(reversed, next));
    }
  }
}

}  // namespace skerry::cache
