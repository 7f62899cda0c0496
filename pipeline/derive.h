// Step 2, derive: the same pictures in other formats and widths.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/asset/manifest.h"
#include "core/base/result.h"
#include "pipeline/build_cache.h"
#include "pipeline/config.h"
#include "pipeline/progress.h"
#include "pipeline/site.h"
#include "pipeline/work.h"

namespace skerry::pipeline {

struct Picture {
  uint32_t width = 0;  // of what the entry itself shows
  uint32_t height = 0;
  std::vector<asset::ImageVariant> variants = {};
};
// By index in Site::files.
using Pictures = std::map<int, Picture>;

// The widths that variants get, descending: the picture's own (or `max_width`, if that is
// less) and every configured one that is at least a tenth narrower.
std::vector<uint32_t> VariantWidths(uint32_t own, const std::vector<int64_t>& configured,
                                    uint32_t max_width);

// Variants of every picture that the configuration includes, written below `files` under
// names that hold their hash. A variant is dropped when it is not at least 3 % smaller
// than what a browser would load otherwise: AVIF than WebP of the same width, both than
// the original. JPEG originals wider than images.max_width are replaced in `site`. Animations
// get no variants.
//
// Bytes do not depend on the crew's size. The error names every picture that failed.
Result<Pictures> Derive(Site& site, const Config& config, const std::filesystem::path& files,
                        BuildCache& cache, Crew& crew, Progress& progress);

}  // namespace skerry::pipeline
