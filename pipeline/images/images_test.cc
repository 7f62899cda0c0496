#include <gtest/gtest.h>
#include <vips/vips.h>

#include <cstdlib>

#include "pipeline/images/encode.h"
#include "pipeline/images/image.h"

namespace skerry::pipeline {
namespace {

// A smooth picture with an edge: left half light, right half dark, brighter downwards.
Pixels Drawn(uint32_t width, uint32_t height, bool alpha = false) {
  Pixels pixels{width, height, alpha, {}};
  for (uint32_t y = 0; y < height; ++y) {
    for (uint32_t x = 0; x < width; ++x) {
      const int light = (x < width / 2 ? 160 : 40) + static_cast<int>(y * 60 / height);
      pixels.bytes.push_back(static_cast<char>(light));
      pixels.bytes.push_back(static_cast<char>(light / 2 + x * 90 / width));
      pixels.bytes.push_back(static_cast<char>(200 - light / 2));
      if (alpha) pixels.bytes.push_back(static_cast<char>(x < width / 2 ? 255 : 0));
    }
  }
  return pixels;
}

std::string Jpeg(uint32_t width, uint32_t height) {
  return *Encode({Format::kJpeg, 90, false}, Drawn(width, height));
}

// The JPEG with an EXIF segment that says `orientation`.
std::string Turned(const std::string& jpeg, char orientation) {
  std::string exif(
      "\xff\xe1\0\x22"
      "Exif\0\0"
      "MM\0\x2a\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0",
      4 + 6 + 8 + 2 + 2 + 2 + 4 + 1);
  exif.push_back(orientation);
  exif.append("\0\0\0\0\0\0", 6);
  return jpeg.substr(0, 2) + exif + jpeg.substr(2);
}

// A picture of one colour in any of libvips' pixel formats, saved under `suffix`.
template <class Band>
std::string Saved(const std::vector<Band>& colour, VipsBandFormat format,
                  VipsInterpretation interpretation, const char* suffix) {
  std::vector<Band> bands;
  for (int i = 0; i < 40 * 30; ++i) bands.insert(bands.end(), colour.begin(), colour.end());
  VipsImage* image = vips_image_new_from_memory(bands.data(), bands.size() * sizeof(Band), 40, 30,
                                                static_cast<int>(colour.size()), format);
  VipsImage* marked = nullptr;
  void* data = nullptr;
  size_t size = 0;
  EXPECT_EQ(vips_copy(image, &marked, "interpretation", interpretation, nullptr), 0);
  EXPECT_EQ(vips_image_write_to_buffer(marked, suffix, &data, &size, nullptr), 0);
  std::string file(static_cast<const char*>(data), size);
  g_free(data);
  g_object_unref(marked);
  g_object_unref(image);
  return file;
}

int Red(const Pixels& pixels, uint32_t x, uint32_t y) {
  const size_t at = size_t{y} * pixels.stride() + size_t{x} * (pixels.alpha ? 4 : 3);
  return static_cast<uint8_t>(pixels.bytes[at]);
}

class ImagesTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(StartImages().has_value()); }
};

