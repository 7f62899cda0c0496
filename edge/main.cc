// skerry-edge: an edge node. Options: edge/config/options.cc; the way of a request:
// core/gateway/exchange.cc.
#include <cstdio>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/config/command_line.h"
#include "edge/config/options.h"
#include "edge/edge.h"
#include "edge/explain.h"
#include "edge/replay/dry_run.h"

namespace {

using skerry::edge::Options;

// Takes every --header=… out of the arguments: the one flag that may be repeated.
std::vector<std::string> TakeHeaders(std::vector<char*>& arguments) {
  std::vector<std::string> headers;
  for (size_t i = 1; i < arguments.size();) {
    const std::string_view word = arguments[i];
    const bool alone = word == "--header" && i + 1 < arguments.size();
    if (!alone && !word.starts_with("--header=")) {
      ++i;
      continue;
    }
    headers.emplace_back(alone ? arguments[i + 1] : arguments[i] + word.find('=') + 1);
    const auto at = arguments.begin() + static_cast<std::ptrdiff_t>(i);
    arguments.erase(at, at + (alone ? 2 : 1));
  }
  return headers;
}

// --against is a configuration of its own: no flag changes it.
int DryRun(const Options& options) {
  if (options.against.empty()) return skerry::edge::RunDryRun(options, std::nullopt);
  skerry::config::Launch<Options> against({"skerry-edge", "caching edge node"},
                                          skerry::edge::OptionTable(), skerry::edge::CheckOptions);
  const std::string file = "--config=" + options.against;
  const char* const arguments[] = {"skerry-edge", file.c_str()};
  if (const std::optional<int> code = against.Start(2, arguments)) return *code;
  return skerry::edge::RunDryRun(options, against.options());
}

}  // namespace

int main(int argc, char** argv) {
  std::vector<char*> arguments(argv, argv + argc);
  const std::vector<std::string> headers = TakeHeaders(arguments);
  skerry::config::Launch<Options> launch({"skerry-edge", "caching edge node"},
                                         skerry::edge::OptionTable(), skerry::edge::CheckOptions);
  if (const std::optional<int> code =
          launch.Start(static_cast<int>(arguments.size()), arguments.data()))
    return *code;
  if (!launch.options().explain.empty()) {
    return skerry::edge::RunExplain(launch.options(), headers);
  }
  if (!launch.options().dry_run.empty()) return DryRun(launch.options());
  auto edge = skerry::edge::Edge::Open(launch.options());
  if (!edge) {
    std::fprintf(stderr, "skerry-edge: %s\n", edge.error().context.c_str());
    return 2;
  }
  return (*edge)->Run([&launch] { return launch.ReadAgain(); });
}
