// Rules of the configuration become routes.
#pragma once

#include "core/config/place.h"
#include "core/gateway/route.h"
#include "edge/config/options.h"

namespace skerry::edge {

// What no single option of a site can know: that its answers come from somewhere,
// that rules are reached, that redirects lead to a place and not round in a ring.
void CheckSite(const Options& options, const SiteOptions& site, config::Problems& problems);

// The route of what no rule matches. Without its upstream.
gateway::Route SiteRoute(const Options& options, const SiteOptions& site);
// The route of a rule, from that of its site. REQUIRES: CheckSite found no problem.
// `countries` may be null where no rule asks for them.
gateway::Route RuleRoute(const SiteOptions& site, const RuleOptions& rule,
                         std::shared_ptr<const gateway::Countries> countries, gateway::Route route);

// Simple mode's route for everything.
gateway::Route SimpleRoute(const Options& options);

}  // namespace skerry::edge
