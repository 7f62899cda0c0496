// Step "key": what a request asks for, as the cache names it. Pure functions over
// values; the exchange acts on them and /explain tells them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/cache/freshness.h"
#include "core/cache/key.h"
#include "core/gateway/forward.h"
#include "core/gateway/route.h"
#include "core/http/message.h"

namespace skerry::gateway {

struct Keyed {
  cache::Target target;  // normalised, as the rule's key has it
  cache::Key key;
  cache::RequestDirectives directives;  // what the request says about reuse
  Forwarded forwarded;  // as it goes upstream; of requests that may share an answer only
};

// The URL that is asked for, normalised: what rules are matched by. `client_scheme`:
// where an edge of ours has asked, the scheme that its client used; else empty. Fails
// (kInvalid, client) where the request line names nothing here.
Result<cache::Target> TargetOf(const http::RequestHead& request, std::string_view client_scheme);

// `target`: TargetOf the request. `route`: the one that it was classified by.
// `to_shield`: the route's upstream is one of ours. `dimensions`: of the route's key,
// or what an edge of ours has told.
Keyed KeyOf(const http::RequestHead& request, cache::Target target, Cacheability cacheability,
            const Route& route, bool to_shield = false,
            const std::vector<Dimension>& dimensions = {});

// Path and query of a key's URL, as a request for it has them.
std::string PathOf(const cache::Key& key);

}  // namespace skerry::gateway
