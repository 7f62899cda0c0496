// Step "classify" of the edge: host → site, path → rule, from the configuration.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/result.h"
#include "core/gateway/route.h"
#include "edge/config/options.h"

namespace skerry::edge {

// Where requests can go, in the order of Gateway::Options::upstreams.
struct UpstreamList {
  std::vector<std::string> urls;
  std::vector<bool> is_shield;

  // The index of a URL; added if it is new.
  size_t Add(const std::string& url, bool shield);
};

// The sites of a configuration, or simple mode's one route. Adds every upstream that
// a route needs to `upstreams`. Fails where the country database cannot be opened.
// REQUIRES: CheckOptions found no problem.
Result<std::shared_ptr<const gateway::Classifier>> MakeClassifier(const Options& options,
                                                                  UpstreamList& upstreams);

// Tells sets of rules apart by what they make of a query: which rule a path reaches, and its
// key rules. Empty: they leave every query as it is.
std::string QueryRules(const Options& options);

// Does any rule serve while the purge log is out of reach? Such a node says so.
bool ServesOnPartition(const Options& options);

}  // namespace skerry::edge
