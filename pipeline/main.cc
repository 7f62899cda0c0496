// skerry-pipeline: builds a site into a release, and pushes it to a shield.
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <thread>

#include "core/config/manual.h"
#include "core/config/subcommands.h"
#include "pipeline/arguments.h"
#include "pipeline/base/files.h"
#include "pipeline/base/progress.h"
#include "pipeline/build.h"
#include "pipeline/report/report_page.h"
#include "pipeline/score_files.h"
#include "pipeline/ship/releases.h"
#include "pipeline/ship/ship.h"
#include "pipeline/steps/config.h"

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

// The report as a page, with what changed since the newest former release.
skerry::Status WritePage(const BuildReport& report, const BuildOptions& options,
                         const std::string& file) {
  std::optional<Difference> difference;
  if (report.before) {
    const auto after = OpenManifest(options.out);
    if (after) difference = Compare(*report.before, *after);
  }
  const std::string title = "Release of " + options.site.lexically_normal().string();
  return WriteFile(file, ReportPage(report, difference, title));
}

int RunBuild(const BuildOptions& options, const std::string& page, bool json) {
  Progress progress(stderr);
  const auto report = Build(options, progress);
  if (!report) return Complain(report.error());
  if (!page.empty()) {
    const skerry::Status written = WritePage(*report, options, page);
    if (!written) return Complain({Exit::kFailed, "--report: " + written.error().context});
  }
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

int RunScore(const std::string& original, const std::string& coded) {
  const auto score = ScoreFiles(original, coded);
  if (!score) return Complain(score.error());
  std::printf("%.4f\n", *score);
  return 0;
}

int DumpOptions(const std::string& form) {
  const skerry::config::Shape& shape = ConfigTable().shape();
  const std::string text = form == "schema" ? skerry::config::JsonSchema("skerry-pipeline", shape)
                                            : skerry::config::Markdown("skerry-pipeline", shape);
  std::fputs(text.c_str(), stdout);
  return 0;
}

// What a command does once the command line is read.
using Run = std::function<int()>;
using Commands = std::map<const CLI::App*, Run>;

void AddShield(CLI::App* command, ShieldArguments& shield) {
  command->add_option("--to", shield.to, "URL of the shield")->required();
  command->add_option("--site", shield.site, "name of the site")->required();
  command->add_option("--token_file", shield.token_file, "file with the bearer token")->required();
  command->add_option("--ca_file", shield.ca_file, "certificate authority to trust");
  command->add_flag("--json", shield.json, "the result as JSON");
}

void AddWait(CLI::App* command, ShieldArguments& shield) {
  command->add_option("--wait", shield.wait, "how long to wait for all nodes (10s, 500ms, 0)");
}

void AddBuild(CLI::App& app, Commands& commands) {
  const auto build = std::make_shared<BuildArguments>();
  CLI::App* command = app.add_subcommand("build", "hash, compress and resize a built site");
  command->add_option("SITE", build->site, "folder of the built site")->required();
  command->add_option("--out", build->out, "the release directory to write")->required();
  command->add_option("--config", build->config, "skerry.toml (default: in SITE, if there)");
  command->add_option("--cache_dir", build->cache, "results kept between builds, or off");
  command->add_option("--jobs", build->jobs, "threads (default: one a core)")
      ->check(CLI::Range(1, 256));
  command->add_option("--previous", build->previous,
                      "former release directory, to make deltas against (repeatable)");
  command->add_option("--deployed", build->deployed.to,
                      "URL of the shield: deltas against the last three releases that were active "
                      "there, or off");
  command->add_option("--site", build->deployed.site, "with --deployed: name of the site");
  command->add_option("--token_file", build->deployed.token_file,
                      "with --deployed: file with the bearer token");
  command->add_option("--ca_file", build->deployed.ca_file,
                      "with --deployed: certificate authority to trust");
  command->add_option("--report", build->report, "also write the report as an HTML page here");
  command->add_flag("--keep_going", build->keep_going,
                    "copy broken images untouched instead of stopping");
  command->add_flag("--json", build->json, "the report as JSON");
  commands[command] = [build] {
    const auto options = CheckBuild(*build);
    return options ? RunBuild(*options, build->report, build->json) : Complain(options.error());
  };
}

void AddPush(CLI::App& app, Commands& commands) {
  const auto push = std::make_shared<PushArguments>();
  CLI::App* command = app.add_subcommand("push", "send a release to a shield");
  command->add_option("DIR", push->folder, "release directory")->required();
  AddShield(command, *push);
  command->add_flag("--activate", push->activate, "serve the release once it is there");
  command->add_option("--preview", push->preview,
                      "URL of the site: print where the release can be seen beforehand");
  AddWait(command, *push);
  commands[command] = [push] {
    const auto options = CheckPush(*push);
    return options ? RunPush(*options, push->json) : Complain(options.error());
  };
}

void AddReleases(CLI::App& app, Commands& commands) {
  const auto list = std::make_shared<ShieldArguments>();
  CLI::App* command = app.add_subcommand("releases", "what the shield has of a site");
  AddShield(command, *list);
  commands[command] = [list] {
    const auto shield = CheckShield(*list);
    return shield ? RunReleases(*shield, list->json) : Complain(shield.error());
  };
}

void AddRollBack(CLI::App& app, Commands& commands) {
  const auto back = std::make_shared<ShieldArguments>();
  const auto release = std::make_shared<std::string>();
  CLI::App* command = app.add_subcommand("rollback", "serve an older release again");
  command->add_option("RELEASE", *release, "its id (default: what was active before)");
  AddShield(command, *back);
  AddWait(command, *back);
  commands[command] = [back, release] {
    const auto shield = CheckShield(*back);
    return shield ? RunRollBack(*shield, *release, *CheckWait(back->wait), back->json)
                  : Complain(shield.error());
  };
}

void AddDiff(CLI::App& app, Commands& commands) {
  struct Arguments {
    std::string before, after;
    bool json = false;
  };
  const auto diff = std::make_shared<Arguments>();
  CLI::App* command = app.add_subcommand("diff", "what changed between two releases");
  command->add_option("A", diff->before, "release directory, the older")->required();
  command->add_option("B", diff->after, "release directory, the newer")->required();
  command->add_flag("--json", diff->json, "the result as JSON");
  commands[command] = [diff] { return RunDiff(diff->before, diff->after, diff->json); };
}

void AddVerify(CLI::App& app, Commands& commands) {
  struct Arguments {
    std::string url, folder, ca_file;
  };
  const auto verify = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("verify", "fetch a deployed release through an edge and compare it");
  command->add_option("URL", verify->url, "of the site, as visitors see it")->required();
  command->add_option("--release", verify->folder, "release directory to compare with")->required();
  command->add_option("--ca_file", verify->ca_file, "certificate authority to trust");
  commands[command] = [verify] { return RunVerify(verify->url, verify->folder, verify->ca_file); };
}

void AddScore(CLI::App& app, Commands& commands) {
  struct Arguments {
    std::string original, coded;
  };
  const auto score = std::make_shared<Arguments>();
  CLI::App* command =
      app.add_subcommand("score", "how like its original a coded image looks (SSIMULACRA 2)");
  command->add_option("ORIGINAL", score->original, "JPEG, PNG, GIF or WebP")->required();
  command->add_option("CODED", score->coded, "of the same size; also AVIF")->required();
  commands[command] = [score] { return RunScore(score->original, score->coded); };
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
  Commands commands;
  for (const auto add :
       {AddBuild, AddPush, AddReleases, AddRollBack, AddDiff, AddVerify, AddScore}) {
    add(app, commands);
  }
  skerry::config::ExplainMistakes(app);
  try {
    app.parse(argc, argv);
    if (dump.empty() && app.get_subcommands().empty()) {
      throw CLI::RequiredError("a command (build, push, releases, rollback, diff, verify, score)");
    }
  } catch (const CLI::ParseError& error) {
    const bool help = error.get_exit_code() == 0;
    app.exit(error);
    return help ? 0 : static_cast<int>(Exit::kUsage);
  }
  return dump.empty() ? commands.at(app.get_subcommands().front())() : DumpOptions(dump);
}
