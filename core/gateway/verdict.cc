#include "core/gateway/verdict.h"

#include <algorithm>

#include "core/gateway/precondition.h"

namespace skerry::gateway {

Verdict Foretell(const Lookup& lookup, const cache::RequestDirectives& directives) {
  Verdict verdict;
  switch (lookup.found) {
    case Found::kFresh:
    case Found::kStaleWhileRevalidate:
      verdict.hit = true;
      verdict.tier = lookup.tier;
      break;
    case Found::kStale:
    case Found::kMustValidate:
      verdict.fwd = directives.no_cache || directives.max_age ? http::Forward::kRequest
                                                              : http::Forward::kStale;
      if (lookup.fenced) verdict.detail = "fenced";
      if (lookup.soft_purged) verdict.detail = "soft-purged";
      break;
    case Found::kPurged:
      verdict.fwd = http::Forward::kUriMiss;
      verdict.detail = "purged";
      break;
    case Found::kVaryMiss:
      verdict.fwd = http::Forward::kVaryMiss;
      if (lookup.unforwarded) verdict.detail = Name(cache::Storable::kVaryUnforwarded);
      break;
    case Found::kMiss: verdict.fwd = http::Forward::kUriMiss; break;
  }
  return verdict;
}

Verdict Foretell(const http::RequestHead& request, const Lookup& lookup,
                 const cache::RequestDirectives& directives, WallTime now) {
  Verdict verdict = Foretell(lookup, directives);
  if (!HasOriginsCondition(request)) return verdict;
  if (verdict.hit && OriginsConditionHolds(request, lookup.entry->head, now)) return verdict;
  verdict.hit = false;
  verdict.fwd = http::Forward::kRequest;
  return verdict;
}

Verdict Foretell(Cacheability cacheability) {
  Verdict verdict;
  switch (cacheability) {
    case Cacheability::kMethod: verdict.fwd = http::Forward::kMethod; break;
    case Cacheability::kRequest: verdict.fwd = http::Forward::kRequest; break;
    default: verdict.fwd = http::Forward::kBypass; break;
  }
  return verdict;
}

int64_t FreshnessLeft(const Lookup& lookup, bool hit, WallTime now) {
  const cache::StoredHead& head = lookup.entry->head;
  const Seconds age = cache::CurrentAge(head.initial_age, head.response_time, now);
  const int64_t left = (head.lifetimes.fresh - age).count();
  return hit && lookup.soft_purged ? std::min<int64_t>(left, -1) : left;
}

}  // namespace skerry::gateway
