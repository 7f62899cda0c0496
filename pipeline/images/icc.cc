#include "pipeline/images/icc.h"

#include <cmath>
#include <cstddef>
#include <cstdint>
#include <optional>

namespace skerry::pipeline {
namespace {

constexpr size_t kHeader = 128;  // then the number of tags, then 12 bytes a tag
constexpr size_t kTag = 12;
constexpr uint32_t kMostTags = 100;
// Of the triangle of sRGB's primaries, adapted to D50 as in every profile.
constexpr double kSrgbArea = 0.1091;
constexpr double kWider = 1.1;

uint32_t Read32(std::string_view at) {
  uint32_t value = 0;
  for (size_t i = 0; i < 4; ++i) value = value << 8 | static_cast<uint8_t>(at[i]);
  return value;
}

struct Point {
  double x = 0;
  double y = 0;
};

// XYZType := "XYZ " | 4 bytes | three s15Fixed16Number
std::optional<Point> ReadPoint(std::string_view profile, std::string_view name) {
  const uint32_t count = Read32(profile.substr(kHeader));
  if (count > kMostTags || profile.size() < kHeader + 4 + count * kTag) return std::nullopt;
  for (uint32_t i = 0; i < count; ++i) {
    const std::string_view tag = profile.substr(kHeader + 4 + i * kTag, kTag);
    if (tag.substr(0, 4) != name) continue;
    const uint64_t offset = Read32(tag.substr(4));
    if (offset + 20 > profile.size() || profile.substr(offset, 4) != "XYZ ") return std::nullopt;
    double values[3];
    double sum = 0;
    for (size_t c = 0; c < 3; ++c) {
      values[c] = static_cast<int32_t>(Read32(profile.substr(offset + 8 + 4 * c))) / 65536.0;
      sum += values[c];
    }
    if (!(sum > 0)) return std::nullopt;
    return Point{values[0] / sum, values[1] / sum};
  }
  return std::nullopt;
}

}  // namespace

bool IsWiderThanSrgb(std::string_view profile) {
  if (profile.size() < kHeader + 4 || profile.substr(16, 4) != "RGB ") return false;
  const std::optional<Point> red = ReadPoint(profile, "rXYZ");
  const std::optional<Point> green = ReadPoint(profile, "gXYZ");
  const std::optional<Point> blue = ReadPoint(profile, "bXYZ");
  if (!red || !green || !blue) return false;
  const double area = std::abs((green->x - red->x) * (blue->y - red->y) -
                               (blue->x - red->x) * (green->y - red->y)) /
                      2;
  return area > kSrgbArea * kWider;
}

}  // namespace skerry::pipeline
