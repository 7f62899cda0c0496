// skerry-shield: the store that CI uploads to, and the tier between edges and origin.
// Options: options.cc; what happens to a request: serve.cc.
#include <cstdio>
#include <optional>

#include "core/config/command_line.h"
#include "origin-shield/options.h"
#include "origin-shield/shield.h"

int main(int argc, char** argv) {
  using skerry::shield::Options;
  skerry::config::Launch<Options> launch(
      {"skerry-shield", "releases of static sites, and the second cache tier"},
      skerry::shield::OptionTable(), skerry::shield::CheckOptions);
  if (const std::optional<int> code = launch.Start(argc, argv)) return *code;
  auto shield = skerry::shield::Shield::Open(launch.options());
  if (!shield) {
    std::fprintf(stderr, "skerry-shield: %s\n", shield.error().context.c_str());
    return 2;
  }
  return (*shield)->Run([&launch] { return launch.ReadAgain(); });
}
