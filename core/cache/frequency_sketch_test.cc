#include "core/cache/frequency_sketch.h"

#include <gtest/gtest.h>

#include "core/base/random.h"

namespace skerry::cache {
namespace {

void Use(FrequencySketch& sketch, uint64_t key, int times) {
  for (int i = 0; i < times; ++i) sketch.Add(key);
}

TEST(FrequencySketchTest, CountsUsesUpToFifteen) {
  FrequencySketch sketch;
  EXPECT_EQ(sketch.Estimate(7), 0u);
  Use(sketch, 7, 3);
  EXPECT_EQ(sketch.Estimate(7), 3u);
  Use(sketch, 7, 100);
  EXPECT_EQ(sketch.Estimate(7), FrequencySketch::kMax);
}

TEST(FrequencySketchTest, IsNeverTooLowAndSeldomTooHigh) {
  FrequencySketch sketch;
  sketch.Resize(1000);
  SeededRandom keys(1);
  for (int key = 0; key < 1000; ++key) Use(sketch, keys.Next(), key % 8);
  SeededRandom again(1);
  int too_high = 0;
  for (int key = 0; key < 1000; ++key) {
    const uint32_t estimate = sketch.Estimate(again.Next());
    ASSERT_GE(estimate, static_cast<uint32_t>(key % 8));
    too_high += estimate > static_cast<uint32_t>(key % 8);
  }
  EXPECT_LT(too_high, 20);
}

TEST(FrequencySketchTest, HalvesOncePerTenUsesAnObject) {
  FrequencySketch sketch;
  sketch.Resize(1000);
  Use(sketch, 7, 9999);
  EXPECT_EQ(sketch.Estimate(7), 15u);
  Use(sketch, 8, 1);
  EXPECT_EQ(sketch.Estimate(7), 7u);
}

TEST(FrequencySketchTest, GrowingKeepsEveryEstimate) {
  FrequencySketch sketch;
  SeededRandom keys(2);
  for (int key = 0; key < 100; ++key) Use(sketch, keys.Next(), 1 + key % 15);
  SeededRandom before(2);
  std::vector<uint32_t> estimates;
  for (int key = 0; key < 100; ++key) estimates.push_back(sketch.Estimate(before.Next()));
  const size_t bytes = sketch.bytes();
  sketch.Resize(100000);
  EXPECT_GT(sketch.bytes(), bytes);
  SeededRandom after(2);
  for (int key = 0; key < 100; ++key) EXPECT_EQ(sketch.Estimate(after.Next()), estimates[key]);
}

TEST(FrequencySketchTest, KeepsSixteenToThirtyTwoBytesAnObject) {
  FrequencySketch sketch;
  sketch.Resize(100000);
  EXPECT_GE(sketch.bytes(), 100000u * 16);
  EXPECT_LE(sketch.bytes(), 100000u * 32);
}

}  // namespace
}  // namespace skerry::cache
