#include "pipeline/build.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/asset/decoder.h"
#include "core/asset/manifest.h"
#include "pipeline/base/test_folder.h"
#include "pipeline/images/image.h"

namespace skerry::pipeline {
namespace {

using testing::HasSubstr;

std::string Prose(int version) {
  std::string text;
  for (int i = 0; i < 400; ++i) {
    text += "p" + std::to_string(i * 7919 % 1000) + "{margin:" + std::to_string(i % 13) + "px}\n";
  }
  return text + "/* version " + std::to_string(version) + " */";
}

class BuildTest : public testing::Test {
 protected:
  BuildTest() {
    EXPECT_TRUE(StartImages().has_value());
    folder_.Write("site/index.html", "<link rel=stylesheet href=/a.css><img src=i.jpg>");
    folder_.Write("site/a.css", Prose(1));
    folder_.Write("site/i.jpg", TestJpeg(120, 80));
    folder_.Write("site/404.html", "gone");
  }

  tl::expected<BuildReport, Failure> Run(const std::string& out = "out", size_t jobs = 2) {
    Progress quiet;
    return Build({folder_ / "site", folder_ / out, {}, {}, previous_, jobs}, quiet);
  }
  asset::Manifest Manifest(const std::string& out = "out") {
    return *asset::Manifest::FromJson(folder_.Read(out + "/manifest.json"));
  }
  asset::Entry EntryOf(const std::string& logical, const std::string& out = "out") {
    for (const asset::Entry& entry : Manifest(out).entries) {
      if (entry.logical_path() == logical) return entry;
    }
    ADD_FAILURE() << logical;
    return {};
  }

