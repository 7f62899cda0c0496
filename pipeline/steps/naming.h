// Which files are renamed, and which also stay under their old name.
#pragma once

#include <vector>

#include "pipeline/steps/config.h"
#include "pipeline/steps/links.h"
#include "pipeline/steps/mentions.h"
#include "pipeline/steps/site.h"

namespace skerry::pipeline {

struct Naming {
  bool rename = false;
  bool keep_old = false;  // also serve the old path
  bool hashed = false;    // a bundler put a hash into the name
  bool in_code = false;   // a script names it
  bool worker = false;    // a service worker: its bytes must never be old
};

// One for each file of the site.
std::vector<Naming> DecideNames(const Site& site, const Links& links, const Config& config);

}  // namespace skerry::pipeline
