#include "core/cache/entry.h"

#include <algorithm>
#include <bit>
#include <utility>

#include "core/cache/representation.h"
#include "core/http/date.h"

namespace skerry::cache {
namespace {

// Its node in a shard, a place and a half in the table, and some 48 counters of the sketch.
constexpr ByteCount kPlaceInTier = 72;
constexpr ByteCount kSharedCount = 16;  // in front of an object that shared pointers own
constexpr ByteCount kChunkFront = 24;   // in front of a chunk's bytes

// What the daemons' allocator takes for so many bytes. jemalloc has sizes in steps of 16 up
// to 128 and four to each doubling from there to 14 KiB; larger ones touch whole pages.
constexpr ByteCount Allocated(ByteCount bytes) {
  ByteCount step = 4096;
  if (bytes <= 14_KiB) step = bytes <= 128 ? 16 : std::bit_floor(bytes - 1) / 4;
  return (bytes + step - 1) / step * step;
}

ByteCount HeapSize(const std::string& text) {
  return text.capacity() <= std::string().capacity() ? 0 : Allocated(text.capacity() + 1);
}

ByteCount HeapSize(const Seldom<std::vector<std::string>>& texts) {
  if (!texts.there()) return 0;
  ByteCount size = Allocated(sizeof(texts.get())) + Allocated(texts->size() * sizeof(std::string));
  for (const std::string& text : texts.get()) size += HeapSize(text);
  return size;
}

ByteCount HeapSize(const std::shared_ptr<const http::Fields>& fields) {
  if (fields == nullptr) return 0;
  return Allocated(kSharedCount + sizeof(http::Fields)) + Allocated(fields->HeapSize());
}

// Date says which of two responses is newer (RFC 9111 4.1); without one the time of
// receipt does.
WallTime GeneratedAt(const StoredHead& head) {
  const std::optional<std::string> date = head.fields->Combined("date");
  if (!date) return head.response_time;
  return http::ParseDate(*date, head.response_time).value_or(head.response_time);
}

// When the newest response with Vary was made, if there is also one without.
std::optional<WallTime> NewestWithVaryAmongOthers(const std::vector<EntryPtr>& variants) {
  const auto has_none = [](const EntryPtr& variant) { return variant->head.vary.empty(); };
  if (std::none_of(variants.begin(), variants.end(), has_none)) return std::nullopt;
  std::optional<WallTime> newest;
  for (const EntryPtr& variant : variants) {
    if (has_none(variant)) continue;
    const WallTime at = GeneratedAt(variant->head);
    if (!newest || at > *newest) newest = at;
  }
  return newest;
}

}  // namespace

ByteCount Entry::MemorySize() const {
  ByteCount size = kPlaceInTier + Allocated(kSharedCount + sizeof(Entry));
  size += HeapSize(head.key.text) + Allocated(head.variant_text.HeapSize());
  size += HeapSize(head.fields);
  if (head.client_fields != head.fields) size += HeapSize(head.client_fields);
  size += HeapSize(head.lifetimes.no_cache_fields) + Allocated(trailers.HeapSize());
  size += Allocated(head.tags.HeapSize());
  size += Allocated(extents.positions.capacity() * sizeof(uint64_t));
  size += Allocated(chunks.HeapSize());
  for (const Chunk& chunk : chunks) size += Allocated(kChunkFront + chunk.size());
  return (size + kMemoryUnit - 1) / kMemoryUnit * kMemoryUnit;
}

Chunks::Chunks(std::vector<Chunk> chunks) {
  if (chunks.size() == 1) {
    chunks_ = std::move(chunks.front());
  } else {
    chunks.shrink_to_fit();
    chunks_ = std::move(chunks);
  }
}

void Chunks::push_back(Chunk chunk) {
  if (empty()) {
    chunks_ = std::move(chunk);
    return;
  }
  if (Chunk* only = std::get_if<Chunk>(&chunks_)) {
    std::vector<Chunk> two;
    two.push_back(std::move(*only));
    chunks_ = std::move(two);
  }
  std::get<std::vector<Chunk>>(chunks_).push_back(std::move(chunk));
}

ByteCount Chunks::HeapSize() const {
  const auto* many = std::get_if<std::vector<Chunk>>(&chunks_);
  return many == nullptr ? 0 : many->capacity() * sizeof(Chunk);
}

EntryPtr SelectVariant(const std::vector<EntryPtr>& variants, const http::Fields& request) {
  if (variants.empty()) return nullptr;
  if (variants.size() == 1) {
    const StoredHead& only = variants.front()->head;
    if (!MatchesVariant(only.vary, only.variant_text, *only.fields, request)) return nullptr;
    return variants.front();
  }
  const std::optional<WallTime> varied = NewestWithVaryAmongOthers(variants);
  std::vector<const EntryPtr*> usable;
  for (const EntryPtr& variant : variants) {
    const StoredHead& head = variant->head;
    if (!MatchesVariant(head.vary, head.variant_text, *head.fields, request)) continue;
    if (varied && head.vary.empty() && GeneratedAt(head) <= *varied) continue;
    usable.push_back(&variant);
  }
  if (usable.empty()) return nullptr;
  const EntryPtr* newest = usable.front();
  for (size_t i = 1; i < usable.size(); ++i) {
    if (GeneratedAt((*usable[i])->head) > GeneratedAt((*newest)->head)) newest = usable[i];
  }
  return *newest;
}

}  // namespace skerry::cache
