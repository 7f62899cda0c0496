#include "pipeline/steps/derive.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/base/test_folder.h"
#include "pipeline/images/image.h"
#include "pipeline/steps/collect.h"

namespace skerry::pipeline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

class DeriveTest : public testing::Test {
 protected:
  static void SetUpTestSuite() { ASSERT_TRUE(StartImages().has_value()); }
  DeriveTest()
      : config_(*ParseConfig("", "[images]\nwidths=[60,100,300]\ntarget=50\nsmall_width=0\n")) {}

  Result<Pictures> Run(size_t jobs = 2, bool keep_going = false) {
    site_ = *Collect(folder_ / "site", {});
    BuildCache cache(folder_ / "cache");
    Progress quiet;
    Crew crew(jobs);
    auto derived = Derive(site_, config_, folder_ / "out", keep_going, cache, crew, quiet);
    misses_ = cache.misses();
    if (!derived) return Fail(derived.error());
    broken_ = derived->broken;
    return derived->pictures;
  }

  TestFolder folder_;
  Config config_;
  Site site_;
  uint64_t misses_ = 0;
  std::vector<std::string> broken_;
};

TEST(VariantWidthsTest, AreNeverAboveTheSourceNorCloseToIt) {
  EXPECT_THAT(VariantWidths(1000, {400, 905, 1600}, 0), ElementsAre(1000, 400));
  EXPECT_THAT(VariantWidths(1000, {400, 900}, 0), ElementsAre(1000, 900, 400));
  EXPECT_THAT(VariantWidths(300, {400}, 0), ElementsAre(300));
  EXPECT_THAT(VariantWidths(5000, {400, 1600}, 2000), ElementsAre(2000, 1600, 400));
}

TEST_F(DeriveTest, MakesEveryFormatAtEveryWidthUnderHashedNames) {
  folder_.Write("site/a.jpg", TestJpeg(200, 100));
  const auto pictures = Run();
  ASSERT_TRUE(pictures.has_value()) << pictures.error().context;
  const Picture& picture = pictures->at(0);
  EXPECT_EQ(picture.width, 200u);
  EXPECT_EQ(picture.height, 100u);
  std::set<std::pair<std::string, uint32_t>> made;
  for (const asset::ImageVariant& variant : picture.variants) {
    made.emplace(variant.type, variant.width);
    const std::string bytes = folder_.Read("out" + variant.path);
    EXPECT_EQ(Sha256(bytes), variant.sha256);
    EXPECT_THAT(variant.path, HasSubstr("." + variant.sha256.Hex().substr(0, 8) + "."));
    EXPECT_LT(variant.size, site_.files[0].size);
  }
  EXPECT_EQ(made.count({"image/webp", 200}), 1u);
  EXPECT_EQ(made.count({"image/webp", 60}), 1u);
  EXPECT_EQ(made.count({"image/webp", 300}), 0u);
}

TEST_F(DeriveTest, BytesDoNotDependOnTheNumberOfThreadsNorOnTheCache) {
  for (int i = 1; i <= 3; ++i) {
    folder_.Write("site/" + std::to_string(i) + ".jpg", TestJpeg(150, 90, i));
  }
  ASSERT_TRUE(Run(1).has_value());
  const auto first = folder_.ReadAll("out");
  EXPECT_GT(misses_, 0u);
  std::filesystem::remove_all(folder_ / "out");
  ASSERT_TRUE(Run(4).has_value());
  EXPECT_EQ(misses_, 0u);
  EXPECT_EQ(folder_.ReadAll("out"), first);
  std::filesystem::remove_all(folder_ / "out");
  std::filesystem::remove_all(folder_ / "cache");
  ASSERT_TRUE(Run(4).has_value());
  EXPECT_EQ(folder_.ReadAll("out"), first);
}

TEST_F(DeriveTest, EqualPicturesAreEncodedOnce) {
  folder_.Write("site/a.jpg", TestJpeg(200, 100));
  ASSERT_TRUE(Run(1).has_value());
  const uint64_t of_one = misses_;
  std::filesystem::remove_all(folder_ / "cache");
  for (const char* path : {"site/b.jpg", "site/c/d.jpg"}) folder_.Write(path, TestJpeg(200, 100));
  const auto pictures = Run(4);
  ASSERT_TRUE(pictures.has_value());
  EXPECT_EQ(misses_, of_one);
  ASSERT_EQ(pictures->size(), 3u);
  EXPECT_EQ(pictures->at(2).variants.size(), pictures->at(0).variants.size());
  EXPECT_EQ(pictures->at(2).variants.front().sha256, pictures->at(0).variants.front().sha256);
}

TEST_F(DeriveTest, EqualPicturesThatCannotBeReadAreAllNamed) {
  folder_.Write("site/a.jpg", "no picture");
  folder_.Write("site/b.jpg", "no picture");
  ASSERT_TRUE(Run(2, /*keep_going=*/true).has_value());
  EXPECT_EQ(broken_.size(), 2u);
}

TEST_F(DeriveTest, OtherWidthsAreOtherResults) {
  folder_.Write("site/a.jpg", TestJpeg(200, 100));
  ASSERT_TRUE(Run().has_value());
  ASSERT_TRUE(Run().has_value());
  EXPECT_EQ(misses_, 0u);
  config_.image_widths = {100};
  ASSERT_TRUE(Run().has_value());
  EXPECT_GT(misses_, 0u);
  config_.image_target = 60;
  ASSERT_TRUE(Run().has_value());
  EXPECT_GT(misses_, 0u);
  config_.image_formats = {"webp"};  // the others are gone, this one stays
  ASSERT_TRUE(Run().has_value());
  EXPECT_EQ(misses_, 0u);
}

