// Step 6, report: what the release weighs, for people and for programs.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "core/asset/manifest.h"
#include "pipeline/report/budgets.h"
#include "pipeline/steps/config.h"
#include "pipeline/steps/fingerprint.h"
#include "pipeline/steps/site.h"

namespace skerry::pipeline {

struct KindWeight {
  size_t files = 0;
  ByteCount bytes = 0;     // as they are
  ByteCount gzip = 0;      // as a client gets them that accepts gzip; the file itself where
  ByteCount brotli = 0;    // there is no such variant
  ByteCount smallest = 0;  // in the best coding or, of pictures, format of their own width
};

struct VariantWeight {
  size_t files = 0;
  ByteCount bytes = 0;
};

// The kinds in the order in which they are told.
inline constexpr const char* kKinds[] = {"pages", "scripts", "styles", "images", "fonts", "other"};

struct BuildReport {
  std::map<std::string, KindWeight> kinds = {};  // pages, scripts, styles, images, fonts, other
  std::map<std::string, VariantWeight> variants = {};  // by media type
  VariantWeight deltas = {};
  std::vector<std::string> deployed = {};      // releases of the shield that they are against
  std::optional<asset::Manifest> before = {};  // the newest of the former releases
  VariantWeight precached = {};                // by the service worker
  size_t renamed = 0;
  size_t references = 0;
  size_t rewritten_references = 0;
  std::vector<std::string> skipped = {};
  std::vector<std::string> broken = {};  // pictures that --keep_going left alone, with causes
  size_t searched = 0;  // pictures whose quality was searched, and encodings that took
  size_t probes = 0;
  std::vector<std::string> warnings = {};
  std::vector<Offender> offenders = {};
  uint64_t cache_hits = 0;
  uint64_t cache_misses = 0;
  double seconds = 0;
};

// Weighs a release and holds it against the budgets. Does not fill in skipped, the cache's
// figures and seconds.
BuildReport Weigh(const asset::Manifest& manifest, const Site& site, const Fingerprinted& release,
                  const Config& config);

std::string ReportText(const BuildReport& report, const std::string& out);
std::string ReportJson(const BuildReport& report, const std::string& out);

}  // namespace skerry::pipeline
