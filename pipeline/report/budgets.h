// What the files of a release may weigh ([budgets]), and what is over it.
//
// A script that a page loads itself (a script element, a module preload) is an *entry*. A
// script that no page loads but another script names is a *route*: what bundlers split off for
// dynamic import. Scripts that nothing names, and service workers, are neither.
#pragma once

#include <string>
#include <vector>

#include "core/asset/manifest.h"
#include "core/base/bytes.h"
#include "pipeline/steps/config.h"
#include "pipeline/steps/fingerprint.h"
#include "pipeline/steps/site.h"

namespace skerry::pipeline {

struct Offender {
  std::string budget;  // "script": the key below [budgets]
  std::string path;
  ByteCount size = 0;
  ByteCount limit = 0;
};

// By budget in the order of the manual, the furthest over first, then by path.
std::vector<Offender> JudgeBudgets(const asset::Manifest& manifest, const Site& site,
                                   const Fingerprinted& release, const Config& config);

// Lines of [budgets] that would allow all of them: "image = \"312KiB\"".
std::vector<std::string> RaisedBudgets(const std::vector<Offender>& offenders);

// A table of the first ten of each budget, and what can be done; "" for none.
std::string OffendersText(const std::vector<Offender>& offenders);

}  // namespace skerry::pipeline
