// Step 2, derive: the same pictures in other formats and widths.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/asset/manifest.h"
#include "core/base/result.h"
#include "pipeline/base/progress.h"
#include "pipeline/base/work.h"
#include "pipeline/steps/build_cache.h"
#include "pipeline/steps/config.h"
#include "pipeline/steps/site.h"

namespace skerry::pipeline {

struct Picture {
  uint32_t width = 0;  // of what the entry itself shows
  uint32_t height = 0;
  std::vector<asset::ImageVariant> variants = {};
  std::map<std::string, std::string> notes = {};  // for the manifest: blurhash, scores
  std::string placeholder = {};                   // data: URL of a tiny picture, or ""
};
// By index in Site::files.
using Pictures = std::map<int, Picture>;

struct Derived {
  Pictures pictures = {};
  std::vector<std::string> broken = {};  // kept untouched because of keep_going, with causes
  size_t searched = 0;                   // files whose quality was searched in this build
  size_t probes = 0;                     // encodings that took
};

// The widths that variants get, descending: the picture's own (or `max_width`, if that is
// less) and every configured one that is at least a tenth narrower.
std::vector<uint32_t> VariantWidths(uint32_t own, const std::vector<int64_t>& configured,
                                    uint32_t max_width);

// Variants of every picture that the configuration includes, written below `files` under
// names that hold their hash. A variant is dropped when it is not at least 3 % smaller
// than what a browser would load otherwise: AVIF than WebP, both than JPEG or PNG of the same
// width, all than the original. JPEG originals wider than images.max_width are replaced in
// `site`. Animated GIF and WebP stay animated; animated PNG gets no variants.
//
// Bytes do not depend on the crew's size. The error names every picture that failed; with
// `keep_going` they stay as they are, and are listed.
Result<Derived> Derive(Site& site, const Config& config, const std::filesystem::path& files,
                       bool keep_going, BuildCache& cache, Crew& crew, Progress& progress);

}  // namespace skerry::pipeline
