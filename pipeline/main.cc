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
#include "pipeline/releases.h"
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

int Unconfirmed(std::chrono::milliseconds wait) {
  std::fprintf(stderr,
               "skerry-pipeline: the release is active, but not every node confirmed it in %lld "
               "ms; ask again with a longer --wait\n",
               static_cast<long long>(wait.count()));
  return static_cast<int>(Exit::kUnconfirmed);
}

int RunPush(const ShipOptions& options, bool json) {
  Progress progress(stderr);
  const auto shipped = Ship(options, progress);
  if (!shipped) return Complain(shipped.error());
  const std::string text = json ? ShippedJson(*shipped) : ShippedText(*shipped);
  std::fputs(text.c_str(), stdout);
  if (!shipped->activated || shipped->complete() || options.wait.count() == 0) return 0;
  return Unconfirmed(options.wait);
}

int RunReleases(const ShieldAddress& shield, bool json) {
  const auto releases = ListReleases(shield);
  if (!releases) return Complain(releases.error());
  const std::string text = json ? ReleasesJson(*releases) : ReleasesText(*releases);
  std::fputs(text.c_str(), stdout);
  return 0;
}

int RunRollBack(const ShieldAddress& shield, const std::string& release,
                std::chrono::milliseconds wait, bool json) {
  const auto done = RollBack(shield, release, wait);
  if (!done) return Complain(done.error());
  const std::string text =
      json ? ReceiptJson(*done) : "  active is " + done->release + "\n" + ReceiptText(*done);
  std::fputs(text.c_str(), stdout);
  return done->complete() || wait.count() == 0 ? 0 : Unconfirmed(wait);
}

int RunDiff(const std::string& before, const std::string& after, bool json) {
  const auto from = OpenManifest(before);
  if (!from) return Complain(from.error());
  const auto to = OpenManifest(after);
  if (!to) return Complain(to.error());
  const Difference difference = Compare(*from, *to);
  const std::string text = json ? DifferenceJson(difference) : DifferenceText(difference);
  std::fputs(text.c_str(), stdout);
  return 0;
}

int RunVerify(const std::string& url, const std::string& folder, const std::string& ca_file) {
  auto manifest = OpenManifest(folder);
  if (!manifest) return Complain(manifest.error());
  Progress progress(stderr);
  const Verified done = Verify({url, *std::move(manifest), ca_file}, progress);
  for (const std::string& fault : done.faults) {
    std::fprintf(stderr, "skerry-pipeline: %s\n", fault.c_str());
  }
  std::printf("  %zu answers compared, %zu wrong\n", done.checked, done.faults.size());
  return static_cast<int>(done.faults.empty() ? Exit::kDone : Exit::kFailed);
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

  const auto add_shield = [](CLI::App* command, ShieldArguments& shield) {
    command->add_option("--to", shield.to, "URL of the shield")->required();
    command->add_option("--site", shield.site, "name of the site")->required();
    command->add_option("--token_file", shield.token_file, "file with the bearer token")
        ->required();
    command->add_option("--ca_file", shield.ca_file, "certificate authority to trust");
    command->add_flag("--json", shield.json, "the result as JSON");
  };
  const auto add_wait = [](CLI::App* command, ShieldArguments& shield) {
    command->add_option("--wait", shield.wait, "how long to wait for all nodes (10s, 500ms, 0)");
  };
  PushArguments push;
  CLI::App* push_command = app.add_subcommand("push", "send a release to a shield");
  push_command->add_option("DIR", push.folder, "release directory")->required();
  add_shield(push_command, push);
  push_command->add_flag("--activate", push.activate, "serve the release once it is there");
  push_command->add_option("--preview", push.preview,
                           "URL of the site: print where the release can be seen beforehand");
  add_wait(push_command, push);

  ShieldArguments list;
  CLI::App* list_command = app.add_subcommand("releases", "what the shield has of a site");
  add_shield(list_command, list);

  ShieldArguments back;
  std::string back_to;
  CLI::App* back_command = app.add_subcommand("rollback", "serve an older release again");
  back_command->add_option("RELEASE", back_to, "its id (default: what was active before)");
  add_shield(back_command, back);
  add_wait(back_command, back);

  std::string before, after;
  bool diff_json = false;
  CLI::App* diff_command = app.add_subcommand("diff", "what changed between two releases");
  diff_command->add_option("A", before, "release directory, the older")->required();
  diff_command->add_option("B", after, "release directory, the newer")->required();
  diff_command->add_flag("--json", diff_json, "the result as JSON");

  std::string verify_url, verify_folder, verify_ca;
  CLI::App* verify_command =
      app.add_subcommand("verify", "fetch a deployed release through an edge and compare it");
  verify_command->add_option("URL", verify_url, "of the site, as visitors see it")->required();
  verify_command->add_option("--release", verify_folder, "release directory to compare with")
      ->required();
  verify_command->add_option("--ca_file", verify_ca, "certificate authority to trust");

  skerry::config::ExplainMistakes(app);
  try {
    app.parse(argc, argv);
    if (dump.empty() && app.get_subcommands().empty()) {
      throw CLI::RequiredError("a command (build, push, releases, rollback, diff, verify)");
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
  if (diff_command->parsed()) return RunDiff(before, after, diff_json);
  if (verify_command->parsed()) return RunVerify(verify_url, verify_folder, verify_ca);
  if (list_command->parsed()) {
    const auto shield = CheckShield(list);
    return shield ? RunReleases(*shield, list.json) : Complain(shield.error());
  }
  if (back_command->parsed()) {
    const auto shield = CheckShield(back);
    return shield ? RunRollBack(*shield, back_to, *CheckWait(back.wait), back.json)
                  : Complain(shield.error());
  }
  const auto options = CheckPush(push);
  return options ? RunPush(*options, push.json) : Complain(options.error());
}
