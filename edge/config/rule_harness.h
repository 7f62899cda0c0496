// A gateway under a configuration as an operator writes it, for tests.
#pragma once

#include <memory>
#include <string>
#include <utility>

#include "core/config/place.h"
#include "core/config/reader.h"
#include "core/gateway/testing.h"
#include "edge/config/options.h"
#include "edge/config/sites.h"

namespace skerry::edge {

// The options of a configuration file, with what is wrong about it.
struct ReadConfig {
  explicit ReadConfig(const std::string& toml) {
    options = config::ReadToml(toml, "edge.toml", OptionTable(), problems);
    if (problems.empty()) CheckOptions(options, problems);
  }
  std::string Problem() const { return problems.ToString(); }

  config::Problems problems;
  Options options;
};

// One site for every host, whose rules are `rules` (TOML, as in docs/recipes.md).
inline std::string SiteWith(const std::string& rules) {
  return "origin = \"http://127.0.0.1:9\"\n[[site]]\nname = \"www\"\nhosts = [\"*\"]\n" + rules;
}

// A gateway whose only upstream is the harness's origin. The first problem of the
// configuration ends the test.
class RuleHarness : public gateway::GatewayHarness {
 public:
  // `top`: options that stand above the site.
  explicit RuleHarness(const std::string& rules, const std::string& top = "") {
    const ReadConfig read(top + SiteWith(rules));
    if (!read.problems.empty()) fprintf(stderr, "%s", read.Problem().c_str());
    SKERRY_CHECK(read.problems.empty());
    UpstreamList upstreams;
    classifier = *MakeClassifier(read.options, upstreams);
    gateway->SetClassifier(classifier);
  }

  // What the origin was sent last.
  const http::Fields& Sent() const { return origin->asked.back()->request.fields; }

  std::shared_ptr<const gateway::Route> RouteOf(const std::string& path) const {
    const auto target = cache::NormalizeTarget({"GET", "https", "example.com", path, {}});
    return classifier->Classify(target->host, target->path);
  }

  std::shared_ptr<const gateway::Classifier> classifier;
};

}  // namespace skerry::edge
