#include <gtest/gtest.h>

#include "pipeline/images/encode.h"
#include "pipeline/images/image.h"

namespace skerry::pipeline {
namespace {

class PngTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(StartImages().has_value()); }

  // A picture whose pixel (x, y) has the colour that `at` says.
  template <class At>
  static Pixels Made(uint32_t width, uint32_t height, bool alpha, At at) {
    Pixels pixels{width, height, alpha, {}};
    for (uint32_t y = 0; y < height; ++y) {
      for (uint32_t x = 0; x < width; ++x) {
        const uint32_t colour = at(x, y);
        for (const int shift : {24, 16, 8})
          pixels.bytes.push_back(static_cast<char>(colour >> shift));
        if (alpha) pixels.bytes.push_back(static_cast<char>(colour));
      }
    }
    return pixels;
  }

  // The file as another library reads it.
  static Pixels Read(const std::string& png, uint32_t width) {
    const auto levels = Pyramid(png, {width});
    EXPECT_TRUE(levels.has_value()) << (levels ? "" : levels.error().context);
    return levels ? levels->front() : Pixels{};
  }

  static int ColourType(const std::string& png) { return png[25]; }
  static int Depth(const std::string& png) { return png[24]; }
};

TEST_F(PngTest, ManyColoursComeBackExactly) {
  const Pixels pixels = Made(61, 40, false, [](uint32_t x, uint32_t y) {
    return (x * 4) << 24 | (y * 6) << 16 | ((x * y) & 255) << 8;
  });
  const std::string png = *EncodeLossless(Format::kPng, pixels);
  EXPECT_EQ(ColourType(png), 2);
  EXPECT_EQ(Read(png, 61).bytes, pixels.bytes);
}

TEST_F(PngTest, FewColoursBecomeAPaletteOfTheDepthTheyNeed) {
  for (const auto& [colours, depth] : {std::pair(2u, 1), {4u, 2}, {13u, 4}, {200u, 8}}) {
    const Pixels pixels = Made(37, 50, false, [n = colours](uint32_t x, uint32_t y) {
      const uint32_t index = (x + y * 37) % n;
      return index << 24 | (255 - index) << 16 | 77 << 8;
    });
    const std::string png = *EncodeLossless(Format::kPng, pixels);
    EXPECT_EQ(ColourType(png), 3);
    EXPECT_EQ(Depth(png), depth);
    EXPECT_EQ(Read(png, 37).bytes, pixels.bytes);
  }
}

TEST_F(PngTest, PaletteColoursMayBeTransparent) {
  const Pixels pixels = Made(20, 20, true, [](uint32_t x, uint32_t) {
    return 0x10203000u | (x % 3 == 0 ? 255 : x % 3 == 1 ? 128 : 7);
  });
  const std::string png = *EncodeLossless(Format::kPng, pixels);
  EXPECT_EQ(ColourType(png), 3);
  EXPECT_EQ(Read(png, 20).bytes, pixels.bytes);
}

TEST_F(PngTest, ManyTransparentColoursComeBackExactly) {
  const Pixels pixels = Made(64, 64, true, [](uint32_t x, uint32_t y) {
    return (x * 4) << 24 | (y * 4) << 16 | 9 << 8 | (x + y + 1);
  });
  const std::string png = *EncodeLossless(Format::kPng, pixels);
  EXPECT_EQ(ColourType(png), 6);
  EXPECT_EQ(Read(png, 64).bytes, pixels.bytes);
}

TEST_F(PngTest, MoreGreysThanAPaletteHoldsDoNotExistAndFewerAreOne) {
  const Pixels pixels = Made(256, 8, false, [](uint32_t x, uint32_t) { return x * 0x01010100u; });
  const std::string png = *EncodeLossless(Format::kPng, pixels);
  EXPECT_EQ(Read(png, 256).bytes, pixels.bytes);
  EXPECT_LT(png.size(), 1200u);
}

TEST_F(PngTest, AlphaThatIsNeverUsedIsDropped) {
  const Pixels pixels = Made(64, 64, true, [](uint32_t x, uint32_t y) {
    return (x * 4) << 24 | (y * 4) << 16 | 9 << 8 | 255;
  });
  EXPECT_EQ(ColourType(*EncodeLossless(Format::kPng, pixels)), 2);
}

}  // namespace
}  // namespace skerry::pipeline
