#include "pipeline/images/resize.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <numbers>
#include <random>
#include <string>

namespace skerry::pipeline {
namespace {

Pixels Noise(uint32_t width, uint32_t height, bool alpha, uint32_t seed) {
  std::mt19937 random(seed);
  Pixels pixels{width, height, alpha, {}};
  pixels.bytes.resize(size_t{pixels.stride()} * height);
  for (char& byte : pixels.bytes) byte = static_cast<char>(random());
  return pixels;
}

Pixels ScaledBy(Instructions instructions, const Pixels& pixels, Size to) {
  Pixels out{to.width, to.height, pixels.alpha, {}};
  RowScaler scaler(
      {pixels.width, pixels.height}, to, pixels.alpha,
      [&out](const uint8_t* row) {
        out.bytes.append(reinterpret_cast<const char*>(row), out.stride());
      },
      instructions);
  for (uint32_t y = 0; y < pixels.height; ++y) {
    // A buffer of its own, so that a read beyond the row is seen by the sanitizer.
    const std::vector<uint8_t> row(pixels.bytes.begin() + pixels.stride() * y,
                                   pixels.bytes.begin() + pixels.stride() * (y + 1));
    scaler.Take(row.data());
  }
  return out;
}

double Lanczos(double x) {
  if (x == 0) return 1;
  if (std::abs(x) >= 3) return 0;
  const double angle = std::numbers::pi * x;
  return 3 * std::sin(angle) * std::sin(angle / 3) / (angle * angle);
}

// One axis of one channel, by the definition and in floating point.
std::vector<double> Filtered(const std::vector<double>& line, uint32_t to) {
  const double factor = static_cast<double>(line.size()) / to;
  std::vector<double> out(to);
  for (uint32_t i = 0; i < to; ++i) {
    const double centre = (i + 0.5) * factor - 0.5;
    double sum = 0;
    double weights = 0;
    for (int at = static_cast<int>(centre - 3 * factor) - 2; at <= centre + 3 * factor + 2; ++at) {
      const double weight = Lanczos((at - centre) / factor);
      sum += weight * line[std::clamp<int>(at, 0, static_cast<int>(line.size()) - 1)];
      weights += weight;
    }
    out[i] = sum / weights;
  }
  return out;
}

// The definition over both axes of `values`, row by row.
std::vector<double> Reference(const std::vector<double>& values, Size from, Size to) {
  std::vector<double> narrow;
  for (uint32_t y = 0; y < from.height; ++y) {
    const std::vector<double> row(values.begin() + y * from.width,
                                  values.begin() + (y + 1) * from.width);
    const std::vector<double> filtered = Filtered(row, to.width);
    narrow.insert(narrow.end(), filtered.begin(), filtered.end());
  }
  std::vector<double> out(size_t{to.width} * to.height);
  for (uint32_t x = 0; x < to.width; ++x) {
    std::vector<double> column(from.height);
    for (uint32_t y = 0; y < from.height; ++y) column[y] = narrow[y * to.width + x];
    const std::vector<double> filtered = Filtered(column, to.height);
    for (uint32_t y = 0; y < to.height; ++y) out[y * to.width + x] = filtered[y];
  }
  return out;
}

int ByteAt(const Pixels& pixels, size_t at) { return static_cast<uint8_t>(pixels.bytes[at]); }

constexpr struct {
  Size from;
  Size to;
} kShapes[] = {{{61, 47}, {40, 31}}, {{64, 64}, {33, 17}}, {{5, 90}, {5, 45}},
               {{1, 9}, {1, 4}},     {{9, 1}, {7, 1}},     {{1, 1}, {1, 1}},
               {{2, 3}, {1, 1}},     {{127, 30}, {22, 6}}, {{31, 31}, {30, 31}},
               {{200, 3}, {101, 2}}, {{7, 7}, {7, 7}},     {{97, 12}, {96, 11}}};

TEST(ResizeTest, IsWithinOneLevelOfTheDefinition) {
  for (const auto& [from, to] : kShapes) {
    const Pixels pixels = Noise(from.width, from.height, false, from.width * 1000 + to.width);
    const Pixels scaled = ScaledBy(BestInstructions(), pixels, to);
    for (size_t c = 0; c < 3; ++c) {
      std::vector<double> channel;
      for (size_t at = c; at < pixels.bytes.size(); at += 3) channel.push_back(ByteAt(pixels, at));
      const std::vector<double> wanted = Reference(channel, from, to);
      for (size_t i = 0; i < wanted.size(); ++i) {
        ASSERT_NEAR(ByteAt(scaled, 3 * i + c), std::clamp(wanted[i], 0.0, 255.0), 1.0)
            << from.width << "x" << from.height << " to " << to.width << "x" << to.height << " at "
            << i;
      }
    }
  }
}

TEST(ResizeTest, AlphaWeighsTheColours) {
  for (const auto& [from, to] : kShapes) {
    const Pixels pixels = Noise(from.width, from.height, true, from.width * 1000 + to.width);
    const Pixels scaled = ScaledBy(BestInstructions(), pixels, to);
    std::vector<double> alphas;
    std::vector<double> reds;
    for (size_t at = 0; at < pixels.bytes.size(); at += 4) {
      alphas.push_back(ByteAt(pixels, at + 3));
      reds.push_back(ByteAt(pixels, at) * ByteAt(pixels, at + 3) / 255.0);
    }
    const std::vector<double> alpha = Reference(alphas, from, to);
    const std::vector<double> red = Reference(reds, from, to);
    for (size_t i = 0; i < alpha.size(); ++i) {
      ASSERT_NEAR(ByteAt(scaled, 4 * i + 3), std::clamp(alpha[i], 0.0, 255.0), 1.0);
      if (alpha[i] < 32) continue;  // a level of what is nearly clear is not seen
      const double straight = red[i] / alpha[i] * 255;
      ASSERT_NEAR(ByteAt(scaled, 4 * i), std::clamp(straight, 0.0, 255.0), 1.0);
    }
  }
}

TEST(ResizeTest, BytesDoNotDependOnTheProcessor) {
  if (BestInstructions() == Instructions::kPortable) GTEST_SKIP() << "no AVX2 here";
  for (const auto& [from, to] : kShapes) {
    for (const bool alpha : {false, true}) {
      const Pixels pixels = Noise(from.width, from.height, alpha, to.height);
      EXPECT_EQ(ScaledBy(Instructions::kPortable, pixels, to).bytes,
                ScaledBy(Instructions::kAvx2, pixels, to).bytes)
          << from.width << "x" << from.height << " to " << to.width << "x" << to.height;
    }
  }
}

TEST(ResizeTest, OneColourStaysThatColour) {
  for (const bool alpha : {false, true}) {
    for (const int value : {0, 1, 127, 254, 255}) {
      if (alpha && value == 1) continue;  // nothing is left of a colour that clear
      Pixels pixels{150, 90, alpha, {}};
      pixels.bytes.assign(size_t{pixels.stride()} * 90, static_cast<char>(value));
      const Pixels small = Shrunk(pixels, 11);
      EXPECT_EQ(small.bytes, std::string(small.bytes.size(), static_cast<char>(value)));
    }
  }
}

// Large steps go by way of widths between.
TEST(ResizeTest, LargeFactorsKeepTheMean) {
  const Pixels pixels = Noise(1999, 701, false, 1);
  const Pixels small = Shrunk(pixels, 3);
  EXPECT_EQ(small.height, 1u);
  for (size_t i = 0; i < small.bytes.size(); ++i) EXPECT_NEAR(ByteAt(small, i), 127.5, 4);
}

TEST(ResizeTest, NoSideBecomesNothing) {
  EXPECT_EQ(SizeAt({4000, 3}, 10), (Size{10, 1}));
  EXPECT_EQ(Shrunk(Noise(400, 2, false, 1), 10).bytes.size(), 30u);
}

}  // namespace
}  // namespace skerry::pipeline
