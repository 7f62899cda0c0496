#include "pipeline/steps/pack.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/asset/media_type.h"
#include "core/base/random.h"
#include "pipeline/base/test_folder.h"

namespace skerry::pipeline {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::string Rules(int count) {
  std::string css;
  for (int i = 0; i < count; ++i) css += ".c" + std::to_string(i * 37 % 101) + "{margin:0 auto}\n";
  return css;
}

class PackTest : public testing::Test {
 protected:
  PackTest() : config_(*ParseConfig("", "")) {}

  // Packs one file; gives the names of its codings in order.
  std::vector<std::string> Run(const std::string& path, const std::string& bytes) {
    folder_.Write("site" + path, bytes);
    Site site;
    site.files.push_back({.path = path,
                          .on_disk = folder_ / ("site" + path),
                          .size = bytes.size(),
                          .sha256 = Sha256(bytes),
                          .type = std::string(asset::MediaTypeOf(path))});
    Fingerprinted release;
    release.outputs.push_back({.path = path, .sha256 = Sha256(bytes), .size = bytes.size()});
    BuildCache cache;
    Crew crew(2);
    Progress quiet;
    auto packed = Pack(site, release, config_, former_, folder_ / "out", cache, crew, quiet);
    fault_ = packed ? Error{} : packed.error();
    std::vector<std::string> names;
    if (!packed) return names;
    for (const asset::CodedVariant& coded : packed->at(Sha256(bytes))) {
      names.emplace_back(asset::Name(coded.coding));
    }
    return names;
  }

  TestFolder folder_;
  Config config_;
  std::vector<FormerRelease> former_;
  Error fault_;
};

TEST_F(PackTest, TextIsCodedAndTheCodingsLieBesideIt) {
  EXPECT_THAT(Run("/a.css", Rules(200)), ElementsAre("br", "gzip"));
  EXPECT_EQ(folder_.Read("out/a.css"), Rules(200));
  EXPECT_LT(folder_.Read("out/a.css.br").size(), Rules(200).size());
  EXPECT_LT(folder_.Read("out/a.css.gz").size(), Rules(200).size());
}

TEST_F(PackTest, SmallFilesAndCompressedFormatsAreNotCoded) {
  EXPECT_THAT(Run("/small.css", Rules(200).substr(0, 999)), IsEmpty());
  EXPECT_THAT(Run("/a.woff2", Rules(200)), IsEmpty());
  EXPECT_EQ(folder_.Read("out/a.woff2"), Rules(200));
}

TEST_F(PackTest, ACodingThatSavesNothingIsDropped) {
  SeededRandom random(1);
  std::string noise;
  for (int i = 0; i < 4000; ++i) noise.push_back(static_cast<char>(random.Next()));
  EXPECT_THAT(Run("/noise.txt", noise), IsEmpty());
}

TEST_F(PackTest, OnlyConfiguredCodingsAreMadeAndZstdOnlyWhereItWins) {
  config_.codings = {"gzip"};
  EXPECT_THAT(Run("/a.css", Rules(200)), ElementsAre("gzip"));
  config_.codings = {"zstd"};
  EXPECT_THAT(Run("/a.css", Rules(200)), ElementsAre("zstd"));
  config_.codings = {"br", "zstd"};
  EXPECT_THAT(Run("/b.css", Rules(90)), ElementsAre("br"));
}

TEST_F(PackTest, AFileThatChangedMeanwhileIsNoticed) {
  folder_.Write("site/a.woff2", "before");
  Site site;
  site.files.push_back(
      {.path = "/a.woff2", .on_disk = folder_ / "site/a.woff2", .type = "font/woff2"});
  Fingerprinted release;
  release.outputs.push_back({.path = "/a.woff2", .sha256 = Sha256("after"), .size = 5});
  BuildCache cache;
  Crew crew(1);
  Progress quiet;
  const auto packed = Pack(site, release, config_, former_, folder_ / "out", cache, crew, quiet);
  ASSERT_FALSE(packed.has_value());
  EXPECT_THAT(packed.error().context, testing::HasSubstr("changed while it was built"));
}

TEST_F(PackTest, AFileThatIsCopiedUnreadAndChangedMeanwhileIsNoticed) {
  folder_.Write("site/a.woff2", "bytes");
  const auto path = folder_ / "site/a.woff2";
  Site site;
  site.files.push_back(
      {.path = "/a.woff2", .on_disk = path, .type = "font/woff2", .stamp = *StampOf(path)});
  Fingerprinted release;
  release.outputs.push_back({.path = "/a.woff2", .sha256 = Sha256("bytes"), .size = 5});
  BuildCache cache;
  Crew crew(1);
  Progress quiet;
  const auto pack = [&] {
    return Pack(site, release, config_, former_, folder_ / "out", cache, crew, quiet);
  };
  ASSERT_TRUE(pack().has_value());
  EXPECT_EQ(folder_.Read("out/a.woff2"), "bytes");
  folder_.Write("site/a.woff2", "other bytes");
  const auto packed = pack();
  ASSERT_FALSE(packed.has_value());
  EXPECT_THAT(packed.error().context, testing::HasSubstr("changed while it was built"));
}

class FormerTest : public PackTest {
 protected:
  void WriteRelease(const std::map<std::string, std::string>& files) {
    asset::Manifest manifest;
    for (const auto& [path, bytes] : files) {
      folder_.Write("old/files" + path, bytes);
      manifest.entries.push_back(
          {.path = path, .sha256 = Sha256(bytes), .size = bytes.size(), .type = "text/css"});
    }
    folder_.Write("old/manifest.json", manifest.ToJson());
  }
  void Open() { former_.push_back(*FormerRelease::Open(folder_ / "old")); }
};

TEST_F(FormerTest, FilesAreMatchedWithoutABundlersHashAndByNearestSize) {
  WriteRelease({{"/i-C4x_9aQe.css", Rules(10)}, {"/i-B1-zK3_q.css", Rules(200)}});
  Open();
  const asset::Entry* found = former_[0].Find("/i-D7y_2bRf.css", Rules(190).size());
  ASSERT_NE(found, nullptr);
  EXPECT_EQ(found->path, "/i-B1-zK3_q.css");
  EXPECT_EQ(former_[0].Find("/other.css", 10), nullptr);
}

TEST_F(FormerTest, AChangedFileGetsADeltaAndAnUnchangedOneNone) {
  WriteRelease({{"/a.css", Rules(200)}});
  Open();
  EXPECT_THAT(Run("/a.css", Rules(200)), ElementsAre("br", "gzip"));
  EXPECT_THAT(Run("/a.css", Rules(200) + "b{}"), ElementsAre("br", "gzip", "dcz"));
}

TEST_F(FormerTest, ADictionaryThatIsNotWhatItsManifestSaysIsAnError) {
  WriteRelease({{"/a.css", Rules(200)}});
  Open();
  folder_.Write("old/files/a.css", "tampered");
  Run("/a.css", Rules(201));
  EXPECT_EQ(fault_.code, Code::kCorrupt);
}

TEST_F(FormerTest, AFolderWithoutReleaseIsNamed) {
  const auto former = FormerRelease::Open(folder_ / "none");
  ASSERT_FALSE(former.has_value());
  EXPECT_THAT(former.error().context, testing::HasSubstr("none"));
}

}  // namespace
}  // namespace skerry::pipeline
