#include "pipeline/images/encode.h"

#include <algorithm>

#include "pipeline/images/formats.h"

namespace skerry::pipeline {
namespace {

// Linear between the measured points (score, setting), extended beyond them.
int Fit(double score, double score_a, double setting_a, double score_b, double setting_b, int least,
        int most) {
  const double slope = (setting_b - setting_a) / (score_b - score_a);
  const double setting = setting_a + (score - score_a) * slope;
  return std::clamp(static_cast<int>(std::lround(setting)), least, most);
}

}  // namespace

std::string_view Name(Format format) {
  switch (format) {
    case Format::kAvif: return "avif";
    case Format::kWebp: return "webp";
    case Format::kJpeg: return "jpeg";
  }
  return "jpeg";
}

std::string_view MediaType(Format format) {
  switch (format) {
    case Format::kAvif: return "image/avif";
    case Format::kWebp: return "image/webp";
    case Format::kJpeg: return "image/jpeg";
  }
  return "image/jpeg";
}

// Means over the photographs: aom cq-level 31 scores 69.4 and 22 scores 79.6; WebP
// quality 75 scores 72.5 and 80 scores 75.6; JPEG quality 80 scores 80.0 and its slope
// is taken to be WebP's.
int AvifQuantizer(uint32_t target) { return Fit(target, 69.4, 31, 79.6, 22, 4, 60); }
int WebpQuality(uint32_t target) { return Fit(target, 72.5, 75, 75.6, 80, 20, 98); }
int JpegQuality(uint32_t target) { return Fit(target, 76.9, 75, 80.0, 80, 20, 98); }

std::string Canonical(const ImageRecipe& recipe) {
  switch (recipe.format) {
    case Format::kAvif:
      return "avif " + AvifVersion() + " speed6 depth10 " +
             (recipe.graphics ? "yuv444 q" : "yuv420 q") +
             std::to_string(AvifQuantizer(recipe.target));
    case Format::kWebp:
      return "webp " + WebpVersion() + " method6 " + (recipe.graphics ? "or-lossless1.5 q" : "q") +
             std::to_string(WebpQuality(recipe.target));
    case Format::kJpeg:
      return "jpeg " + DecoderVersion() + " " + JpegVersion() + " progressive optimised q" +
             std::to_string(JpegQuality(recipe.target));
  }
  return "";
}

Result<std::string> Encode(const ImageRecipe& recipe, const Pixels& pixels) {
  switch (recipe.format) {
    case Format::kAvif: return EncodeAvif(pixels, AvifQuantizer(recipe.target), recipe.graphics);
    case Format::kWebp: return EncodeWebp(pixels, WebpQuality(recipe.target), recipe.graphics);
    case Format::kJpeg: return EncodeJpeg(pixels, JpegQuality(recipe.target));
  }
  return Fail(Code::kInternal, Side::kSelf, "no such image format");
}

}  // namespace skerry::pipeline
