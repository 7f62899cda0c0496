#include "pipeline/images/search.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/base/random.h"

namespace skerry::pipeline {
namespace {

// Soft shapes with grain, as cameras make them.
Pixels Photo(uint32_t width, uint32_t height, int seed) {
  SeededRandom random(static_cast<uint64_t>(seed));
  Pixels pixels{width, height, false, {}};
  for (uint32_t y = 0; y < height; ++y) {
    for (uint32_t x = 0; x < width; ++x) {
      const double shape = std::sin(x * 0.13 * seed) * std::cos(y * 0.09 * seed);
      const int light = static_cast<int>(128 + 80 * shape) + static_cast<int>(random.Below(5));
      for (const int tint : {10, 0, -10}) {
        pixels.bytes.push_back(static_cast<char>(std::clamp(light + tint, 0, 255)));
      }
    }
  }
  return pixels;
}

// Letters on white: sharp edges in colour.
Pixels Drawing(uint32_t width, uint32_t height) {
  Pixels pixels{width, height, false, {}};
  for (uint32_t y = 0; y < height; ++y) {
    for (uint32_t x = 0; x < width; ++x) {
      const bool ink = (x / 3 + y / 5) % 4 == 0;
      pixels.bytes += ink ? std::string("\xc0\x10\x20", 3) : std::string("\xff\xff\xff", 3);
    }
  }
  return pixels;
}

class SearchTest : public testing::TestWithParam<Format> {};

TEST_P(SearchTest, ReachesTheTargetAndHardlyMore) {
  for (const int seed : {1, 2, 3}) {
    const Pixels pixels = Photo(160, 120, seed);
    const Original original(pixels);
    for (const double target : {60.0, 80.0}) {
      const auto found = EncodeToTarget({GetParam(), target}, pixels, original, 40);
      ASSERT_TRUE(found.has_value()) << found.error().context;
      EXPECT_GE(found->score, target);
      EXPECT_LE(found->score, target + 9);  // grain goes all at once
      const auto shown = Decode(GetParam(), found->bytes, false);
      EXPECT_EQ(original.Score(*shown), found->score);
    }
  }
}

TEST_P(SearchTest, AGoodGuessTakesFewProbes) {
  const Pixels pixels = Photo(160, 120, 2);
  const Original original(pixels);
  const ImageRecipe recipe{GetParam(), 70};
  const auto first = EncodeToTarget(recipe, pixels, original, 40);
  const double guess = NextGuess(recipe, *first, 160, 160);
  const auto second = EncodeToTarget(recipe, pixels, original, guess);
  EXPECT_LE(second->probes, 3);
}

TEST_P(SearchTest, NeverTakesMoreProbesThanItMay) {
  const Pixels pixels = Photo(40, 30, 3);
  const Original original(pixels);
  for (const double guess : {0.0, 100.0}) {
    const auto found = EncodeToTarget({GetParam(), 75}, pixels, original, guess);
    EXPECT_LE(found->probes, kMostProbes);
    EXPECT_GE(found->score, 75);
  }
}

TEST(EaseTest, SmoothPicturesAreEasierAndNeedLess) {
  const Pixels rough = Photo(160, 120, 9);
  Pixels smooth = rough;
  for (size_t at = 0; at < smooth.bytes.size(); ++at)
    smooth.bytes[at] = static_cast<char>(at / 480);
  const double much = *Ease(smooth, Original(smooth));
  const double little = *Ease(rough, Original(rough));
  EXPECT_GT(much, little);
  for (const Format format : {Format::kAvif, Format::kWebp, Format::kJpeg}) {
    EXPECT_LT(FirstGuess({format, 75}, much, 160), FirstGuess({format, 75}, little, 160));
  }
}

INSTANTIATE_TEST_SUITE_P(Formats, SearchTest,
                         testing::Values(Format::kAvif, Format::kWebp, Format::kJpeg));

TEST(SearchGraphicsTest, LosslessWinsWhereLossyCannotReachTheTarget) {
  const Pixels pixels = Drawing(120, 90);
  const Original original(pixels);
  const auto found = EncodeToTarget({Format::kWebp, 90, true}, pixels, original, 40);
  ASSERT_TRUE(found.has_value());
  EXPECT_TRUE(found->lossless);
  EXPECT_EQ(Decode(Format::kWebp, found->bytes, false)->bytes, pixels.bytes);
}

TEST(SearchGraphicsTest, FullChromaReachesTheTargetOnDrawings) {
  const Pixels pixels = Drawing(120, 90);
  const auto found = EncodeToTarget({Format::kAvif, 80, true}, pixels, Original(pixels), 40);
  EXPECT_GE(found->score, 80);
}

}  // namespace
}  // namespace skerry::pipeline
