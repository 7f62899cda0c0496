#include "core/gateway/lookup.h"

#include <utility>

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

// The row this request can use, the newest first; null if none.
const cache::DiskRow* MatchingRow(const std::vector<cache::DiskRow>& rows,
                                  const http::Fields& sent) {
  for (const cache::DiskRow& row : rows) {
    if (cache::VariantHash(cache::InternedVary(row.vary), sent) == row.variant_hash) return &row;
  }
  return nullptr;
}

void Forget(Shared& shared, const cache::EntryPtr& entry) {
  shared.ram->Remove(entry);
  if (shared.disk == nullptr) return;
  for (const cache::DiskRow& row : shared.disk->Find(entry->head.key.hash)) {
    if (row.variant_hash == entry->head.variant_hash && row.seq <= entry->head.stamp.seq) {
      shared.disk->Forget(row);
    }
  }
}

}  // namespace

bool IsFenced(const Shared& shared, const Route& route, bool content_hashed) {
  return cache::Holds(shared.fence(), route.serve_on_partition, content_hashed);
}

namespace {

// Which of what is there this request can use, before it is weighed.
Looked Select(const Shared& shared, const LookupInput& input,
              const std::vector<cache::EntryPtr>& variants) {
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
  if (const cache::DiskRow* row = MatchingRow(rows, input.sent)) {
    looked.on_disk = true;
    looked.row = *row;
    return looked;
  }
  looked.lookup.found = variants.empty() && rows.empty() ? Found::kMiss : Found::kVaryMiss;
  return looked;
}

}  // namespace

Looked Look(Shared& shared, const LookupInput& input) {
  Looked looked = Select(shared, input, shared.ram->Find(input.key));
  if (looked.in_ram != nullptr)
    looked.lookup = Weigh(shared, input, std::move(looked.in_ram), "ram");
  return looked;
}

Looked Peek(const Shared& shared, const LookupInput& input) {
  Looked looked = Select(shared, input, shared.ram->Peek(input.key));
  if (looked.in_ram != nullptr) looked.lookup = Assess(shared, input, looked.in_ram, "ram");
  return looked;
}

Lookup Weigh(Shared& shared, const LookupInput& input, cache::EntryPtr entry,
             std::string_view tier) {
  Lookup lookup = Assess(shared, input, entry, tier);
  if (lookup.found == Found::kPurged) Forget(shared, entry);
  return lookup;
}

Lookup Assess(const Shared& shared, const LookupInput& input, cache::EntryPtr entry,
              std::string_view tier) {
  Lookup lookup;
  lookup.tier = tier;
  lookup.variant_hint = cache::VariantHash(entry->head.vary, input.sent);
  const cache::Purged purged = shared.generations->Judge(*entry);
  if (purged == cache::Purged::kHard) {
    lookup.found = Found::kPurged;
    return lookup;
  }
  lookup.soft_purged = purged == cache::Purged::kSoft;
  const cache::StoredHead& head = entry->head;
  const cache::Judgement judged =
      cache::JudgeWithGround({head.lifetimes, head.initial_age, head.response_time,
                              shared.clock->Wall(), lookup.soft_purged},
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
  // the outermost tier.
  if (shared.tier.is_shield && lookup.found == Found::kStaleWhileRevalidate) {
    lookup.found = Found::kStale;
  }
  return lookup;
}

}  // namespace skerry::gateway
