// /explain of a shield: a path of a release is answered from it; everything else is the
// gateway's, towards --origin.
#pragma once

#include <optional>

#include "core/gateway/explain/explain.h"
#include "core/http/message.h"
#include "origin-shield/store/releases.h"

namespace skerry::shield {

// What a release does with the request; nothing: no release answers it.
std::optional<gateway::Explanation> ExplainRelease(const Releases& releases, bool has_origin,
                                                   const http::RequestHead& request);

}  // namespace skerry::shield
