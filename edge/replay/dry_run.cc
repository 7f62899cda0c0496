#include "edge/replay/dry_run.h"

#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <utility>

namespace skerry::edge {
namespace {

// "replaying new.toml  [########........]  41 %", on a terminal only.
class Bar {
 public:
  Bar(std::string what, uint64_t total) : what_(std::move(what)), total_(total) {
    const char* term = std::getenv("TERM");
    shown_ = isatty(STDERR_FILENO) == 1 && term != nullptr && std::strcmp(term, "dumb") != 0;
  }
  ~Bar() {
    if (shown_) std::fputs("\r\033[K", stderr);
  }
  void Show(uint64_t done) {
    if (!shown_ || total_ == 0) return;
    constexpr uint64_t kWidth = 32;
    const uint64_t filled = std::min(done, total_) * kWidth / total_;
    std::string bar(kWidth, '.');
    std::fill_n(bar.begin(), filled, '#');
    std::fprintf(stderr, "\r\033[K%s  [%s] %3d %%", what_.c_str(), bar.c_str(),
                 static_cast<int>(std::min(done, total_) * 100 / total_));
  }

 private:
  const std::string what_;
  const uint64_t total_;
  bool shown_ = false;
};

// For logs that name no host: the first of the configuration that is one.
std::string AnyHost(const Options& options) {
  for (const SiteOptions& site : options.sites) {
    for (const std::string& host : site.hosts) {
      if (host.find('*') == host.npos) return host;
    }
  }
  return "localhost";
}

std::string NameOf(const Options& options) {
  const std::string& source = options.places.start().source;
  return source.empty() ? "flags" : source.substr(source.rfind('/') + 1);
}

// False when it is printed why not.
bool ReplayWithBar(const ReplayLog& log, const Options& options, std::string name,
                   std::vector<Outcome>& outcomes) {
  Bar bar("replaying " + name, log.lines.size());
  auto outcome = Replay(log, options, std::move(name), [&](size_t done) { bar.Show(done); });
  if (outcome) {
    outcomes.push_back(std::move(*outcome));
    return true;
  }
  std::fprintf(stderr, "skerry-edge: --dry_run: %s\n", outcome.error().context.c_str());
  return false;
}

std::optional<ReplayLog> ReadLog(const Options& options) {
  std::ifstream file(options.dry_run, std::ios::binary);
  struct stat about {};
  if (!file || stat(options.dry_run.c_str(), &about) != 0 || S_ISDIR(about.st_mode)) {
    std::fprintf(stderr, "skerry-edge: --dry_run: cannot read %s: %s\n", options.dry_run.c_str(),
                 S_ISDIR(about.st_mode) ? "it is a folder" : std::strerror(errno));
    return std::nullopt;
  }
  Bar bar("reading " + options.dry_run, static_cast<uint64_t>(about.st_size));
  return ReadReplayLog(file, AnyHost(options), [&](uint64_t bytes) { bar.Show(bytes); });
}

}  // namespace

int RunDryRun(const Options& options, const std::optional<Options>& against) {
  const std::optional<ReplayLog> log = ReadLog(options);
  if (!log) return 2;
  if (log->lines.empty()) {
    std::fprintf(stderr, "skerry-edge: --dry_run: no line of %s can be used\n",
                 options.dry_run.c_str());
    for (const ReplayLog::Problem& problem : log->problems) {
      std::fprintf(stderr, "  line %llu: %s\n", static_cast<unsigned long long>(problem.line),
                   problem.what.c_str());
    }
    return 1;
  }
  std::string name = NameOf(options);
  std::vector<Outcome> outcomes;
  if (against) {
    std::string other = NameOf(*against);
    if (other == name) {
      name += " (new)";
      other += " (old)";
    }
    if (!ReplayWithBar(*log, *against, std::move(other), outcomes)) return 2;
  } else {
    outcomes.push_back(AsLogged(*log));
  }
  if (!ReplayWithBar(*log, options, std::move(name), outcomes)) return 2;
  const std::string text = options.json ? DryRunJson(*log, outcomes) : DryRunText(*log, outcomes);
  std::fputs(text.c_str(), stdout);
  return std::fflush(stdout) == 0 ? 0 : 1;
}

}  // namespace skerry::edge
