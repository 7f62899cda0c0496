// skerry-purge: the log of purges and activations. The first words `purge` and `list`
// make it a client of the service instead: command/command.h.
#include <cstdio>
#include <optional>
#include <string_view>

#include "core/config/command_line.h"
#include "purge-api/command/command.h"
#include "purge-api/options.h"
#include "purge-api/program.h"

int main(int argc, char** argv) {
  using skerry::purge::Options;
  if (argc > 1 && std::string_view(argv[1]) == "purge") {
    return skerry::purge::RunCommand(argc - 1, argv + 1);
  }
  if (argc > 1 && std::string_view(argv[1]) == "list") {
    return skerry::purge::RunList(argc - 1, argv + 1);
  }
  skerry::config::Launch<Options> launch({"skerry-purge",
                                          "the log of purges and activations; `skerry-purge purge` "
                                          "sends one, `skerry-purge list` looks back"},
                                         skerry::purge::OptionTable(), skerry::purge::CheckOptions);
  if (const std::optional<int> code = launch.Start(argc, argv)) return *code;
  auto program = skerry::purge::Program::Open(launch.options());
  if (!program) {
    std::fprintf(stderr, "skerry-purge: %s\n", program.error().context.c_str());
    return 2;
  }
  return (*program)->Run([&launch] { return launch.ReadAgain(); });
}
