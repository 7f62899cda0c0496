#include "core/cache/ram.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "core/base/random.h"
#include "core/base/result.h"
#include "core/cache/ram_shard.h"

namespace skerry::cache {
namespace {

// An object may take a quarter of a shard, so that one newcomer never empties it.
constexpr ByteCount kObjectsPerShard = 4;

ByteCount LargestObject(const Ram::Options& options) {
  if (options.largest_object != 0) return options.largest_object;
  return std::max<ByteCount>(options.capacity / 64, 1_MiB);
}

}  // namespace

std::string_view Name(Offered offered) {
  switch (offered) {
    case Offered::kStored: return "stored";
    case Offered::kRefused: return "refused";
    case Offered::kTooLarge: return "too-large";
  }
  return "?";
}

struct Ram::State {
  ByteCount capacity = 0;
  std::vector<std::unique_ptr<RamShard>> shards;
  std::function<void(EntryPtr)> evicted;

  // Keys' low bits choose buckets and counters, so shards go by the high ones.
  RamShard& Of(const Key& key) const { return *shards[key.hash.high & (shards.size() - 1)]; }

  void LetGo(RamShard::Dropped dropped) const {
    if (!evicted) return;
    for (EntryPtr& entry : dropped.pushed_out_after_hit) evicted(std::move(entry));
  }
};

Ram::Ram(Options options) : state_(std::make_unique<State>()) {
  SKERRY_CHECK(std::has_single_bit(options.shards));
  const ByteCount largest = LargestObject(options);
  size_t shards = options.shards;
  while (shards > 1 && options.capacity / shards < largest * kObjectsPerShard) shards /= 2;
  const ByteCount each = options.capacity / shards;
  state_->capacity = options.capacity;
  for (size_t i = 0; i < shards; ++i) {
    state_->shards.push_back(std::make_unique<RamShard>(
        RamShard::Limits{.capacity = each,
                         .largest_object = std::min(largest, each - each / kObjectsPerShard),
                         .variants_per_key = options.variants_per_key,
                         .table_seed = Random::Secure().Next()}));
  }
}

Ram::~Ram() = default;

std::vector<EntryPtr> Ram::Find(const Key& key) { return state_->Of(key).Find(key); }

void Ram::FindKept(const Key& key, std::vector<EntryPtr>& found) {
  state_->Of(key).FindKept(key, found);
}

bool Ram::AskedBefore(const Key& key) const { return state_->Of(key).AskedBefore(key); }

std::vector<EntryPtr> Ram::Peek(const Key& key) const { return state_->Of(key).Peek(key); }

Offered Ram::Offer(EntryPtr entry, bool on_disk) {
  SKERRY_CHECK(entry->in_memory());
  RamShard::Dropped dropped;
  RamShard& shard = state_->Of(entry->head.key);
  const Offered offered = shard.Offer(std::move(entry), on_disk, dropped);
  state_->LetGo(std::move(dropped));
  return offered;
}

bool Ram::Replace(const EntryPtr& old, EntryPtr fresh) {
  SKERRY_CHECK(fresh->in_memory());
  RamShard::Dropped dropped;
  const bool replaced = state_->Of(old->head.key).Replace(old, std::move(fresh), dropped);
  state_->LetGo(std::move(dropped));
  return replaced;
}

size_t Ram::Remove(const Key& key) {
  RamShard::Dropped dropped;
  return state_->Of(key).Remove(key, dropped);
}

bool Ram::Remove(const EntryPtr& entry) {
  RamShard::Dropped dropped;
  return state_->Of(entry->head.key).Remove(entry, dropped);
}

bool Ram::Walk(Place& place, size_t some, std::vector<EntryPtr>& seen) const {
  const size_t enough = seen.size() + some;
  while (place.shard < state_->shards.size() && seen.size() < enough) {
    if (state_->shards[place.shard]->Walk(place.bucket, enough, seen)) continue;
    ++place.shard;
    place.bucket = 0;
  }
  return place.shard < state_->shards.size();
}

void Ram::OnEvict(std::function<void(EntryPtr)> evicted) { state_->evicted = std::move(evicted); }

ByteCount Ram::capacity() const { return state_->capacity; }

ByteCount Ram::bytes() const {
  ByteCount bytes = 0;
  for (const auto& shard : state_->shards) bytes += shard->bytes();
  return bytes;
}

size_t Ram::objects() const {
  size_t objects = 0;
  for (const auto& shard : state_->shards) objects += shard->objects();
  return objects;
}

uint64_t Ram::variants_capped() const {
  uint64_t capped = 0;
  for (const auto& shard : state_->shards) capped += shard->variants_capped();
  return capped;
}

}  // namespace skerry::cache
