#include "pipeline/steps/collect.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/base/test_folder.h"

namespace skerry::pipeline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::vector<std::string> Paths(const Site& site) {
  std::vector<std::string> paths;
  for (const SiteFile& file : site.files) paths.push_back(file.path);
  return paths;
}

TEST(CollectTest, FindsEveryFileInOrderWithDigestAndType) {
  TestFolder folder;
  folder.Write("b/ü x.css", "a{}");
  folder.Write("index.html", "hi");
  const auto site = Collect(folder.path(), {});
  ASSERT_TRUE(site.has_value()) << site.error().context;
  EXPECT_THAT(Paths(*site), ElementsAre("/b/ü x.css", "/index.html"));
  EXPECT_EQ(site->files[1].sha256, Sha256("hi"));
  EXPECT_EQ(site->files[1].type, "text/html");
  EXPECT_EQ(site->files[1].loaded, "hi");
  EXPECT_EQ(site->Find("/index.html"), 1);
  EXPECT_EQ(site->Find("/none"), -1);
}

TEST(CollectTest, LeavesOutHiddenFilesAndFormerCodings) {
  TestFolder folder;
  for (const char* name : {".git/x", ".DS_Store", "a.js", "a.js.br", "a.js.gz", "data.gz",
                           ".well-known/security.txt"}) {
    folder.Write(name, "x");
  }
  const auto site = Collect(folder.path(), {});
  EXPECT_THAT(Paths(*site), ElementsAre("/.well-known/security.txt", "/a.js", "/data.gz"));
  EXPECT_THAT(site->skipped, ElementsAre(".DS_Store", ".git", "a.js.br", "a.js.gz"));
}

TEST(CollectTest, LeavesOutTheExceptionsAndPutsTheBaseInFront) {
  TestFolder folder;
  folder.Write("index.html", "x");
  folder.Write("skerry.toml", "x");
  const auto site = Collect(folder.path(), {"/blog/", {folder / "skerry.toml"}});
  EXPECT_THAT(Paths(*site), ElementsAre("/blog/index.html"));
}

TEST(CollectTest, AMissingFolderIsNotFound) {
  const auto site = Collect("/nowhere/at/all", {});
  ASSERT_FALSE(site.has_value());
  EXPECT_EQ(site.error().code, Code::kNotFound);
  EXPECT_THAT(site.error().context, HasSubstr("/nowhere/at/all"));
}

TEST(CollectTest, LinksInsideTheSiteAreFollowedOthersRefused) {
  TestFolder folder;
  folder.Write("site/a.css", "x");
  folder.Write("secret", "x");
  std::filesystem::create_symlink("a.css", folder / "site/b.css");
  EXPECT_THAT(Paths(*Collect(folder / "site", {})), ElementsAre("/a.css", "/b.css"));
  std::filesystem::create_symlink("../secret", folder / "site/c.css");
  const auto site = Collect(folder / "site", {});
  ASSERT_FALSE(site.has_value());
  EXPECT_THAT(site.error().context, HasSubstr("c.css: is a link to outside the site"));
}

TEST(CollectTest, ANameNoUrlCanHaveIsRefusedWithTheRemedy) {
  TestFolder folder;
  folder.Write("a\\b.css", "x");
  EXPECT_THAT(Collect(folder.path(), {}).error().context, HasSubstr("backslash; rename the file"));
}

}  // namespace
}  // namespace skerry::pipeline
