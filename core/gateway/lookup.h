// Step "lookup": is there a stored response for this request, and what is it worth
// now? RAM first, then the disk tier's index in memory; only a row that matches
// touches the disk.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string_view>
#include <vector>

#include "core/cache/disk/disk.h"
#include "core/cache/entry.h"
#include "core/cache/freshness.h"
#include "core/gateway/route.h"

namespace skerry::gateway {

struct Shared;

// What the cache has for a request. Not an error, any of them.
enum class Found : uint8_t {
  kFresh,                 // answer from it
  kStaleWhileRevalidate,  // answer from it, refresh behind
  kStale,                 // validate; it may be served if upstream fails
  kMustValidate,          // validate; never served without
  kMiss,                  // nothing stored under this key
  kVaryMiss,              // something, but not for this request's fields
  kPurged,                // something, and a purge has taken it away
};
std::string_view Name(Found found);

struct Lookup {
  Found found = Found::kMiss;
  cache::Ground ground = cache::Ground::kNoWindow;  // of the first four, but for purges and fences
  cache::EntryPtr entry;                            // of the first four
  std::string_view tier;                            // "ram" or "disk"
  WallTime at;                                      // when it was weighed
  bool fenced = false;                              // fresh, but this node may not say so now
  bool soft_purged = false;
  // kVaryMiss: it varies on what this client sends and shared fetches leave out, so
  // the client is fetched for alone.
  bool unforwarded = false;
  // Where this request's variant has its place among the fills of the key.
  uint64_t variant_hint = 0;
  // Of a vary-miss: what was found of this key, for other requests.
  std::vector<cache::EntryPtr> siblings;
};

struct LookupInput {
  const cache::Key& key;
  const http::Fields& sent;  // the request as it would go upstream: variants match it
  const cache::RequestDirectives& directives;
  const Route& route;
  const http::Fields& asked;  // as the client sent it
  bool by_edge = false;       // the client is a tier of ours
  // When it is asked, if the caller has looked at the clock already.
  std::optional<WallTime> now = std::nullopt;
};

// What RAM and the index have. Without rows: done. Rows: what may be the request's variant
// is on disk; Load them one by one, and Weigh the first that IsFor the request.
struct Looked {
  Lookup lookup;  // what it comes to if none of them is
  std::vector<cache::DiskRow> rows;
  cache::EntryPtr in_ram;  // of Peek: what `lookup` speaks of, purged or not
};
Looked Look(Shared& shared, const LookupInput& input);
// The same for an onlooker: counts nothing, changes nobody's place, forgets nothing.
Looked Peek(const Shared& shared, const LookupInput& input);

// Is this stored response, as it came from the disk, the request's variant?
bool IsFor(const cache::Entry& entry, const LookupInput& input);

// The same entry with the fields for clients, which the disk does not keep.
cache::EntryPtr WithClientFields(cache::EntryPtr entry, const cache::Policy& policy,
                                 bool keep_tags);

// May the response that is stored under another URL answer for `own`? If it says so
// itself (No-Vary-Search), and no purge names `own` since: whoever purges a URL means
// what it answers, wherever that is stored.
bool AnswersFor(const Shared& shared, const cache::Key& own, const cache::Key& stored_under,
                const cache::StoredHead& head);

// Must objects of this route be validated upstream before any use? A request then
// shares no fetch that began before it, either.
bool IsFenced(const Shared& shared, const Route& route, bool content_hashed);

// May what is stale be refreshed behind its answer now? After a soft purge as the pace
// allows: what is asked for most has most chances.
bool MayRefresh(Shared& shared, const cache::Key& key, const Lookup& lookup);

// Takes it out of both tiers.
void Forget(Shared& shared, const cache::EntryPtr& entry);

// What `entry` is worth now. The same in Weigh, which also forgets it in both tiers if
// a hard purge has taken it.
Lookup Assess(const Shared& shared, const LookupInput& input, cache::EntryPtr entry,
              std::string_view tier);
Lookup Weigh(Shared& shared, const LookupInput& input, const cache::EntryPtr& entry,
             std::string_view tier);

}  // namespace skerry::gateway
