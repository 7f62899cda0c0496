// Pages behind the names of files ("cache deception"): many applications answer
// /account/x.css with the page /account, and a rule for files would keep it.
#pragma once

#include <string_view>

#include "core/cache/freshness.h"
#include "core/http/message.h"

namespace skerry::gateway {

// A success whose path ends like a stylesheet, script, image, font, film or document,
// and which is HTML, or the JSON of an API, all the same.
bool IsMaskedPage(std::string_view path, const http::ResponseHead& response);

// The policy for such an answer: without lifetimes of the operator's and guesses; only
// what the origin itself says counts.
cache::Policy PolicyOfMaskedPage(cache::Policy policy);

}  // namespace skerry::gateway
