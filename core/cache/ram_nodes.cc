#include "core/cache/ram_nodes.h"

#include <utility>

namespace skerry::cache {
namespace {

constexpr size_t kFirstBuckets = 64;

}  // namespace

void RamSegment::PushFront(RamNode* node) {
  node->segment = this;
  node->before = nullptr;
  node->after = first;
  (first != nullptr ? first->before : last) = node;
  first = node;
  bytes += node->size;
}

void RamSegment::Unlink(RamNode* node) {
  RamSegment& segment = *node->segment;
  (node->before != nullptr ? node->before->after : segment.first) = node->after;
  (node->after != nullptr ? node->after->before : segment.last) = node->before;
  segment.bytes -= node->size;
  node->segment = nullptr;
}

RamTable::RamTable(uint64_t seed) : seed_(seed), buckets_(kFirstBuckets) {}

RamTable::~RamTable() {
  for (RamNode* node : buckets_) {
    while (node != nullptr) delete std::exchange(node, node->next);
  }
}

size_t RamTable::IndexOf(const Hash128& hash) const {
  const auto product = static_cast<unsigned __int128>(hash.low ^ seed_) * (hash.high ^ ~seed_);
  return static_cast<size_t>(product ^ (product >> 64)) & (buckets_.size() - 1);
}

RamNode* RamTable::Insert(EntryPtr entry, ByteCount size) {
  if (size_ == buckets_.size()) Grow();
  auto* node = new RamNode;
  node->hash = entry->head.key.hash;
  node->entry = std::move(entry);
  node->size = size;
  node->next = std::exchange(buckets_[IndexOf(node->hash)], node);
  ++size_;
  return node;
}

void RamTable::Detach(RamNode* node) {
  RamNode** link = &buckets_[IndexOf(node->hash)];
  while (*link != node) link = &(*link)->next;
  *link = node->next;
}

void RamTable::MoveToFront(RamNode* node) {
  Detach(node);
  node->next = std::exchange(buckets_[IndexOf(node->hash)], node);
}

EntryPtr RamTable::Erase(RamNode* node) {
  Detach(node);
  EntryPtr entry = std::move(node->entry);
  delete node;
  --size_;
  return entry;
}

void RamTable::Grow() {
  const std::vector<RamNode*> old =
      std::exchange(buckets_, std::vector<RamNode*>(buckets_.size() * 2));
  for (RamNode* node : old) {
    // Turned round first, so that pushing to the front keeps variants in their order.
    RamNode* reversed = nullptr;
    while (node != nullptr) {
      RamNode* next = std::exchange(node->next, reversed);
      reversed = std::exchange(node, next);
    }
    while (reversed != nullptr) {
      RamNode* moved = std::exchange(reversed, reversed->next);
      moved->next = std::exchange(buckets_[IndexOf(moved->hash)], moved);
    }
  }
}

}  // namespace skerry::cache
