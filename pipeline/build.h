// The command `build`: the steps in their order.
#pragma once

#include <filesystem>
#include <vector>

#include "pipeline/base/exit.h"
#include "pipeline/base/progress.h"
#include "pipeline/report/report.h"
#include "pipeline/ship/shield_arguments.h"

namespace skerry::pipeline {

struct BuildOptions {
  std::filesystem::path site = {};
  std::filesystem::path out = {};
  std::filesystem::path config = {};                 // empty: skerry.toml in the site, if there
  std::filesystem::path cache = {};                  // empty: nothing is kept between builds
  std::vector<std::filesystem::path> previous = {};  // former releases, newest first
  size_t jobs = 1;
  ByteCount cache_limit = 4_GiB;  // what the cache may hold when the build ends
  bool keep_going = false;        // pictures that cannot be read stay as they are
  ShieldArguments deployed = {};  // whose releases are former ones too; over `deployed` in config
};

// Builds the release at options.out. Whatever fails, what was there before stays.
tl::expected<BuildReport, Failure> Build(const BuildOptions& options, Progress& progress);

}  // namespace skerry::pipeline
