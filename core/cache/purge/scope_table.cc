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
  if (!HasRoom(1)) *this = Larger(1);
  Slot& slot = slots_[IndexOf(hash)];
  if (slot.hash == 0) {
    slot.hash = hash;
    slot.wider = wider;
    ++used_;
  }
  slot.gens.Raise(gens);
}

ScopeTable ScopeTable::Larger(size_t more) const {
  size_t size = slots_.empty() ? 64 : slots_.size() * 2;
  while ((used_ + more) * 8 > size * 5) size *= 2;
  ScopeTable larger;
  larger.slots_.resize(size);
  larger.used_ = used_;
  for (const Slot& slot : slots_) {
    if (slot.hash != 0) larger.slots_[larger.IndexOf(slot.hash)] = slot;
  }
  return larger;
}

}  // namespace skerry::cache
