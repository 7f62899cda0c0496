// If-Match and If-Unmodified-Since of a GET or HEAD: an origin's to answer, not a
// cache's (RFC 9111 4.3.2). What holds for the stored response is answered from it, as
// the origin would; anything else goes upstream as it came. Pure functions over values.
#pragma once

#include "core/base/clock.h"
#include "core/cache/entry.h"
#include "core/http/message.h"

namespace skerry::gateway {

bool HasOriginsCondition(const http::RequestHead& request);

// Do they hold for this stored response? True where there are none.
bool OriginsConditionHolds(const http::RequestHead& request, const cache::StoredHead& head,
                           WallTime now);

}  // namespace skerry::gateway
