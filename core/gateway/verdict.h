// What a lookup means for the request, before anybody upstream is asked. The exchange
// acts on it and /explain tells it: Cache-Status begins with these words.
#pragma once

#include <cstdint>

#include "core/base/clock.h"
#include "core/gateway/forward.h"
#include "core/gateway/lookup.h"
#include "core/gateway/write.h"

namespace skerry::gateway {

// A hit, or why the request goes upstream.
Verdict Foretell(const Lookup& lookup, const cache::RequestDirectives& directives);
// The same, where the request may have a condition that is an origin's to answer
// (precondition.h) and does not hold for what was found.
Verdict Foretell(const http::RequestHead& request, const Lookup& lookup,
                 const cache::RequestDirectives& directives, WallTime now);
// The same for what is not looked up. REQUIRES: not kShared.
Verdict Foretell(Cacheability cacheability);

// Seconds of freshness that `lookup.entry` has left, negative when stale: `ttl` of
// Cache-Status. What was purged softly is stale when it is served as a hit.
int64_t FreshnessLeft(const Lookup& lookup, bool hit, WallTime now);

}  // namespace skerry::gateway
