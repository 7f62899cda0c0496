// Pixels to files: AVIF (libavif and aom), WebP (libwebp), JPEG (libvips).
//
// One thread and no row parallelism inside an encoder: its bytes depend on the pixels,
// the recipe and the library alone. Parallelism is across pictures.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "pipeline/images/image.h"

namespace skerry::pipeline {

enum class Format : uint8_t { kAvif, kWebp, kJpeg };
// "avif", "webp", "jpeg": also the file's extension, but for JPEG's.
std::string_view Name(Format format);
std::string_view MediaType(Format format);

// `target` is the score that photographs reach on average, on the scale of SSIMULACRA2; each
// encoder's setting for it was measured on 15 photographs (docs/pipeline.md), single ones
// score up to 15 less or 5 more. `graphics`: full chroma in AVIF, and lossless WebP where
// that costs no more than half as much again.
struct ImageRecipe {
  Format format = Format::kAvif;
  uint32_t target = 75;
  bool graphics = false;
};

// Everything that decides the bytes besides the pixels, with the library's version:
// "avif aom-3.6.0 … speed6 depth10 yuv420 q26".
std::string Canonical(const ImageRecipe& recipe);

// kInternal when the library fails; kLimit when the format cannot hold the size.
Result<std::string> Encode(const ImageRecipe& recipe, const Pixels& pixels);

}  // namespace skerry::pipeline
