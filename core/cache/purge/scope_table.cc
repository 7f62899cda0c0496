#include "core/cache/purge/scope_table.h"

#include <utility>

namespace skerry::cache {

size_t ScopeTable::IndexOf(uint64_t hash) const {
  const size_t mask = slots_.size() - 1;
  size_t index = hash & mask;
  while (slots_[index].hash != 0 && slots_[index].hash != hash) index = (index + 1) & mask;
  return index;
}

Gens ScopeTable::Find(uint64_t hash) const {
  return slots_.empty() ? Gens{} : slots_[IndexOf(hash)].gens;
}

void ScopeTable::Raise(uint64_t hash, uint64_t wider, const Gens& gens) {
  if (slots_.empty() || (used_ + 1) * 8 > slots_.size() * 5) Grow();
  Slot& slot = slots_[IndexOf(hash)];
  if (slot.hash == 0) {
    slot.hash = hash;
    slot.wider = wider;
    ++used_;
  }
  slot.gens.Raise(gens);
}

void ScopeTable::Grow() {
  std::vector<Slot> old(slots_.empty() ? 64 : slots_.size() * 2);
  std::swap(old, slots_);
  for (const Slot& slot : old) {
    if (slot.hash != 0) slots_[IndexOf(slot.hash)] = slot;
  }
}

}  // namespace skerry::cache