TEST_F(DeriveTest, WideOriginalsAreReplacedWhenAskedFor) {
  config_.image_max_width = 100;
  folder_.Write("site/a.jpg", TestJpeg(400, 200));
  const ByteCount before = folder_.Read("site/a.jpg").size();
  const auto pictures = Run();
  ASSERT_TRUE(pictures.has_value());
  EXPECT_EQ(pictures->at(0).width, 100u);
  EXPECT_LT(site_.files[0].size, before);
  EXPECT_EQ(Probe(site_.files[0].loaded, {1'000'000, 1, 1'000'000})->width, 100u);
  for (const asset::ImageVariant& variant : pictures->at(0).variants)
    EXPECT_LE(variant.width, 100u);
}

TEST_F(DeriveTest, PicturesOfOneStemDoNotMeet) {
  folder_.Write("site/a.jpg", TestJpeg(200, 100));
  folder_.Write("site/a.jpeg", TestJpeg(200, 100));
  const auto pictures = Run();
  ASSERT_TRUE(pictures.has_value());
  EXPECT_THAT(pictures->at(0).variants.front().path, HasSubstr("/a-jpeg-"));
  EXPECT_THAT(pictures->at(1).variants.front().path, HasSubstr("/a-jpg-"));
}

TEST_F(DeriveTest, EveryBrokenPictureIsNamedWithItsCause) {
  folder_.Write("site/a.jpg", TestJpeg(200, 100).substr(0, 900));
  folder_.Write("site/b.png", "no picture at all");
  const auto pictures = Run();
  ASSERT_FALSE(pictures.has_value());
  EXPECT_THAT(pictures.error().context, HasSubstr("site/a.jpg: "));
  EXPECT_THAT(pictures.error().context, HasSubstr("site/b.png: is none of JPEG, PNG"));
  EXPECT_THAT(pictures.error().context, HasSubstr("exclude"));
}

TEST_F(DeriveTest, KeepGoingLeavesBrokenPicturesAloneAndNamesThem) {
  folder_.Write("site/a.jpg", TestJpeg(200, 100).substr(0, 900));
  folder_.Write("site/b.jpg", TestJpeg(200, 100));
  const auto pictures = Run(2, true);
  ASSERT_TRUE(pictures.has_value()) << pictures.error().context;
  EXPECT_EQ(pictures->count(0), 0u);
  EXPECT_EQ(pictures->count(1), 1u);
  EXPECT_THAT(broken_, ElementsAre(HasSubstr("site/a.jpg: ")));
}

TEST_F(DeriveTest, FallbacksAreOfTheFormatOfTheOriginalAndNarrower) {
  config_.image_target = 40;
  folder_.Write("site/a.jpg", TestJpeg(200, 100));
  const auto pictures = Run();
  ASSERT_TRUE(pictures.has_value()) << pictures.error().context;
  size_t fallbacks = 0;
  for (const asset::ImageVariant& variant : pictures->at(0).variants) {
    if (variant.type != "image/jpeg") continue;
    ++fallbacks;
    EXPECT_LT(variant.width, 200u);
    EXPECT_TRUE(variant.path.ends_with(".jpg")) << variant.path;
  }
  EXPECT_GT(fallbacks, 0u);
}

TEST_F(DeriveTest, LittleMemoryTakesTimeNotCorrectness) {
  for (int i = 1; i <= 4; ++i) {
    folder_.Write("site/" + std::to_string(i) + ".jpg", TestJpeg(150, 90, i));
  }
  ASSERT_TRUE(Run(4).has_value());
  const auto roomy = folder_.ReadAll("out");
  std::filesystem::remove_all(folder_ / "out");
  std::filesystem::remove_all(folder_ / "cache");
  config_.image_memory = 1;
  ASSERT_TRUE(Run(4).has_value());
  EXPECT_EQ(folder_.ReadAll("out"), roomy);
}

TEST_F(DeriveTest, ScoresAndBlurhashAreNoted) {
  folder_.Write("site/a.jpg", TestJpeg(200, 100));
  const auto pictures = Run();
  ASSERT_TRUE(pictures.has_value());
  const auto& notes = pictures->at(0).notes;
  EXPECT_EQ(notes.count("blurhash"), 1u);
  EXPECT_EQ(notes.count("score webp 200"), 1u);
}

TEST_F(DeriveTest, ExcludedPicturesAreNotLookedAt) {
  config_.image_exclude = {"broken/**"};
  folder_.Write("site/broken/b.png", "no picture at all");
  const auto pictures = Run();
  ASSERT_TRUE(pictures.has_value());
  EXPECT_TRUE(pictures->empty());
}

TEST_F(DeriveTest, AVariantThatSavesNothingIsDropped) {
  // Flat and tiny: nothing beats the original by 3 %.
  config_.image_target = 95;
  folder_.Write("site/a.jpg", TestJpeg(4, 4));
  const auto pictures = Run();
  ASSERT_TRUE(pictures.has_value());
  for (const asset::ImageVariant& variant : pictures->at(0).variants) {
    EXPECT_LT(variant.size * 100, site_.files[0].size * 97);
  }
}

}  // namespace
}  // namespace skerry::pipeline
