#include "pipeline/steps/crops.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/asset/media_type.h"

namespace skerry::pipeline {
namespace {

using testing::HasSubstr;

std::string NameOf(std::string_view words) {
  const Result<Crop> crop = ParseCrop(words);
  return crop ? crop->name : "refused: " + crop.error().context;
}

TEST(ParseCropTest, ReadsRatiosAsCssWritesThem) {
  EXPECT_EQ(NameOf("16/9|"), "16x9");
  EXPECT_EQ(NameOf(" 16 / 9 "), "16x9");
  EXPECT_EQ(NameOf("1.5|"), "1_5x1");
  EXPECT_DOUBLE_EQ(ParseCrop("3/2|")->part.aspect, 1.5);
}

TEST(ParseCropTest, ReadsPlacesAsCssWritesThem) {
  const Crop crop = *ParseCrop("1/1|30% 40%");
  EXPECT_EQ(crop.name, "1x1-30-40");
  EXPECT_DOUBLE_EQ(crop.part.focus_x, 0.3);
  EXPECT_DOUBLE_EQ(crop.part.focus_y, 0.4);
  EXPECT_EQ(NameOf("1/1|12.5% 100%"), "1x1-12_5-100");
  EXPECT_EQ(NameOf("1/1|left"), "1x1-0-50");
  EXPECT_EQ(NameOf("1/1|top"), "1x1-50-0");
  EXPECT_EQ(NameOf("1/1|bottom right"), "1x1-100-100");
  EXPECT_EQ(NameOf("1/1|right  bottom"), "1x1-100-100");
}

TEST(ParseCropTest, TheMiddleIsWhatNothingSays) {
  EXPECT_EQ(NameOf("1/1|50% 50%"), NameOf("1/1"));
  EXPECT_EQ(NameOf("1/1|center"), NameOf("1/1"));
  EXPECT_DOUBLE_EQ(ParseCrop("1/1")->part.focus_x, 0.5);
}

TEST(ParseCropTest, RefusesWhatIsNoRatioAndNoPlace) {
  for (const char* ratio : {"0/1", "16/0", "16:9", "wide", "-1/2", "1/2/3", "nan", "inf/1", "1e3",
                            "/", "300/1", "1/300", "16/9px"}) {
    EXPECT_THAT(NameOf(ratio), HasSubstr("data-skerry-ratio=")) << ratio;
  }
  for (const char* focus : {"30", "101% 0%", "-1% 0%", "left right", "top bottom", "1% 2% 3%",
                            "middle", "%", "left left"}) {
    EXPECT_THAT(NameOf("1/1|" + std::string(focus)), HasSubstr("data-skerry-focus=")) << focus;
  }
  EXPECT_THAT(NameOf("|left"), HasSubstr("data-skerry-ratio is missing"));
}

class AddCropsTest : public testing::Test {
 protected:
  AddCropsTest() : config_(*ParseConfig("", "[images]\nexclude = [\"raw/**\"]\n")) {
    for (const char* path : {"/a.jpg", "/b.webp", "/c.gif", "/d.svg", "/raw/e.jpg"}) {
      AddFile(path, "");
    }
  }
  void AddFile(const std::string& path, const std::string& text) {
    site_.index[path] = static_cast<int>(site_.files.size());
    site_.files.push_back(
        {path, "site" + path, text.size(), {}, std::string(asset::MediaTypeOf(path)), text});
  }
  // What is added for a page, or the refusal.
  std::vector<std::string> Added(const std::string& html) {
    AddFile("/index.html", html);
    const size_t before = site_.files.size();
    const Status status = AddCrops(site_, config_);
    if (!status) return {status.error().context};
    std::vector<std::string> paths;
    for (size_t i = before; i < site_.files.size(); ++i) paths.push_back(site_.files[i].path);
    return paths;
  }

  Config config_;
  Site site_;
};

TEST_F(AddCropsTest, EveryPartIsOneFileHoweverOftenItIsAskedFor) {
  EXPECT_THAT(Added("<img src=a.jpg data-skerry-ratio=16/9><img src=/a.jpg data-skerry-ratio='16 / "
                    "9'><img src=a.jpg data-skerry-ratio=1/1 data-skerry-focus='left'>"
                    "<img src=a.jpg>"),
              testing::ElementsAre("/a-16x9.jpg", "/a-1x1-0-50.jpg"));
  EXPECT_EQ(site_.files.back().on_disk, "site/a.jpg");
  EXPECT_EQ(site_.files.back().crop->focus_x, 0);
  EXPECT_EQ(site_.crops.size(), 3u);
}

TEST_F(AddCropsTest, PartsAreOfTheFormatOfTheFallback) {
  EXPECT_THAT(Added("<img src=b.webp data-skerry-ratio=1><img src=c.gif data-skerry-ratio=1>"),
              testing::ElementsAre("/b-1x1.jpg", "/c-1x1.png"));
}

TEST_F(AddCropsTest, AFileOfThatNameIsNotHidden) {
  AddFile("/a-1x1.jpg", "");
  EXPECT_THAT(Added("<img src=a.jpg data-skerry-ratio=1/1>"), testing::ElementsAre("/a-1x1-2.jpg"));
}

TEST_F(AddCropsTest, MistakesAreNamedByFileAndLine) {
  EXPECT_THAT(
      Added("\n<img src=a.jpg data-skerry-ratio=wide>\n<img src=d.svg data-skerry-ratio=1>"),
      testing::ElementsAre(
          testing::AllOf(HasSubstr("site/index.html:2: data-skerry-ratio=\"wide\""),
                         HasSubstr("site/index.html:3: \"d.svg\" cannot be cropped"))));
}

TEST_F(AddCropsTest, OnlyIncludedPicturesOfTheSiteOutsideOfPictureElements) {
  for (const char* html : {"<img src=raw/e.jpg data-skerry-ratio=1>",
                           "<img src=https://other.example/a.jpg data-skerry-ratio=1>",
                           "<img src=none.jpg data-skerry-ratio=1>",
                           "<img src=a.jpg srcset='a.jpg 2x' data-skerry-ratio=1>",
                           "<picture><img src=a.jpg data-skerry-ratio=1></picture>",
                           "<img src=a.jpg data-skerry-focus=left>"}) {
    site_.files.resize(5);
    EXPECT_THAT(Added(html), testing::ElementsAre(HasSubstr("site/index.html:1: "))) << html;
  }
}

}  // namespace
}  // namespace skerry::pipeline
