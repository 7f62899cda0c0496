#include "pipeline/images/placeholder.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <numbers>
#include <vector>

#include "core/base/digest.h"
#include "pipeline/images/formats.h"

namespace skerry::pipeline {
namespace {

constexpr uint32_t kLongSide = 20;
constexpr int kQuality = 40;

using Colour = std::array<double, 3>;

double ToLinear(uint8_t value) {
  const double v = value / 255.0;
  return v <= 0.04045 ? v / 12.92 : std::pow((v + 0.055) / 1.055, 2.4);
}

int FromLinear(double value) {
  const double v = std::clamp(value, 0.0, 1.0);
  const double coded = v <= 0.0031308 ? v * 12.92 : 1.055 * std::pow(v, 1 / 2.4) - 0.055;
  return static_cast<int>(coded * 255 + 0.5);
}

// Means of boxes: more is not seen in so few pixels.
Pixels Shrunk(const Pixels& pixels) {
  const uint32_t side = std::max(pixels.width, pixels.height);
  if (side <= kLongSide) return pixels;
  Pixels small{std::max(1u, pixels.width * kLongSide / side),
               std::max(1u, pixels.height * kLongSide / side),
               pixels.alpha,
               {},
               pixels.p3};
  const uint32_t bands = pixels.alpha ? 4 : 3;
  for (uint32_t y = 0; y < small.height; ++y) {
    const uint32_t top = y * pixels.height / small.height;
    const uint32_t bottom = std::max(top + 1, (y + 1) * pixels.height / small.height);
    for (uint32_t x = 0; x < small.width; ++x) {
      const uint32_t left = x * pixels.width / small.width;
      const uint32_t right = std::max(left + 1, (x + 1) * pixels.width / small.width);
      for (uint32_t c = 0; c < bands; ++c) {
        uint64_t sum = 0;
        for (uint32_t v = top; v < bottom; ++v) {
          for (uint32_t u = left; u < right; ++u) {
            sum += static_cast<uint8_t>(pixels.bytes[size_t{v} * pixels.stride() + u * bands + c]);
          }
        }
        small.bytes.push_back(static_cast<char>(sum / (uint64_t{bottom - top} * (right - left))));
      }
    }
  }
  return small;
}

std::string Base83(int value, int digits) {
  constexpr char kDigits[] =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";
  std::string text(static_cast<size_t>(digits), '0');
  for (int i = digits; i > 0; --i, value /= 83)
    text[static_cast<size_t>(i - 1)] = kDigits[value % 83];
  return text;
}

Colour Component(const Pixels& pixels, int across, int down) {
  const uint32_t bands = pixels.alpha ? 4 : 3;
  Colour sum{};
  for (uint32_t y = 0; y < pixels.height; ++y) {
    const double wave_y = std::cos(std::numbers::pi * down * y / pixels.height);
    for (uint32_t x = 0; x < pixels.width; ++x) {
      const double wave = wave_y * std::cos(std::numbers::pi * across * x / pixels.width);
      const size_t at = size_t{y} * pixels.stride() + size_t{x} * bands;
      for (size_t c = 0; c < 3; ++c) {
        sum[c] += wave * ToLinear(static_cast<uint8_t>(pixels.bytes[at + c]));
      }
    }
  }
  const double scale =
      (across == 0 && down == 0 ? 1.0 : 2.0) / (double{1} * pixels.width * pixels.height);
  for (double& value : sum) value *= scale;
  return sum;
}

int QuantisedAc(double value, double most) {
  const double share = value / most;
  const double root = std::copysign(std::sqrt(std::abs(share)), share);
  return static_cast<int>(std::clamp(std::floor(root * 9 + 9.5), 0.0, 18.0));
}

std::string Blurhash(const Pixels& pixels) {
  const bool wide = pixels.width >= pixels.height;
  const int across = wide ? 4 : 3;
  const int down = wide ? 3 : 4;
  std::vector<Colour> factors;
  for (int y = 0; y < down; ++y) {
    for (int x = 0; x < across; ++x) factors.push_back(Component(pixels, x, y));
  }
  double most = 0;
  for (size_t i = 1; i < factors.size(); ++i) {
    for (const double value : factors[i]) most = std::max(most, std::abs(value));
  }
  const int level = static_cast<int>(std::clamp(std::floor(most * 166 - 0.5), 0.0, 82.0));
  const double scale = (level + 1) / 166.0;
  std::string hash = Base83(across - 1 + (down - 1) * 9, 1) + Base83(level, 1);
  const Colour& mean = factors.front();
  hash += Base83(FromLinear(mean[0]) << 16 | FromLinear(mean[1]) << 8 | FromLinear(mean[2]), 4);
  for (size_t i = 1; i < factors.size(); ++i) {
    int packed = 0;
    for (const double value : factors[i]) packed = packed * 19 + QuantisedAc(value, scale);
    hash += Base83(packed, 2);
  }
  return hash;
}

// Of Display P3; what sRGB cannot show is cut off.
void ToSrgb(Pixels& pixels) {
  constexpr double kMatrix[3][3] = {
      {1.2249402, -0.2249402, 0}, {-0.0420570, 1.0420570, 0}, {-0.0196376, -0.0786361, 1.0982735}};
  for (size_t at = 0; at < pixels.bytes.size(); at += pixels.alpha ? 4 : 3) {
    Colour wide;
    for (size_t c = 0; c < 3; ++c) wide[c] = ToLinear(static_cast<uint8_t>(pixels.bytes[at + c]));
    for (size_t c = 0; c < 3; ++c) {
      double sum = 0;
      for (size_t i = 0; i < 3; ++i) sum += kMatrix[c][i] * wide[i];
      pixels.bytes[at + c] = static_cast<char>(FromLinear(sum));
    }
  }
  pixels.p3 = false;
}

}  // namespace

std::string PlaceholderRecipe() { return "placeholder1 " + WebpVersion(); }

Result<Placeholder> MakePlaceholderOf(const Pixels& pixels) {
  Pixels small = Shrunk(pixels);
  if (small.p3) ToSrgb(small);
  const Result<std::string> webp = EncodeWebp(small, kQuality, false);
  if (!webp) return Fail(webp.error());
  return Placeholder{Blurhash(small), "data:image/webp;base64," + ToBase64(*webp)};
}

}  // namespace skerry::pipeline
