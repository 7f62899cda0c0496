#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <vips/vips.h>

#include <cstdlib>

#include "pipeline/images/encode.h"
#include "pipeline/images/image.h"
#include "pipeline/images/placeholder.h"

namespace skerry::pipeline {
namespace {

using testing::HasSubstr;

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
  return *EncodeAt({Format::kJpeg}, 90, Drawn(width, height));
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

// A GIF of `frames` frames of 32 by 24.
std::string Animation(int frames) {
  Pixels strip = Drawn(32, 24u * static_cast<uint32_t>(frames));
  for (int i = 0; i < frames; ++i)
    strip.bytes[static_cast<size_t>(i) * 24 * 96] = static_cast<char>(i * 60);
  VipsImage* image =
      vips_image_new_from_memory(strip.bytes.data(), strip.bytes.size(), 32,
                                 static_cast<int>(strip.height), 3, VIPS_FORMAT_UCHAR);
  VipsImage* marked = nullptr;
  EXPECT_EQ(vips_copy(image, &marked, "interpretation", VIPS_INTERPRETATION_sRGB, nullptr), 0);
  vips_image_set_int(marked, "page-height", 24);
  void* data = nullptr;
  size_t size = 0;
  EXPECT_EQ(vips_image_write_to_buffer(marked, ".gif", &data, &size, nullptr), 0);
  std::string file(static_cast<const char*>(data), size);
  g_free(data);
  g_object_unref(marked);
  g_object_unref(image);
  return file;
}

constexpr ImageLimits kAny{1'000'000, 100, 1'000'000};

class ImagesTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(StartImages().has_value()); }
};

TEST_F(ImagesTest, ProbeGivesTheSizeAsShown) {
  const std::string jpeg = Jpeg(64, 40);
  EXPECT_EQ(Probe(jpeg, kAny)->width, 64u);
  const auto turned = Probe(Turned(jpeg, 6), kAny);
  ASSERT_TRUE(turned.has_value()) << turned.error().context;
  EXPECT_EQ(turned->width, 40u);
  EXPECT_EQ(turned->height, 64u);
}

TEST_F(ImagesTest, ProbeRefusesWhatIsBrokenOrSomethingElse) {
  EXPECT_EQ(Probe("", kAny).error().context, "is empty");
  EXPECT_EQ(Probe("BM bitmap", kAny).error().code, Code::kInvalid);
  EXPECT_EQ(Probe("GIF89a", kAny).error().code, Code::kInvalid);
  EXPECT_EQ(Probe("\xff\xd8\xff broken", kAny).error().code, Code::kInvalid);
}

