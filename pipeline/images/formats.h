// One function an encoder library. Private to this folder: use encode.h.
#pragma once

#include <cmath>
#include <string>

#include "core/base/result.h"
#include "pipeline/images/image.h"

namespace skerry::pipeline {

// `quantizer` 0 (lossless) to 63.
Result<std::string> EncodeAvif(const Pixels& pixels, int quantizer, bool full_chroma);
std::string AvifVersion();

// Lossy at `quality` 0 to 100, or with `or_lossless` the lossless file when it is at most 1.5
// times as large.
Result<std::string> EncodeWebp(const Pixels& pixels, int quality, bool or_lossless);
std::string WebpVersion();

// Progressive with optimised tables, 4:2:0. Alpha is put on white.
Result<std::string> EncodeJpeg(const Pixels& pixels, int quality);
std::string JpegVersion();

}  // namespace skerry::pipeline
