#include "pipeline/images/encode.h"

#include <algorithm>
#include <cmath>
#include <cstddef>

#include "pipeline/images/formats.h"

namespace skerry::pipeline {
namespace {

// What an encoder's setting scores on average.
struct Measured {
  double score;
  double setting;
};

// SSIMULACRA2 means over 15 photographs at 480 and 960 pixels (docs/pipeline.md).
constexpr Measured kAvifQuantizers[] = {{30.3, 46}, {48.6, 40}, {62.3, 34},
                                        {71.9, 28}, {78.7, 22}, {82.9, 16}};
constexpr Measured kWebpQualities[] = {{55.5, 40}, {63.1, 55}, {66.7, 65},
                                       {70.0, 75}, {79.1, 85}, {84.9, 92}};
constexpr Measured kJpegQualities[] = {{58.5, 40}, {66.4, 55}, {70.8, 65},
                                       {75.9, 75}, {81.6, 85}, {89.4, 92}};

// Linear between the measured points, and beyond them as between the last two.
template <size_t n>
int SettingFor(double score, const Measured (&points)[n], int least, int most) {
  size_t i = 0;
  while (i + 2 < n && score > points[i + 1].score) ++i;
  const Measured& a = points[i];
  const Measured& b = points[i + 1];
  const double setting =
      a.setting + (score - a.score) * (b.setting - a.setting) / (b.score - a.score);
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

int AvifQuantizer(uint32_t target) { return SettingFor(target, kAvifQuantizers, 2, 60); }
int WebpQuality(uint32_t target) { return SettingFor(target, kWebpQualities, 10, 98); }
int JpegQuality(uint32_t target) { return SettingFor(target, kJpegQualities, 10, 98); }

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
