#include "pipeline/arguments.h"

#include <algorithm>
#include <cstdlib>
#include <thread>

namespace skerry::pipeline {
namespace {

tl::unexpected<Failure> Usage(const std::string& message) {
  return tl::unexpected(Failure{Exit::kUsage, message});
}

// As the XDG base directory specification says; empty without a home.
std::filesystem::path DefaultCache() {
  const char* cache = std::getenv("XDG_CACHE_HOME");
  if (cache != nullptr && cache[0] == '/') return std::filesystem::path(cache) / "skerry-pipeline";
  const char* home = std::getenv("HOME");
  if (home != nullptr && home[0] == '/') {
    return std::filesystem::path(home) / ".cache" / "skerry-pipeline";
  }
  return {};
}

}  // namespace

tl::expected<BuildOptions, Failure> CheckBuild(const BuildArguments& arguments) {
  BuildOptions options;
  options.site = arguments.site;
  options.out = arguments.out;
  options.config = arguments.config;
  if (arguments.cache != "off") {
    options.cache =
        arguments.cache.empty() ? DefaultCache() : std::filesystem::path(arguments.cache);
  }
  std::error_code failed;
  if (!arguments.cache.empty() && std::filesystem::exists(options.cache, failed) &&
      !std::filesystem::is_directory(options.cache, failed)) {
    return Usage("--cache_dir=" + arguments.cache + " is no folder; name another, or off");
  }
  for (const std::string& folder : arguments.previous) options.previous.emplace_back(folder);
  if (!options.previous.empty() && !arguments.deployed.to.empty() &&
      arguments.deployed.to != "off") {
    return Usage("--previous and --deployed both say what deltas are made against; give one");
  }
  options.deployed = arguments.deployed;
  const size_t cores = std::max(1u, std::thread::hardware_concurrency());
  options.keep_going = arguments.keep_going;
  options.jobs = arguments.jobs > 0 ? static_cast<size_t>(arguments.jobs) : cores;
  return options;
}

tl::expected<ShipOptions, Failure> CheckPush(const PushArguments& arguments) {
  auto shield = CheckShield(arguments);
  if (!shield) return tl::unexpected(shield.error());
  ShipOptions options;
  static_cast<ShieldAddress&>(options) = *std::move(shield);
  options.folder = arguments.folder;
  options.activate = arguments.activate;
  options.wait = *CheckWait(arguments.wait);
  if (!arguments.preview.empty() && !arguments.preview.starts_with("https://") &&
      !arguments.preview.starts_with("http://")) {
    return Usage("--preview=" + arguments.preview +
                 " is no URL; write the site's own, https://HOST");
  }
  options.preview = arguments.preview;
  return options;
}

}  // namespace skerry::pipeline
