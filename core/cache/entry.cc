#include "core/cache/entry.h"

#include <algorithm>

#include "core/cache/representation.h"
#include "core/http/date.h"

namespace skerry::cache {
namespace {

// A node of the RAM tier's table and lists, and the count of the shared pointer.
constexpr ByteCount kBookkeeping = 160;

ByteCount HeapSize(const std::string& text) { return text.size() + 1; }

ByteCount HeapSize(const std::vector<std::string>& texts) {
  ByteCount size = texts.size() * sizeof(std::string);
  for (const std::string& text : texts) size += HeapSize(text);
  return size;
}

ByteCount HeapSize(const std::shared_ptr<const http::Fields>& fields) {
  return fields == nullptr ? 0 : sizeof(http::Fields) + fields->HeapSize();
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
  ByteCount size = sizeof(Entry) + kBookkeeping;
  size += HeapSize(head.key.text) + HeapSize(head.variant_text) + HeapSize(head.vary.names);
  size += HeapSize(head.fields);
  if (head.client_fields != head.fields) size += HeapSize(head.client_fields);
  size += HeapSize(head.lifetimes.no_cache_fields) + trailers.HeapSize();
  size += head.tags.size() * sizeof(uint64_t) + extents.positions.size() * sizeof(uint64_t);
  size += chunks.size() * sizeof(Chunk);
  for (const Chunk& chunk : chunks) size += chunk.size();
  return size;
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