TEST_F(ImagesTest, ProbeGivesTheSizeAsShown) {
  const std::string jpeg = Jpeg(64, 40);
  EXPECT_EQ(Probe(jpeg, 10'000)->width, 64u);
  const auto turned = Probe(Turned(jpeg, 6), 10'000);
  ASSERT_TRUE(turned.has_value()) << turned.error().context;
  EXPECT_EQ(turned->width, 40u);
  EXPECT_EQ(turned->height, 64u);
}

TEST_F(ImagesTest, ProbeRefusesWhatIsTooLargeBrokenOrSomethingElse) {
  EXPECT_EQ(Probe(Jpeg(64, 40), 2559).error().code, Code::kLimit);
  EXPECT_EQ(Probe("GIF89a", 1000).error().code, Code::kInvalid);
  EXPECT_EQ(Probe("\xff\xd8\xff broken", 1000).error().code, Code::kInvalid);
}

TEST_F(ImagesTest, ATruncatedPictureIsAnErrorNotHalfAPicture) {
  const std::string jpeg = Jpeg(200, 200);
  const auto levels = Pyramid(jpeg.substr(0, jpeg.size() / 2), {100});
  ASSERT_FALSE(levels.has_value());
  EXPECT_NE(levels.error().context, "");
}

TEST_F(ImagesTest, PyramidHasEveryWidthInProportion) {
  const auto levels = Pyramid(Jpeg(301, 200), {301, 150, 40});
  ASSERT_TRUE(levels.has_value()) << levels.error().context;
  ASSERT_EQ(levels->size(), 3u);
  EXPECT_EQ((*levels)[0].width, 301u);
  EXPECT_EQ((*levels)[1].height, 100u);
  EXPECT_EQ((*levels)[2].width, 40u);
  EXPECT_EQ((*levels)[2].height, 27u);
}

TEST_F(ImagesTest, ScalingKeepsTheColours) {
  const auto levels = Pyramid(Jpeg(400, 200), {400, 100});
  for (const Pixels& level : *levels) {
    EXPECT_NEAR(Red(level, level.width / 4, level.height / 2), 190, 6);
    EXPECT_NEAR(Red(level, level.width * 3 / 4, level.height / 2), 70, 6);
  }
}

TEST_F(ImagesTest, GreyAndSixteenBitsAndTransparencyBecomeEightBitSrgb) {
  const std::string grey =
      Saved<uint8_t>({120}, VIPS_FORMAT_UCHAR, VIPS_INTERPRETATION_B_W, ".png");
  const std::string deep = Saved<uint16_t>({120 * 257, 60 * 257, 30 * 257}, VIPS_FORMAT_USHORT,
                                           VIPS_INTERPRETATION_RGB16, ".png");
  const std::string clear =
      Saved<uint8_t>({120, 100}, VIPS_FORMAT_UCHAR, VIPS_INTERPRETATION_B_W, ".png");
  for (const std::string& file : {grey, deep, clear}) {
    const auto levels = Pyramid(file, {40, 20});
    ASSERT_TRUE(levels.has_value()) << levels.error().context;
    for (const Pixels& level : *levels) {
      EXPECT_EQ(level.alpha, file == clear);
      EXPECT_NEAR(Red(level, level.width / 2, level.height / 2), 120, 2);
    }
  }
}

TEST_F(ImagesTest, CmykBecomesSrgb) {
  // No ink but magenta: red and blue stay, green goes.
  const std::string file =
      Saved<uint8_t>({0, 255, 0, 0}, VIPS_FORMAT_UCHAR, VIPS_INTERPRETATION_CMYK, ".jpg");
  const auto levels = Pyramid(file, {40});
  ASSERT_TRUE(levels.has_value()) << levels.error().context;
  const std::string& bytes = levels->front().bytes;
  EXPECT_GT(static_cast<uint8_t>(bytes[0]), static_cast<uint8_t>(bytes[1]) + 60);
  EXPECT_GT(static_cast<uint8_t>(bytes[2]), static_cast<uint8_t>(bytes[1]) + 40);
}

TEST_F(ImagesTest, AProfileIsAppliedAndItsAbsenceChangesNothing) {
  const std::vector<uint8_t> colour = {200, 90, 90};
  const auto red = [&](const char* suffix) {
    const std::string file =
        Saved<uint8_t>(colour, VIPS_FORMAT_UCHAR, VIPS_INTERPRETATION_sRGB, suffix);
    return Red(Pyramid(file, {40})->front(), 20, 15);
  };
  EXPECT_EQ(red(".png"), 200);
  // The same numbers in Display P3 are a stronger red.
  EXPECT_GT(red(".png[profile=p3]"), 206);
}

TEST_F(ImagesTest, OrientationIsApplied) {
  // Orientation 6: shown turned clockwise, so the left half comes out on top.
  const auto levels = Pyramid(Turned(Jpeg(200, 100), 6), {100});
  ASSERT_TRUE(levels.has_value()) << levels.error().context;
  const Pixels& level = levels->front();
  EXPECT_EQ(level.height, 200u);
  EXPECT_GT(Red(level, 50, 50), Red(level, 50, 150) + 60);
}

TEST_F(ImagesTest, EveryFormatIsWhatItSays) {
  const Pixels pixels = Drawn(80, 60);
  EXPECT_EQ(Encode({Format::kJpeg, 75, false}, pixels)->substr(0, 3), "\xff\xd8\xff");
  const std::string webp = *Encode({Format::kWebp, 75, false}, pixels);
  EXPECT_EQ(webp.substr(0, 4) + webp.substr(8, 4), "RIFFWEBP");
  EXPECT_EQ(Encode({Format::kAvif, 75, false}, pixels)->substr(4, 8), "ftypavif");
}

TEST_F(ImagesTest, TheSamePixelsGiveTheSameBytes) {
  for (const Format format : {Format::kAvif, Format::kWebp, Format::kJpeg}) {
    for (const bool graphics : {false, true}) {
      const ImageRecipe recipe{format, 75, graphics};
      EXPECT_EQ(*Encode(recipe, Drawn(120, 90)), *Encode(recipe, Drawn(120, 90)))
          << Canonical(recipe);
    }
  }
}

TEST_F(ImagesTest, AHigherTargetCostsMoreBytes) {
  const Pixels pixels = Drawn(200, 150);
  for (const Format format : {Format::kAvif, Format::kWebp, Format::kJpeg}) {
    EXPECT_LT(Encode({format, 40, false}, pixels)->size(),
              Encode({format, 92, false}, pixels)->size());
  }
}

TEST_F(ImagesTest, MeasuredTargetsGiveTheSettingsThatWereMeasured) {
  EXPECT_NE(Canonical({Format::kAvif, 72, false}).find("yuv420 q28"), std::string::npos);
  EXPECT_NE(Canonical({Format::kWebp, 70, false}).find(" q75"), std::string::npos);
  EXPECT_NE(Canonical({Format::kJpeg, 76, false}).find(" q75"), std::string::npos);
}

TEST_F(ImagesTest, TransparencyIsKept) {
  const Pixels pixels = Drawn(80, 60, true);
  EXPECT_NE(Encode({Format::kAvif, 75, true}, pixels)->find("auxC"), std::string::npos);
  const std::string webp = *Encode({Format::kWebp, 75, true}, pixels);
  EXPECT_EQ(webp.substr(0, 4), "RIFF");
}

TEST_F(ImagesTest, TheRecipeNamesEverythingThatDecidesTheBytes) {
  const std::string avif = Canonical({Format::kAvif, 75, false});
  EXPECT_NE(avif.find("aom"), std::string::npos);
  EXPECT_NE(avif, Canonical({Format::kAvif, 76, false}));
  EXPECT_NE(avif, Canonical({Format::kAvif, 75, true}));
}

}  // namespace
}  // namespace skerry::pipeline
