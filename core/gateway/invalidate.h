// What a request that changed something makes unusable (RFC 9111 4.4, RFC 9875 3).
#pragma once

#include <cstdint>
#include <optional>
#include <string_view>

#include "core/cache/key.h"
#include "core/gateway/route.h"
#include "core/http/message.h"

namespace skerry::gateway {

struct Shared;

// `response` answered an unsafe (or unknown) method on `key`. If it is no error, the
// target, what Location and Content-Location name on the same origin, and that
// origin's responses in the groups of Cache-Group-Invalidation are gone from both
// tiers. Returns what Stamp::local must be of something that is newer than that;
// nothing where nothing was invalidated: safe methods, errors.
std::optional<uint64_t> InvalidateAfter(Shared& shared, std::string_view method,
                                        const cache::Key& key, const Route& route,
                                        const http::ResponseHead& response);

}  // namespace skerry::gateway
