#include "core/cache/fill/table.h"

#include <array>
#include <deque>
#include <unordered_map>
#include <utility>

#include "core/base/thread.h"

namespace skerry::cache {
namespace {

constexpr size_t kShards = 64;

Hash128 Slot(const Key& key, uint64_t variant_hint) {
  return {key.hash.high, key.hash.low ^ (variant_hint * 0x9e3779b97f4a7c15)};
}

}  // namespace

struct FillTable::State {
  struct Shard {
    mutable Mutex mutex;
    std::unordered_map<Hash128, std::shared_ptr<Fill>> fills SKERRY_GUARDED_BY(mutex);
  };
  Shard& At(const Hash128& slot) { return shards[slot.low % kShards]; }
  const Shard& At(const Hash128& slot) const { return shards[slot.low % kShards]; }
  std::array<Shard, kShards> shards;
};

FillTable::FillTable() : state_(std::make_unique<State>()) {}
FillTable::~FillTable() = default;

FillTable::Place FillTable::Join(const Fill::Options& options, uint64_t variant_hint,
                                 const Generations& generations, bool fenced) {
  const Hash128 slot = Slot(options.key, variant_hint);
  State::Shard& shard = state_->At(slot);
  MutexLock lock(shard.mutex);
  std::shared_ptr<Fill>& place = shard.fills[slot];
  if (place != nullptr && place->key() == options.key &&
      place->MayJoin(generations, fenced) == Joined::kJoined) {
    return {place, false, nullptr};
  }
  Fill::Options made = options;
  made.gathers = fenced;
  const std::shared_ptr<Fill> before = std::exchange(place, std::make_shared<Fill>(made));
  return {place, true, fenced ? before : nullptr};
}

std::shared_ptr<const Fill> FillTable::Find(const Key& key, uint64_t variant_hint,
                                            const Generations& generations, bool fenced) const {
  const Hash128 slot = Slot(key, variant_hint);
  const State::Shard& shard = state_->At(slot);
  MutexLock lock(shard.mutex);
  const auto found = shard.fills.find(slot);
  if (found == shard.fills.end() || found->second->key() != key) return nullptr;
  const bool joined = found->second->MayJoin(generations, fenced) == Joined::kJoined;
  return joined ? found->second : nullptr;
}

void FillTable::Remove(const std::shared_ptr<Fill>& fill, uint64_t variant_hint) {
  const Hash128 slot = Slot(fill->key(), variant_hint);
  State::Shard& shard = state_->At(slot);
  MutexLock lock(shard.mutex);
  const auto found = shard.fills.find(slot);
  if (found != shard.fills.end() && found->second == fill) shard.fills.erase(found);
}

bool FillTable::Contains(const Key& key, uint64_t variant_hint) const {
  const Hash128 slot = Slot(key, variant_hint);
  const State& state = *state_;
  const State::Shard& shard = state.At(slot);
  MutexLock lock(shard.mutex);
  return shard.fills.contains(slot);
}

size_t FillTable::size() const {
  size_t size = 0;
  for (const State::Shard& shard : state_->shards) {
    MutexLock lock(shard.mutex);
    size += shard.fills.size();
  }
  return size;
}

std::optional<Seq> FillTable::OldestStamp() const {
  std::optional<Seq> oldest;
  for (const State::Shard& shard : state_->shards) {
    MutexLock lock(shard.mutex);
    for (const auto& [slot, fill] : shard.fills) {
      if (fill->gathers()) continue;
      const Seq stamp = fill->stamp().seq;
      if (!oldest || stamp < *oldest) oldest = stamp;
    }
  }
  return oldest;
}

struct UnshareableKeys::State {
  State(size_t most, Seconds longest) : capacity(most), lifetime(longest) {}

  const size_t capacity;
  const Seconds lifetime;
  mutable Mutex mutex;
  struct Known {
    SteadyTime until;
    Storable why;
  };
  std::unordered_map<Hash128, Known> keys SKERRY_GUARDED_BY(mutex);
  std::deque<Hash128> order SKERRY_GUARDED_BY(mutex);  // oldest first; may name forgotten ones
};

UnshareableKeys::UnshareableKeys(size_t capacity, Seconds lifetime)
    : state_(std::make_unique<State>(capacity, lifetime)) {}
UnshareableKeys::~UnshareableKeys() = default;

std::optional<Storable> UnshareableKeys::Why(const Key& key, SteadyTime now) const {
  MutexLock lock(state_->mutex);
  const auto found = state_->keys.find(key.hash);
  if (found == state_->keys.end() || found->second.until <= now) return std::nullopt;
  return found->second.why;
}

void UnshareableKeys::Add(const Key& key, Storable why, SteadyTime now) {
  MutexLock lock(state_->mutex);
  const State::Known known{now + state_->lifetime, why};
  if (state_->keys.insert_or_assign(key.hash, known).second) state_->order.push_back(key.hash);
  while (state_->order.size() > state_->capacity) {
    state_->keys.erase(state_->order.front());
    state_->order.pop_front();
  }
}

void UnshareableKeys::Remove(const Key& key) {
  MutexLock lock(state_->mutex);
  state_->keys.erase(key.hash);
}

size_t UnshareableKeys::size() const {
  MutexLock lock(state_->mutex);
  return state_->keys.size();
}

}  // namespace skerry::cache