  TestFolder folder_;
  std::vector<std::filesystem::path> previous_;
};

TEST_F(BuildTest, PartsOfPicturesAreFilesOfTheirOwn) {
  folder_.Write("site/index.html",
                "<link rel=stylesheet href=/a.css><img src=i.jpg>"
                "<img src=i.jpg data-skerry-ratio=1/1 data-skerry-focus=left>"
                "<img src=i.jpg data-skerry-ratio=2/1 width=60 height=30>");
  ASSERT_TRUE(Run().has_value());
  const std::string page = folder_.Read("out/files/index.html");
  const asset::Entry square = EntryOf("/i-1x1-0-50.jpg");
  EXPECT_EQ(square.width, 80u);
  EXPECT_EQ(square.height, 80u);
  EXPECT_EQ(square.cache, asset::CacheClass::kImmutable);
  const std::string jpeg = folder_.Read("out/files" + square.path);
  EXPECT_EQ(Probe(jpeg, {1'000'000, 1, 1'000'000})->width, 80u);
  EXPECT_THAT(page, HasSubstr(" width=\"80\" height=\"80\" src=" + square.path.substr(1)));
  const asset::Entry wide = EntryOf("/i-2x1.jpg");
  EXPECT_EQ(wide.height, 60u);
  EXPECT_THAT(page, HasSubstr("src=" + wide.path.substr(1) + " data-skerry-ratio=2/1 width=60"));
  EXPECT_EQ(EntryOf("/i.jpg").width, 120u);
  EXPECT_THAT(page, HasSubstr("<img src=" + EntryOf("/i.jpg").path.substr(1) + ">"));
  for (const asset::ImageVariant& variant : square.images) {
    EXPECT_EQ(variant.width, variant.height);
    EXPECT_THAT(page, HasSubstr(variant.path.substr(1)));
  }
  EXPECT_FALSE(square.images.empty());
}

TEST_F(BuildTest, AMistakenPartStopsTheBuild) {
  folder_.Write("site/index.html", "<p>\n<img src=i.jpg data-skerry-ratio=16:9>");
  const auto built = Run();
  ASSERT_FALSE(built.has_value());
  EXPECT_THAT(built.error().message, HasSubstr("index.html:2: data-skerry-ratio=\"16:9\""));
}

TEST_F(BuildTest, AMissingFileIsToldBeforePicturesAreWorkedOn) {
  folder_.Write("site/index.html", "<img src=i.jpg><img src=gone.jpg>");
  folder_.Write("site/i.jpg", "broken");
  const auto built = Run();
  ASSERT_FALSE(built.has_value());
  EXPECT_THAT(built.error().message, HasSubstr("\"gone.jpg\" leads to /gone.jpg"));
}

TEST_F(BuildTest, EveryBlobOfTheManifestIsAFileWithThatDigest) {
  ASSERT_TRUE(Run().has_value());
  size_t files = 0;
  for (const asset::Blob& blob : asset::BlobsOf(Manifest())) {
    const std::string bytes = folder_.Read("out/files" + blob.file);
    EXPECT_EQ(Sha256(bytes), blob.sha256) << blob.file;
    EXPECT_EQ(bytes.size(), blob.size);
    ++files;
  }
  EXPECT_EQ(folder_.ReadAll("out/files").size(), files);
}

TEST_F(BuildTest, CodedVariantsDecodeToTheEntry) {
  ASSERT_TRUE(Run().has_value());
  const asset::Entry css = EntryOf("/a.css");
  ASSERT_EQ(css.coded.size(), 2u);
  for (const asset::CodedVariant& coded : css.coded) {
    const std::string file =
        folder_.Read("out/files" + css.path + std::string(asset::FileSuffix(coded.coding)));
    EXPECT_EQ(asset::Decode(coded.coding, file, 1_MiB), Prose(1));
  }
}

TEST_F(BuildTest, TheReleaseIsTheSameWhateverTheJobs) {
  ASSERT_TRUE(Run("one", 1).has_value());
  ASSERT_TRUE(Run("four", 4).has_value());
  EXPECT_EQ(folder_.ReadAll("one"), folder_.ReadAll("four"));
}

TEST_F(BuildTest, TheCacheHoldsNoMoreThanItsLimitWhenTheBuildEnds) {
  const auto kept = [&] {
    ByteCount bytes = 0;
    for (const auto& [name, file] : folder_.ReadAll("cache")) bytes += file.size();
    return bytes;
  };
  Progress quiet;
  BuildOptions options{folder_ / "site", folder_ / "out", {}, folder_ / "cache"};
  ASSERT_TRUE(Build(options, quiet).has_value());
  ASSERT_GT(kept(), 1500u);
  options.cache_limit = 1500;
  ASSERT_TRUE(Build(options, quiet).has_value());
  EXPECT_LE(kept(), 1500u);
  EXPECT_GT(kept(), 0u);
}

TEST_F(BuildTest, AFailedBuildLeavesTheFormerReleaseAndNothingElse) {
  ASSERT_TRUE(Run().has_value());
  const auto before = folder_.ReadAll("out");
  folder_.Write("site/index.html", "<img src=gone.png>");
  const auto failed = Run();
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().exit, Exit::kFailed);
  EXPECT_EQ(folder_.ReadAll("out"), before);
  size_t folders = 0;
  for ([[maybe_unused]] const auto& entry : std::filesystem::directory_iterator(folder_.path())) {
    ++folders;
  }
  EXPECT_EQ(folders, 2u);
}

TEST_F(BuildTest, ADeltaIsMadeAgainstTheFormerRelease) {
  ASSERT_TRUE(Run("v1").has_value());
  folder_.Write("site/a.css", Prose(2));
  previous_ = {folder_ / "v1"};
  ASSERT_TRUE(Run("v2").has_value());
  const asset::Entry before = EntryOf("/a.css", "v1");
  const asset::Entry after = EntryOf("/a.css", "v2");
  ASSERT_EQ(after.coded.size(), 3u);
  const asset::CodedVariant& delta = after.coded[1];  // br, dcz, gzip
  EXPECT_EQ(delta.coding, asset::Coding::kDcz);
  EXPECT_EQ(delta.dictionary, before.sha256);
  EXPECT_LT(delta.size, 200u);
  const std::string coded = folder_.Read("v2/files" + after.path + asset::DczSuffix(before.sha256));
  EXPECT_EQ(asset::DecodeDcz(folder_.Read("v1/files" + before.path), coded, 1_MiB), Prose(2));
}

TEST_F(BuildTest, TheNotFoundPageIsKnown) {
  ASSERT_TRUE(Run().has_value());
  EXPECT_EQ(Manifest().not_found, "/404.html");
}

TEST_F(BuildTest, WhatIsNoReleaseIsNeverReplaced) {
  folder_.Write("out/precious.txt", "x");
  const auto failed = Run();
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().exit, Exit::kUsage);
  EXPECT_THAT(failed.error().message, HasSubstr("holds something else than a release"));
  EXPECT_EQ(folder_.Read("out/precious.txt"), "x");
}

TEST_F(BuildTest, OutputAndSiteMayNotOverlap) {
  EXPECT_EQ(Run("site/dist").error().exit, Exit::kUsage);
  EXPECT_EQ(Run(".").error().exit, Exit::kUsage);
}

TEST_F(BuildTest, AMissingSiteAndABadConfigurationAreUsageErrors) {
  folder_.Write("site/skerry.toml", "[imagez]");
  EXPECT_EQ(Run().error().exit, Exit::kUsage);
  Progress quiet;
  EXPECT_EQ(Build({folder_ / "none", folder_ / "out", {}, {}, {}, 1}, quiet).error().exit,
            Exit::kUsage);
}

TEST_F(BuildTest, TheConfigurationInTheSiteIsReadAndNotPublished) {
  folder_.Write("site/skerry.toml", "[budgets]\nstyle = \"100B\"\n");
  const auto report = Run();
  ASSERT_TRUE(report.has_value()) << report.error().message;
  ASSERT_EQ(report->offenders.size(), 1u);
  EXPECT_EQ(report->offenders[0].budget, "style");
  for (const asset::Entry& entry : Manifest().entries) EXPECT_NE(entry.path, "/skerry.toml");
}

}  // namespace
}  // namespace skerry::pipeline
