// skerry-pipeline: builds a site into a release, and pushes it to a shield.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <sstream>
#include <string>
#include <thread>

#include "core/config/manual.h"
#include "core/config/subcommands.h"
#include "pipeline/arguments.h"
#include "pipeline/build.h"
#include "pipeline/config.h"
#include "pipeline/progress.h"
#include "pipeline/ship.h"

namespace {

using namespace skerry::pipeline;  // NOLINT: the whole file is about it

// One mistake a line; a line that begins with a blank belongs to the one before.
int Complain(const Failure& failure) {
  std::istringstream lines(failure.message);
  for (std::string line; std::getline(lines, line);) {
    const char* const begin = line.starts_with(' ') ? "" : "skerry-pipeline: ";
    std::fprintf(stderr, "%s%s\n", begin, line.c_str());
  }
  return static_cast<int>(failure.exit);
}

int RunBuild(const BuildOptions& options, bool json) {
  Progress progress(stderr);
  const auto report = Build(options, progress);
  if (!report) return Complain(report.error());
  const std::string out = options.out.string();
  const std::string text = json ? ReportJson(*report, out) : ReportText(*report, out);
  std::fputs(text.c_str(), stdout);
  return static_cast<int>(report->offenders.empty() ? Exit::kDone : Exit::kBudget);
}

int RunPush(const ShipOptions& options, bool json) {
  Progress progress(stderr);
  const auto shipped = Ship(options, progress);
  if (!shipped) return Complain(shipped.error());
  const std::string text = json ? ShippedJson(*shipped) : ShippedText(*shipped);
  std::fputs(text.c_str(), stdout);
  if (!shipped->activated || shipped->complete() || options.wait.count() == 0) return 0;
  std::fprintf(stderr,
               "skerry-pipeline: the release is active, but not every node confirmed it in %lld "
               "ms; ask again with a longer --wait\n",
               static_cast<long long>(options.wait.count()));
  return static_cast<int>(Exit::kUnconfirmed);
}

int DumpOptions(const std::string& form) {
  const skerry::config::Shape& shape = ConfigTable().shape();
  const std::string text = form == "schema" ? skerry::config::JsonSchema("skerry-pipeline", shape)
                                            : skerry::config::Markdown("skerry-pipeline", shape);
  std::fputs(text.c_str(), stdout);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Builds static sites into releases for Skerry, and pushes them to a shield.",
               "skerry-pipeline");
  app.footer(
      "Exit codes: 0 done, 1 failed, 2 usage or configuration, 3 over budget, 4 not "
      "confirmed in time.");
  std::string dump;
  app.add_option("--dump_options", dump, "print the options of skerry.toml and exit")
      ->check(CLI::IsMember({"markdown", "schema"}));

  BuildArguments build;
  CLI::App* build_command = app.add_subcommand("build", "hash, compress and resize a built site");
  build_command->add_option("SITE", build.site, "folder of the built site")->required();
  build_command->add_option("--out", build.out, "the release directory to write")->required();
  build_command->add_option("--config", build.config, "skerry.toml (default: in SITE, if there)");
  build_command->add_option("--cache_dir", build.cache, "results kept between builds, or off");
  build_command->add_option("--jobs", build.jobs, "threads (default: one a core)")
      ->check(CLI::Range(1, 256));
  build_command->add_option("--previous", build.previous,
                            "former release directory, to make deltas against (repeatable)");
  build_command->add_flag("--keep_going", build.keep_going,
                          "copy broken images untouched instead of stopping");
  build_command->add_flag("--json", build.json, "the report as JSON");

  PushArguments push;
  CLI::App* push_command = app.add_subcommand("push", "send a release to a shield");
  push_command->add_option("DIR", push.folder, "release directory")->required();
  push_command->add_option("--to", push.to, "URL of the shield")->required();
  push_command->add_option("--site", push.site, "name of the site")->required();
  push_command->add_option("--token_file", push.token_file, "file with the bearer token")
      ->required();
  push_command->add_option("--ca_file", push.ca_file, "certificate authority to trust");
  push_command->add_flag("--activate", push.activate, "serve the release once it is there");
  push_command->add_option("--wait", push.wait, "how long to wait for all nodes (10s, 500ms, 0)");
  push_command->add_flag("--json", push.json, "the result as JSON");

  skerry::config::ExplainMistakes(app);
  try {
    app.parse(argc, argv);
    if (dump.empty() && app.get_subcommands().empty()) {
      throw CLI::RequiredError("a command, build or push,");
    }
  } catch (const CLI::ParseError& error) {
    const bool help = error.get_exit_code() == 0;
    app.exit(error);
    return help ? 0 : static_cast<int>(Exit::kUsage);
  }
  if (!dump.empty()) return DumpOptions(dump);
  if (build_command->parsed()) {
    const auto options = CheckBuild(build);
    return options ? RunBuild(*options, build.json) : Complain(options.error());
  }
  const auto options = CheckPush(push);
  return options ? RunPush(*options, push.json) : Complain(options.error());
}
