#include "core/gateway/lookup.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/cache/representation.h"
#include "core/gateway/forward.h"
#include "core/gateway/gateway.h"

namespace skerry::gateway {

std::string_view Name(Found found) {
  switch (found) {
    case Found::kFresh: return "fresh";
    case Found::kStaleWhileRevalidate: return "stale-while-revalidate";
    case Found::kStale: return "stale";
    case Found::kMustValidate: return "must-validate";
    case Found::kMiss: return "uri-miss";
    case Found::kVaryMiss: return "vary-miss";
    case Found::kPurged: return "purged";
  }
  return "unknown";
}

namespace {

// The rows this request may be able to use: the most wanted coding first, then the
// newest.
std::vector<cache::DiskRow> MatchingRows(const std::vector<cache::DiskRow>& rows,
                                         const http::Fields& sent) {
  std::vector<std::pair<size_t, const cache::DiskRow*>> ranked;
  std::optional<cache::VaryId> known;
  std::vector<uint64_t> hashes;
  for (const cache::DiskRow& row : rows) {
    if (known != row.vary) {
      known = row.vary;
      hashes = cache::RepresentationHashes(cache::InternedVary(row.vary), sent);
    }
    const auto at = std::find(hashes.begin(), hashes.end(), row.variant_hash);
    if (at != hashes.end()) ranked.emplace_back(at - hashes.begin(), &row);
  }
  std::stable_sort(ranked.begin(), ranked.end(),
                   [](const auto& a, const auto& b) { return a.first < b.first; });
  std::vector<cache::DiskRow> matching;
  for (const auto& [_, row] : ranked) matching.push_back(*row);
  return matching;
}

}  // namespace

void Forget(Shared& shared, const cache::EntryPtr& entry) {
  shared.ram->Remove(entry);
  if (shared.disk == nullptr) return;
  for (const cache::DiskRow& row : shared.disk->Find(entry->head.key.hash)) {
    if (row.variant_hash == entry->head.variant_hash && row.seq <= entry->head.stamp.seq) {
      shared.disk->Forget(row);
    }
  }
}

bool MayRefresh(Shared& shared, const cache::Key& key, const Lookup& lookup) {
  // One under way is shared, and costs no turn.
  return !lookup.soft_purged || shared.fills.Contains(key, lookup.variant_hint) ||
         shared.pace.Take(shared.clock->Steady(), Micros(0)).has_value();
}

bool IsFenced(const Shared& shared, const Route& route, bool content_hashed) {
  return cache::Holds(shared.fence(), route.serve_on_partition, content_hashed);
}

cache::EntryPtr WithClientFields(cache::EntryPtr entry, const cache::Policy& policy,
                                 bool keep_tags) {
  if (entry->head.client_fields != nullptr) return entry;
  auto complete = std::make_shared<cache::Entry>();
  complete->head = entry->head;
  complete->head.client_fields = std::make_shared<const http::Fields>(
      cache::ClientFields(*entry->head.fields, policy, keep_tags, entry->head.status));
  complete->body_size = entry->body_size;
  complete->chunks = entry->chunks;
  complete->extents = entry->extents;
  complete->trailers = entry->trailers;
  return complete;
}

bool AnswersFor(const Shared& shared, const cache::Key& own, const cache::Key& stored_under,
                const cache::StoredHead& head) {
  return cache::SameButForSearch(own, stored_under, *head.fields) &&
         shared.generations->Judge(own, head.tags, head.stamp) == cache::Purged::kNo;
}

bool IsFor(const cache::Entry& entry, const LookupInput& input) {
  return cache::MatchesVariant(entry.head.vary, entry.head.variant_text, *entry.head.fields,
                               input.sent);
}

namespace {

// Which of what is there this request can use, before it is weighed.
Looked Select(const Shared& shared, const LookupInput& input,
              std::vector<cache::EntryPtr> variants) {
  Looked looked;
  looked.in_ram = cache::SelectVariant(variants, input.sent);
  if (looked.in_ram != nullptr) return looked;
  std::vector<cache::DiskRow> rows;
  if (shared.disk != nullptr) rows = shared.disk->Find(input.key.hash);
  if (!variants.empty()) {
    looked.lookup.variant_hint = cache::VariantHash(variants.front()->head.vary, input.sent);
  } else if (!rows.empty()) {
    looked.lookup.variant_hint =
        cache::VariantHash(cache::InternedVary(rows.front().vary), input.sent);
  }
  looked.lookup.found = variants.empty() && rows.empty() ? Found::kMiss : Found::kVaryMiss;
  looked.lookup.siblings = std::move(variants);
  looked.rows = MatchingRows(rows, input.sent);
  return looked;
}

}  // namespace

Looked Look(Shared& shared, const LookupInput& input) {
  Looked looked = Select(shared, input, shared.ram->Find(input.key));
  if (const cache::EntryPtr entry = std::move(looked.in_ram); entry != nullptr) {
    looked.lookup = Weigh(shared, input, entry, "ram");
  }
  return looked;
}

Looked Peek(const Shared& shared, const LookupInput& input) {
  Looked looked = Select(shared, input, shared.ram->Peek(input.key));
  if (looked.in_ram != nullptr) looked.lookup = Assess(shared, input, looked.in_ram, "ram");
  return looked;
}

Lookup Weigh(Shared& shared, const LookupInput& input, const cache::EntryPtr& entry,
             std::string_view tier) {
  Lookup lookup = Assess(shared, input, entry, tier);
  if (lookup.found == Found::kPurged) Forget(shared, entry);
  return lookup;
}

Lookup Assess(const Shared& shared, const LookupInput& input, cache::EntryPtr entry,
              std::string_view tier) {
  Lookup lookup;
  lookup.tier = tier;
  // The same place for all requests that would be given this one.
  lookup.variant_hint = entry->head.variant_hash;
  const cache::Purged purged = shared.generations->Judge(*entry);
  if (purged == cache::Purged::kHard) {
    lookup.found = Found::kPurged;
    return lookup;
  }
  if (VariesOnUnforwarded(entry->head.vary, input.asked, input.sent, input.route)) {
    lookup.found = Found::kVaryMiss;
    lookup.unforwarded = true;
    return lookup;
  }
  lookup.soft_purged = purged == cache::Purged::kSoft;
  lookup.at = input.now ? *input.now : shared.clock->Wall();
  const cache::StoredHead& head = entry->head;
  const cache::Judgement judged = cache::JudgeWithGround(
      {head.lifetimes, head.initial_age, head.response_time, lookup.at, lookup.soft_purged},
      input.directives, input.route.policy);
  lookup.ground = judged.ground;
  lookup.entry = std::move(entry);
  switch (judged.usable) {
    case cache::Usable::kFresh: lookup.found = Found::kFresh; break;
    case cache::Usable::kStaleWhileRevalidate: lookup.found = Found::kStaleWhileRevalidate; break;
    case cache::Usable::kStaleIfError: lookup.found = Found::kStale; break;
    case cache::Usable::kValidate: lookup.found = Found::kMustValidate; break;
  }
  if (purged == cache::Purged::kUnknown) lookup.found = Found::kMustValidate;
  if (IsFenced(shared, input.route, head.content_hashed)) {
    lookup.fenced = lookup.found != Found::kMustValidate;
    lookup.found = Found::kMustValidate;
  }
  // To a peer tier what is stale is validated before it is served: SWR acts only at
  // the outermost tier. (An edge whose token we do not know would store what was purged
  // softly as fresh.)
  const bool outermost = !shared.tier.is_shield || !(input.by_edge || lookup.soft_purged);
  if (!outermost && lookup.found == Found::kStaleWhileRevalidate) {
    lookup.found = Found::kStale;
  }
  return lookup;
}

}  // namespace skerry::gateway
