// The command `score`: two image files compared.
#pragma once

#include <filesystem>

#include "core/base/result.h"
#include "pipeline/base/exit.h"

namespace skerry::pipeline {

// The score (images/score.h) of `coded` against `original`. Profiles and orientation of the
// original, and of anything but AVIF, are applied first. Fails when a file cannot be read or
// the sizes differ.
tl::expected<double, Failure> ScoreFiles(const std::filesystem::path& original,
                                         const std::filesystem::path& coded);

}  // namespace skerry::pipeline
