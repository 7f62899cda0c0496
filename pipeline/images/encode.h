// Pixels to files and back: AVIF (libavif and aom), WebP (libwebp), JPEG (libjpeg-turbo).
//
// One thread and no row parallelism inside an encoder: its bytes depend on the pixels,
// the recipe and the library alone. Parallelism is across pictures.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "pipeline/images/image.h"

namespace skerry::pipeline {

enum class Format : uint8_t { kAvif, kWebp, kJpeg, kPng };
// "avif", "webp", "jpeg", "png": also the file's extension, but for JPEG's.
std::string_view Name(Format format);
std::string_view MediaType(Format format);

// `graphics` (drawn, not photographed): full chroma in AVIF, and lossless candidates.
struct ImageRecipe {
  Format format = Format::kAvif;
  double target = 75;  // the score that every file reaches where the format can (score.h)
  bool graphics = false;
};

// Everything that decides the bytes besides the pixels, with the library's version:
// "avif libavif-0.11.1 … aom 3.6.0 speed6 depth10 yuv420 score75".
std::string Canonical(const ImageRecipe& recipe);

// What an encoder can be set to: more is better and larger. `slack`: a search's first file that
// scores up to this above the target is taken; what finer steps cost depends on the format.
struct Scale {
  double least = 0;
  double most = 0;
  double step = 1;
  double slack = 2;
};
Scale ScaleOf(Format format);
// What photographs of a width score on average at a setting, and the setting for a score.
double MeanScore(Format format, double setting, uint32_t width);
double MeanSetting(Format format, double score, uint32_t width);

// REQUIRES: a lossy format. kInternal when the library fails; kLimit when the format cannot
// hold the size.
Result<std::string> EncodeAt(const ImageRecipe& recipe, double setting, const Pixels& pixels);
// kWebp and kPng.
Result<std::string> EncodeLossless(Format format, const Pixels& pixels);
// What a browser shows of a file that was encoded here.
Result<Pixels> Decode(Format format, std::string_view file, bool alpha);

}  // namespace skerry::pipeline
