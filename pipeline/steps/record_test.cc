#include "pipeline/steps/record.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/base/files.h"
#include "pipeline/base/test_folder.h"

namespace skerry::pipeline {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;

class RecordTest : public testing::Test {
 protected:
  RecordTest() : config_(*ParseConfig("", "")) {
    site_.files = {{.path = "/index.html", .type = "text/html"},
                   {.path = "/a.jpg", .type = "image/jpeg"}};
    release_.outputs = {
        {.file = 1,
         .path = "/a.12345678.jpg",
         .source = "/a.jpg",
         .sha256 = Sha256("j"),
         .size = 1},
        {.file = 1, .path = "/a.jpg", .sha256 = Sha256("j"), .size = 1, .second_name = true},
        {.file = 0, .path = "/index.html", .sha256 = Sha256("h"), .size = 1}};
    pictures_[1] = {8, 6, {{"image/avif", 8, 6, "/a-8.12345678.avif", Sha256("v"), 1}}};
  }

  Config config_;
  Site site_;
  Pictures pictures_;
  Fingerprinted release_;
  Packed packed_;
};

TEST_F(RecordTest, APicturesVariantsBelongToItsHashedNameAlone) {
  const auto manifest = Record(site_, pictures_, release_, packed_, config_);
  ASSERT_TRUE(manifest.has_value()) << manifest.error().context;
  EXPECT_EQ(manifest->entries[0].images.size(), 1u);
  EXPECT_EQ(manifest->entries[0].width, 8u);
  EXPECT_THAT(manifest->entries[1].images, IsEmpty());
}

TEST_F(RecordTest, AFallbackMustBeAPageOfTheSite) {
  config_.fallback = "/app.html";
  const auto manifest = Record(site_, pictures_, release_, packed_, config_);
  ASSERT_FALSE(manifest.has_value());
  EXPECT_THAT(manifest.error().context, HasSubstr("/app.html"));
  config_.fallback = "/index.html";
  EXPECT_TRUE(Record(site_, pictures_, release_, packed_, config_).has_value());
}

TEST_F(RecordTest, FilesThatWouldTakeEachOthersPlaceAreNoRelease) {
  packed_[Sha256("h")] = {{asset::Coding::kBrotli, std::nullopt, Sha256("b"), 1}};
  release_.outputs[1].path = "/index.html.br";
  EXPECT_THAT(Record(site_, pictures_, release_, packed_, config_).error().context,
              HasSubstr("\"/index.html.br\" occurs twice"));
}

TEST(ReleaseFolderTest, UntilItIsFinishedTheFormerReleaseStays) {
  TestFolder folder;
  folder.Write("out/manifest.json", "old");
  folder.Write("out/files/a", "old");
  {
    auto unfinished = ReleaseFolder::Begin(folder / "out");
    ASSERT_TRUE(unfinished.has_value());
    ASSERT_TRUE(WriteFile(unfinished->files() / "a", "new").has_value());
  }
  EXPECT_EQ(folder.Read("out/files/a"), "old");
  auto finished = ReleaseFolder::Begin(folder / "out");
  ASSERT_TRUE(WriteFile(finished->files() / "b", "new").has_value());
  ASSERT_TRUE(finished->Finish({}).has_value());
  EXPECT_EQ(folder.ReadAll("out/files"), (std::map<std::string, std::string>{{"b", "new"}}));
  EXPECT_EQ(folder.ReadAll("").size(), 2u);
}

TEST(FilesTest, ReadingSaysWhatIsMissingOrNoFile) {
  TestFolder folder;
  EXPECT_EQ(ReadFile(folder / "none").error().code, Code::kNotFound);
  EXPECT_THAT(ReadFile(folder.path()).error().context, HasSubstr("is a folder"));
}

TEST(FilesTest, WritingAtOnceMakesFoldersAndLeavesNothingBeside) {
  TestFolder folder;
  ASSERT_TRUE(WriteFileAtOnce(folder / "a/b/c", "x").has_value());
  ASSERT_TRUE(WriteFileAtOnce(folder / "a/b/c", "y").has_value());
  EXPECT_EQ(folder.ReadAll(""), (std::map<std::string, std::string>{{"a/b/c", "y"}}));
}

}  // namespace
}  // namespace skerry::pipeline
