// skerry-edge: an edge node. Options: edge/options.cc; the way of a request:
// core/gateway/exchange.cc.
#include <cstdio>
#include <optional>

#include "core/base/log.h"
#include "core/config/command_line.h"
#include "edge/edge.h"
#include "edge/options.h"

namespace {

using skerry::edge::Options;

std::optional<Options> ReadAgain(skerry::config::Launch<Options>& launch) {
  skerry::config::Problems problems;
  Options fresh = launch.Reload(problems);
  if (!problems.empty()) {
    skerry::LogError("configuration not reloaded; the last good one stays",
                     {{"problems", problems.ToString()}});
    return std::nullopt;
  }
  for (const std::string& name : skerry::config::NeedRestart(skerry::edge::OptionTable().shape(),
                                                             &launch.options(), &fresh)) {
    skerry::LogWarning("option changes only with a restart", {{"option", name}});
  }
  launch.Adopt(fresh);
  return fresh;
}

}  // namespace

int main(int argc, char** argv) {
  skerry::config::Launch<Options> launch({"skerry-edge", "caching edge node"},
                                         skerry::edge::OptionTable(), skerry::edge::CheckOptions);
  if (const std::optional<int> code = launch.Start(argc, argv)) return *code;
  auto edge = skerry::edge::Edge::Open(launch.options());
  if (!edge) {
    std::fprintf(stderr, "skerry-edge: %s\n", edge.error().context.c_str());
    return 2;
  }
  return (*edge)->Run([&launch] { return ReadAgain(launch); });
}
