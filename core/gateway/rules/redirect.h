// Redirects that a rule gives by itself: nothing goes upstream. Pure functions.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/cache/key.h"
#include "core/gateway/rules/glob.h"

namespace skerry::gateway {

struct Redirect {
  std::vector<Glob> from;  // the rule's paths; their stars are $1, $2, …
  std::string to;          // "/new/$1", "https://www.example.com/new/$1"
  int status = 308;
  bool keep_query = true;
};

// Is `to` a path or an http(s) URL, with no $ before its path and none beyond `stars`?
// Captured text stays behind the host that way: no path can lead to another one.
Status CheckRedirectTarget(std::string_view to, size_t stars);

// The absolute URL for Location. A path stays on the request's scheme and host; a
// query that is kept stands behind the target's own.
std::string LocationOf(const Redirect& redirect, const cache::Target& target);

// The same URL under https; the port is left out where it is 443.
std::string HttpsLocation(const cache::Target& target, uint16_t port);

}  // namespace skerry::gateway
