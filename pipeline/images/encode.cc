#include "pipeline/images/encode.h"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <iterator>

#include "pipeline/images/formats.h"

namespace skerry::pipeline {
namespace {

// What an encoder's setting scores on average, by width.
constexpr uint32_t kWidths[] = {100, 200, 400, 800};
constexpr size_t kColumns = std::size(kWidths);
struct Measured {
  double setting;
  double score[kColumns];
};

// SSIMULACRA 2 means over 15 photographs (docs/pipeline.md). AVIF's setting is 63 - quantizer, at
// the steeper matrices (avif.cc).
constexpr Measured kAvif[] = {{14, {44.9, 30.6, 22.8, 18.6}}, {20, {58.2, 47.6, 41.9, 39.2}},
                              {26, {69.2, 60.7, 56.8, 54.9}}, {32, {76.3, 70.2, 68.1, 66.8}},
                              {38, {81.7, 77.2, 76.0, 75.2}}, {44, {85.1, 81.3, 80.6, 80.0}},
                              {50, {88.2, 85.3, 84.9, 84.8}}};
constexpr Measured kWebp[] = {{8, {46.8, 35.8, 28.0, 24.2}},  {20, {58.4, 49.3, 43.7, 39.5}},
                              {40, {69.0, 61.5, 57.8, 55.5}}, {60, {74.6, 69.1, 66.8, 64.6}},
                              {75, {78.1, 73.4, 71.7, 70.0}}, {85, {84.6, 81.1, 80.0, 78.8}},
                              {92, {88.7, 85.7, 85.4, 85.0}}};
constexpr Measured kJpeg[] = {{8, {30.7, 14.0, 3.7, -4.1}},   {20, {56.7, 48.8, 44.9, 42.6}},
                              {40, {69.4, 64.6, 63.0, 62.1}}, {55, {73.7, 70.4, 69.5, 69.1}},
                              {70, {77.7, 75.5, 75.3, 75.4}}, {82, {82.1, 80.4, 80.6, 81.2}},
                              {90, {86.0, 84.6, 85.1, 86.0}}, {95, {89.2, 87.6, 88.3, 89.3}}};

struct Table {
  const Measured* points;
  size_t count;
};

Table TableOf(Format format) {
  switch (format) {
    case Format::kAvif: return {kAvif, std::size(kAvif)};
    case Format::kWebp: return {kWebp, std::size(kWebp)};
    case Format::kJpeg:
    case Format::kPng: break;
  }
  return {kJpeg, std::size(kJpeg)};
}

// A point's score at `width`: linear in its logarithm, constant beyond what was measured.
double At(const Measured& point, uint32_t width) {
  if (width <= kWidths[0]) return point.score[0];
  size_t i = 0;
  while (i + 1 < kColumns && width > kWidths[i + 1]) ++i;
  if (i + 1 == kColumns) return point.score[i];
  const double share = std::log2(static_cast<double>(width) / kWidths[i]);
  return point.score[i] + share * (point.score[i + 1] - point.score[i]);
}

std::string Number(double value) {
  std::string text = std::to_string(value);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

}  // namespace

std::string_view Name(Format format) {
  switch (format) {
    case Format::kAvif: return "avif";
    case Format::kWebp: return "webp";
    case Format::kJpeg: return "jpeg";
    case Format::kPng: return "png";
  }
  return "jpeg";
}

std::string_view MediaType(Format format) {
  switch (format) {
    case Format::kAvif: return "image/avif";
    case Format::kWebp: return "image/webp";
    case Format::kJpeg: return "image/jpeg";
    case Format::kPng: return "image/png";
  }
  return "image/jpeg";
}

std::string Canonical(const ImageRecipe& recipe) {
  const std::string score = " score" + Number(recipe.target);
  switch (recipe.format) {
    case Format::kAvif:
      return "avif " + AvifVersion() + " speed6 depth10 qm9-11 " +
             (recipe.graphics ? "yuv444" : "yuv420") + score;
    case Format::kWebp:
      return "webp " + WebpVersion() + " method6" + (recipe.graphics ? " or-lossless" : "") + score;
    case Format::kJpeg: return "jpeg " + JpegVersion() + " tables1 yuv420" + score;
    case Format::kPng: return "png " + PngVersion();
  }
  return "";
}

Scale ScaleOf(Format format) {
  switch (format) {
    case Format::kAvif: return {3, 61, 0.5, 1.5};
    case Format::kWebp: return {5, 99, 0.5};
    case Format::kJpeg:
    case Format::kPng: break;
  }
  return {5, 98, 0.5};
}

double MeanScore(Format format, double setting, uint32_t width) {
  const auto [points, count] = TableOf(format);
  size_t i = 0;
  while (i + 2 < count && setting > points[i + 1].setting) ++i;
  const double low = At(points[i], width);
  const double high = At(points[i + 1], width);
  return low +
         (setting - points[i].setting) * (high - low) / (points[i + 1].setting - points[i].setting);
}

double MeanSetting(Format format, double score, uint32_t width) {
  const auto [points, count] = TableOf(format);
  size_t i = 0;
  while (i + 2 < count && score > At(points[i + 1], width)) ++i;
  const double low = At(points[i], width);
  const double high = At(points[i + 1], width);
  return points[i].setting +
         (score - low) * (points[i + 1].setting - points[i].setting) / (high - low);
}

Result<std::string> EncodeAt(const ImageRecipe& recipe, double setting, const Pixels& pixels) {
  switch (recipe.format) {
    case Format::kAvif: return EncodeAvif(pixels, 63 - setting, recipe.graphics);
    case Format::kWebp: return EncodeWebp(pixels, setting, recipe.graphics);
    case Format::kJpeg: return EncodeJpeg(pixels, setting);
    case Format::kPng: break;
  }
  return Fail(Code::kInternal, Side::kSelf, "not a lossy image format");
}

Result<std::string> EncodeLossless(Format format, const Pixels& pixels) {
  if (format == Format::kWebp) return EncodeWebpLossless(pixels);
  if (format == Format::kPng) return EncodePng(pixels);
  return Fail(Code::kInternal, Side::kSelf, "not a lossless image format");
}

Result<Pixels> Decode(Format format, std::string_view file, bool alpha) {
  switch (format) {
    case Format::kAvif: return DecodeAvif(file, alpha);
    case Format::kWebp: return DecodeWebp(file, alpha);
    case Format::kJpeg: return DecodeJpeg(file);
    case Format::kPng: break;
  }
  return Fail(Code::kInternal, Side::kSelf, "PNG is lossless here: there is nothing to look at");
}

}  // namespace skerry::pipeline
