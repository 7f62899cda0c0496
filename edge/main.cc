// skerry-edge: an edge node. Options: edge/options.cc; the way of a request:
// core/gateway/exchange.cc.
#include <cstdio>
#include <optional>

#include "core/config/command_line.h"
#include "edge/edge.h"
#include "edge/options.h"

int main(int argc, char** argv) {
  using skerry::edge::Options;
  skerry::config::Launch<Options> launch({"skerry-edge", "caching edge node"},
                                         skerry::edge::OptionTable(), skerry::edge::CheckOptions);
  if (const std::optional<int> code = launch.Start(argc, argv)) return *code;
  auto edge = skerry::edge::Edge::Open(launch.options());
  if (!edge) {
    std::fprintf(stderr, "skerry-edge: %s\n", edge.error().context.c_str());
    return 2;
  }
  return (*edge)->Run([&launch] { return launch.ReadAgain(); });
}