TEST_F(ImagesTest, EveryLimitIsNamedByTheRefusal) {
  const auto refusal = [](std::string_view file, const ImageLimits& limits) {
    const auto info = Probe(file, limits);
    EXPECT_FALSE(info.has_value());
    return info ? "" : std::string(Name(info.error().code)) + " " + info.error().context;
  };
  const std::string jpeg = Jpeg(64, 40);
  EXPECT_THAT(refusal(jpeg, {2559, 1, 1'000'000}), HasSubstr("images.max_pixels = 2559"));
  EXPECT_THAT(refusal(jpeg, {2560, 1, 100}), HasSubstr("images.max_bytes = 100"));
  EXPECT_THAT(refusal(Animation(3), {10'000, 2, 1'000'000}), HasSubstr("images.max_frames = 2"));
  EXPECT_TRUE(Probe(jpeg, {2560, 1, 1'000'000}).has_value());
  EXPECT_TRUE(Probe(Animation(3), {10'000, 3, 1'000'000}).has_value());
}

// A header that promises 4 000 000 000 pixels.
TEST_F(ImagesTest, ABombIsRefusedByItsHeader) {
  std::string bomb = Saved<uint8_t>({7}, VIPS_FORMAT_UCHAR, VIPS_INTERPRETATION_B_W, ".png");
  // Width and height stand behind the signature and the header's length and type.
  constexpr char kSides[] = "\0\0\xf4\x24\0\0\xfa";
  bomb.replace(16, 8, std::string(kSides, 8));
  bomb.replace(29, 4, std::string("\xa1\x42\xf1\x1d", 4));
  const auto info = Probe(bomb, {100'000'000, 1, 1'000'000});
  ASSERT_FALSE(info.has_value());
  EXPECT_EQ(info.error().code, Code::kLimit) << info.error().context;
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

// What libvips says about a file after undoing its profile: the red of a pixel in sRGB, and
// whether the file had a profile.
struct Shown {
  int red = 0;
  bool tagged = false;
};
Shown AsShown(const std::string& file) {
  VipsImage* image = vips_image_new_from_buffer(file.data(), file.size(), "", nullptr);
  EXPECT_NE(image, nullptr);
  Shown shown;
  shown.tagged = vips_image_get_typeof(image, VIPS_META_ICC_NAME) != 0;
  g_object_unref(image);
  shown.red = Red(Pyramid(file, {40})->front(), 20, 15);
  return shown;
}

TEST_F(ImagesTest, WideColoursBecomeDisplayP3WhereAskedForAndEveryFormatSaysSo) {
  const std::vector<uint8_t> colour = {200, 90, 90};
  const std::string wide =
      Saved<uint8_t>(colour, VIPS_FORMAT_UCHAR, VIPS_INTERPRETATION_sRGB, ".png[profile=p3]");
  EXPECT_TRUE(Probe(wide, kAny)->wide);
  const int in_srgb = Red(Pyramid(wide, {40})->front(), 20, 15);
  const Pixels kept = Pyramid(wide, {40, 20}, {.p3 = true})->front();
  EXPECT_TRUE(kept.p3);
  EXPECT_NEAR(Red(kept, 20, 15), 200, 1);
  for (const Format format : {Format::kWebp, Format::kJpeg, Format::kPng}) {
    const Shown shown = AsShown(format == Format::kPng ? *EncodeLossless(format, kept)
                                                       : *EncodeAt({format}, 95, kept));
    EXPECT_TRUE(shown.tagged) << Name(format);
    EXPECT_NEAR(shown.red, in_srgb, 4) << Name(format);
  }
  EXPECT_TRUE(AsShown(*EncodeLossless(Format::kWebp, kept)).tagged);
  // colr nclx: primaries 12 (SMPTE EG 432), transfer 13 (sRGB)
  const std::string avif = *EncodeAt({Format::kAvif}, 50, kept);
  EXPECT_NE(avif.find(std::string("nclx\0\x0c\0\x0d", 8)), std::string::npos);
}

TEST_F(ImagesTest, ColoursOfSrgbStayThatWhereP3IsAskedFor) {
  for (const char* suffix : {".png", ".png[profile=srgb]"}) {
    const std::string file =
        Saved<uint8_t>({200, 90, 90}, VIPS_FORMAT_UCHAR, VIPS_INTERPRETATION_sRGB, suffix);
    EXPECT_FALSE(Probe(file, kAny)->wide);
    const Pixels pixels = Pyramid(file, {40}, {.p3 = true})->front();
    EXPECT_FALSE(pixels.p3);
    EXPECT_NEAR(Red(pixels, 20, 15), 200, 1);
    EXPECT_FALSE(AsShown(*EncodeAt({Format::kJpeg}, 90, pixels)).tagged);
  }
}

// Wide by its primaries, but without curves: the numbers are sRGB then, whatever they become.
TEST_F(ImagesTest, ABrokenProfileIsTakenForSrgb) {
  const std::string wide = Saved<uint8_t>({200, 90, 90}, VIPS_FORMAT_UCHAR,
                                          VIPS_INTERPRETATION_sRGB, ".jpg[profile=p3,Q=100]");
  std::string broken = wide;
  for (size_t at = broken.find("TRC"); at != std::string::npos; at = broken.find("TRC", at)) {
    broken.replace(at, 3, "abc");
  }
  ASSERT_NE(broken, wide);
  const Pixels pixels = Pyramid(broken, {40}, {.p3 = true})->front();
  EXPECT_NEAR(AsShown(*EncodeAt({Format::kJpeg}, 95, pixels)).red, 200, 3);
  EXPECT_NEAR(Red(Pyramid(broken, {40})->front(), 20, 15), 200, 3);
}

TEST_F(ImagesTest, ThePlaceholderOfWideColoursIsSrgb) {
  Pixels pixels{8, 8, false, {}, true};
  for (int i = 0; i < 64; ++i) pixels.bytes += "\xc8\x5a\x5a";
  Pixels same{8, 8, false, {}};
  for (int i = 0; i < 64; ++i) same.bytes += "\xd8\x51\x56";  // the same red in sRGB
  const std::string wide = MakePlaceholderOf(pixels)->blurhash;
  EXPECT_NE(wide, MakePlaceholderOf({8, 8, false, pixels.bytes})->blurhash);
  EXPECT_EQ(wide.substr(0, 4), MakePlaceholderOf(same)->blurhash.substr(0, 4));
}

TEST_F(ImagesTest, OrientationIsApplied) {
  // Orientation 6: shown turned clockwise, so the left half comes out on top.
  const auto levels = Pyramid(Turned(Jpeg(200, 100), 6), {100});
  ASSERT_TRUE(levels.has_value()) << levels.error().context;
  const Pixels& level = levels->front();
  EXPECT_EQ(level.height, 200u);
  EXPECT_GT(Red(level, 50, 50), Red(level, 50, 150) + 60);
}

TEST_F(ImagesTest, TheFocalPartOfTheShapeAskedForIsKept) {
  // Bright on the left, dark on the right.
  const std::string jpeg = Jpeg(400, 100);
  const auto left = Pyramid(jpeg, {100}, {.aspect = 1, .focus_x = 0});
  const auto right = Pyramid(jpeg, {100, 50}, {.aspect = 1, .focus_x = 1});
  ASSERT_TRUE(left.has_value() && right.has_value());
  EXPECT_EQ(left->front().height, 100u);
  EXPECT_EQ(right->back().height, 50u);
  EXPECT_GT(Red(left->front(), 50, 50), Red(right->front(), 50, 50) + 60);
}

TEST_F(ImagesTest, EveryFormatIsWhatItSays) {
  const Pixels pixels = Drawn(80, 60);
  EXPECT_EQ(EncodeAt({Format::kJpeg}, 75, pixels)->substr(0, 3), "\xff\xd8\xff");
  const std::string webp = *EncodeAt({Format::kWebp}, 75, pixels);
  EXPECT_EQ(webp.substr(0, 4) + webp.substr(8, 4), "RIFFWEBP");
  EXPECT_EQ(EncodeAt({Format::kAvif}, 35, pixels)->substr(4, 8), "ftypavif");
}

TEST_F(ImagesTest, TheSamePixelsGiveTheSameBytes) {
  for (const Format format : {Format::kAvif, Format::kWebp, Format::kJpeg}) {
    for (const bool graphics : {false, true}) {
      const ImageRecipe recipe{format, 75, graphics};
      EXPECT_EQ(*EncodeAt(recipe, 40, Drawn(120, 90)), *EncodeAt(recipe, 40, Drawn(120, 90)))
          << Canonical(recipe);
    }
  }
}

TEST_F(ImagesTest, AFinerSettingCostsMoreBytes) {
  const Pixels pixels = Drawn(200, 150);
  for (const Format format : {Format::kAvif, Format::kWebp, Format::kJpeg}) {
    const Scale scale = ScaleOf(format);
    EXPECT_LT(EncodeAt({format}, scale.least, pixels)->size(),
              EncodeAt({format}, scale.most, pixels)->size());
  }
}

TEST_F(ImagesTest, WhatWasEncodedDecodesToAboutTheSame) {
  const Pixels pixels = Drawn(80, 60);
  for (const Format format : {Format::kAvif, Format::kWebp, Format::kJpeg}) {
    const auto shown = Decode(format, *EncodeAt({format}, ScaleOf(format).most, pixels), false);
    ASSERT_TRUE(shown.has_value()) << shown.error().context;
    EXPECT_EQ(shown->width, 80u);
    EXPECT_NEAR(Red(*shown, 20, 30), Red(pixels, 20, 30), 4) << Name(format);
    EXPECT_NEAR(Red(*shown, 60, 30), Red(pixels, 60, 30), 4) << Name(format);
  }
}

TEST_F(ImagesTest, NoFormatDecodesWhatIsBroken) {
  for (const Format format : {Format::kAvif, Format::kWebp, Format::kJpeg}) {
    EXPECT_FALSE(Decode(format, "nothing of the kind", false).has_value());
  }
}

TEST_F(ImagesTest, MeanSettingAndMeanScoreAreInverse) {
  for (const Format format : {Format::kAvif, Format::kWebp, Format::kJpeg}) {
    for (const double score : {50.0, 65.0, 80.0}) {
      EXPECT_NEAR(MeanScore(format, MeanSetting(format, score, 300), 300), score, 0.01);
    }
  }
}

TEST_F(ImagesTest, TransparencyIsKept) {
  const Pixels pixels = Drawn(80, 60, true);
  for (const Format format : {Format::kAvif, Format::kWebp}) {
    const auto shown = Decode(format, *EncodeAt({format}, ScaleOf(format).most, pixels), true);
    ASSERT_TRUE(shown.has_value());
    EXPECT_EQ(static_cast<uint8_t>(shown->bytes[3]), 255);
    EXPECT_EQ(static_cast<uint8_t>(shown->bytes[79 * 4 + 3]), 0);
  }
}

// The colour under transparent pixels must not bleed into what is seen.
TEST_F(ImagesTest, ScalingLeavesNoHaloAroundTransparency) {
  Pixels pixels{100, 100, true, {}};
  for (uint32_t at = 0; at < 100 * 100; ++at) {
    const bool solid = at % 100 < 50;
    for (const int value : {solid ? 200 : 0, solid ? 200 : 255, solid ? 200 : 0, solid ? 255 : 0}) {
      pixels.bytes.push_back(static_cast<char>(value));
    }
  }
  const auto levels = Pyramid(*EncodeLossless(Format::kPng, pixels), {33});
  ASSERT_TRUE(levels.has_value()) << levels.error().context;
  const Pixels& level = levels->front();
  for (size_t at = 0; at < level.bytes.size(); at += 4) {
    if (static_cast<uint8_t>(level.bytes[at + 3]) < 8) continue;
    EXPECT_NEAR(static_cast<uint8_t>(level.bytes[at]), 200, 4);
    EXPECT_NEAR(static_cast<uint8_t>(level.bytes[at + 1]), 200, 4);
  }
}

TEST_F(ImagesTest, AnAnimationKeepsItsFrames) {
  const auto webp = AnimatedWebp(Animation(3), 75);
  ASSERT_TRUE(webp.has_value()) << webp.error().context;
  const auto info = Probe(*webp, kAny);
  ASSERT_TRUE(info.has_value()) << info.error().context;
  EXPECT_EQ(info->frames, 3u);
  EXPECT_EQ(info->width, 32u);
}

TEST_F(ImagesTest, TheRecipeNamesEverythingThatDecidesTheBytes) {
  const std::string avif = Canonical({Format::kAvif, 75, false});
  EXPECT_NE(avif.find("aom"), std::string::npos);
  EXPECT_NE(avif, Canonical({Format::kAvif, 76, false}));
  EXPECT_NE(avif, Canonical({Format::kAvif, 75, true}));
}

TEST_F(ImagesTest, ThePlaceholderIsSmallAndTellsTheColours) {
  const auto made = MakePlaceholderOf(Drawn(300, 200));
  ASSERT_TRUE(made.has_value());
  EXPECT_TRUE(made->data_url.starts_with("data:image/webp;base64,"));
  EXPECT_LT(made->data_url.size(), 400u);
  EXPECT_EQ(made->blurhash.size(), 28u);
}

// One colour: its mean is the colour, and nothing varies.
TEST_F(ImagesTest, BlurhashOfOneColourIsThatColour) {
  Pixels pixels{8, 8, false, {}};
  for (int i = 0; i < 64; ++i) pixels.bytes += "\xff\x80\x10";
  const std::string hash = MakePlaceholderOf(pixels)->blurhash;
  constexpr std::string_view kDigits =
      "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz#$%*+,-.:;=?@[]^_{|}~";
  size_t mean = 0;
  for (size_t i = 2; i < 6; ++i) mean = mean * 83 + kDigits.find(hash[i]);
  EXPECT_EQ(mean, 0xff8010u);
}

}  // namespace
}  // namespace skerry::pipeline
