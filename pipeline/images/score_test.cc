#include "pipeline/images/score.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>

#include "core/base/random.h"

namespace skerry::pipeline {
namespace {

// Waves of several sizes in all three colours: something to lose everywhere.
Pixels Waves(uint32_t width, uint32_t height, bool alpha = false) {
  Pixels pixels{width, height, alpha, {}};
  for (uint32_t y = 0; y < height; ++y) {
    for (uint32_t x = 0; x < width; ++x) {
      const double a = std::sin(x * 0.7) * std::cos(y * 0.5);
      const double b = std::sin(x * 0.09 + y * 0.05);
      pixels.bytes.push_back(static_cast<char>(120 + 60 * b + 30 * a));
      pixels.bytes.push_back(static_cast<char>(110 + 50 * b - 30 * a));
      pixels.bytes.push_back(static_cast<char>(130 - 70 * b));
      if (alpha) pixels.bytes.push_back(static_cast<char>(x < width / 2 ? 255 : 0));
    }
  }
  return pixels;
}

Pixels WithNoise(Pixels pixels, int strength) {
  SeededRandom random(5);
  for (char& byte : pixels.bytes) {
    const int noise =
        static_cast<int>(random.Below(static_cast<uint64_t>(2 * strength + 1))) - strength;
    byte = static_cast<char>(std::clamp(static_cast<uint8_t>(byte) + noise, 0, 255));
  }
  return pixels;
}

TEST(ScoreTest, TheSamePictureScores100) {
  for (const uint32_t width : {8u, 9u, 31u, 200u}) {
    const Pixels pixels = Waves(width, 77);
    EXPECT_EQ(Original(pixels).Score(pixels), 100.0);
  }
}

TEST(ScoreTest, MoreNoiseScoresLess) {
  const Pixels pixels = Waves(200, 150);
  const Original original(pixels);
  double before = 100;
  for (const int strength : {1, 3, 8, 20, 60}) {
    const double score = original.Score(WithNoise(pixels, strength));
    EXPECT_LT(score, before - 1);
    before = score;
  }
}

// What the reference program of SSIMULACRA 2.1 says of the same two pictures.
TEST(ScoreTest, AgreesWithTheReference) {
  const Pixels pixels = Waves(200, 150);
  const Original original(pixels);
  EXPECT_NEAR(original.Score(WithNoise(pixels, 3)), 91.680, 0.1);
  EXPECT_NEAR(original.Score(WithNoise(pixels, 8)), 80.842, 0.1);
  EXPECT_NEAR(original.Score(WithNoise(pixels, 20)), 55.070, 0.1);
}

TEST(ScoreTest, PicturesTooSmallToJudgeAreAlike) {
  const Pixels pixels = Waves(7, 7);
  EXPECT_EQ(Original(pixels).Score(WithNoise(pixels, 20)), 100.0);
}

TEST(ScoreTest, ColourUnderFullTransparencyDoesNotCount) {
  const Pixels pixels = Waves(64, 64, true);
  Pixels changed = pixels;
  for (size_t at = 0; at < changed.bytes.size(); at += 4) {
    if (changed.bytes[at + 3] == 0) changed.bytes[at] = 0;
  }
  EXPECT_EQ(Original(pixels).Score(changed), 100.0);
}

TEST(ScoreTest, AHoleInTheTransparencyIsSeen) {
  const Pixels pixels = Waves(64, 64, true);
  Pixels changed = pixels;
  for (size_t at = 3; at < changed.bytes.size(); at += 400) changed.bytes[at] = 0;
  EXPECT_LT(Original(pixels).Score(changed), 80.0);
}

}  // namespace
}  // namespace skerry::pipeline
