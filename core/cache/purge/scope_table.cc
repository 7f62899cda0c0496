#include "core/cache/purge/scope_table.h"

#include <sys/mman.h>

#include <cstdlib>
#include <utility>

#include "core/base/result.h"

namespace skerry::cache {
namespace {

constexpr size_t kSmallest = 64;
// Larger ones get pages of 2 MiB where the kernel gives them: a table is hit all over, and
// with small pages the walk to a page costs as much as the slot.
constexpr size_t kHugePage = size_t{2} << 20;

uint64_t Load(const uint64_t& from, std::memory_order order) {
  return std::atomic_ref<uint64_t>(const_cast<uint64_t&>(from)).load(order);
}
void Store(uint64_t& to, uint64_t value, std::memory_order order) {
  std::atomic_ref<uint64_t>(to).store(value, order);
}

size_t CountFor(size_t scopes) {
  size_t count = kSmallest;
  while (scopes * 8 > count * 5) count *= 2;
  return count;
}

}  // namespace

void ReleaseMemory::operator()(void* memory) const {
  if (mapped == 0) {
    std::free(memory);
  } else {
    munmap(memory, mapped);
  }
}

// Zeroed, by the kernel where it is large: nothing is touched before it is used.
ScopeTable::Slots ScopeTable::Free(size_t count) {
  const size_t bytes = count * sizeof(Slot);
  if (bytes < kHugePage) {
    void* memory = std::calloc(count, sizeof(Slot));
    SKERRY_CHECK(memory != nullptr);
    return {static_cast<Slot*>(memory), ReleaseMemory{}};
  }
  void* memory = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  SKERRY_CHECK(memory != MAP_FAILED);
  madvise(memory, bytes, MADV_HUGEPAGE);
  return {static_cast<Slot*>(memory), ReleaseMemory{bytes}};
}

ScopeTable::ScopeTable(size_t room) : slots_(Free(CountFor(room))), count_(CountFor(room)) {}

ScopeTable::ScopeTable(ScopeTable&& other) noexcept
    : slots_(std::move(other.slots_)),
      count_(std::exchange(other.count_, 0)),
      used_(other.used_.exchange(0)) {}

ScopeTable& ScopeTable::operator=(ScopeTable&& other) noexcept {
  slots_ = std::move(other.slots_);
  count_ = std::exchange(other.count_, 0);
  used_ = other.used_.exchange(0);
  return *this;
}

size_t ScopeTable::IndexOf(uint64_t hash) const {
  const size_t mask = count_ - 1;
  size_t index = hash & mask;
  while (true) {
    const uint64_t here = Load(slots_[index].hash, std::memory_order_acquire);
    if (here == 0 || here == hash) return index;
    index = (index + 1) & mask;
  }
}

Gens ScopeTable::Find(uint64_t hash) const {
  if (count_ == 0) return {};
  const Slot& slot = slots_[IndexOf(hash)];
  // A free one may be about to become another scope's.
  if (Load(slot.hash, std::memory_order_acquire) != hash) return {};
  return {Load(slot.gens.hard, std::memory_order_relaxed),
          Load(slot.gens.soft, std::memory_order_relaxed)};
}

// Whoever sees the hash sees what belongs to it.
void ScopeTable::Raise(uint64_t hash, uint64_t wider, const Gens& gens) {
  if (!HasRoom(1)) *this = Larger(1);
  Slot& slot = slots_[IndexOf(hash)];
  Store(slot.gens.hard, std::max(slot.gens.hard, gens.hard), std::memory_order_relaxed);
  Store(slot.gens.soft, std::max(slot.gens.soft, gens.soft), std::memory_order_relaxed);
  if (slot.hash != 0) return;
  slot.wider = wider;
  Store(slot.hash, hash, std::memory_order_release);
  used_.store(size() + 1, std::memory_order_relaxed);
}

ScopeTable ScopeTable::Larger(size_t more) const {
  ScopeTable larger(std::max(size() + more, count_ * 5 / 8 + 1));
  for (size_t i = 0; i < count_; ++i) {
    if (slots_[i].hash != 0) larger.slots_[larger.IndexOf(slots_[i].hash)] = slots_[i];
  }
  larger.used_ = size();
  return larger;
}

}  // namespace skerry::cache
