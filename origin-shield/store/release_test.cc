#include "origin-shield/store/release.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "origin-shield/store/build_release.h"

namespace skerry::shield {
namespace {

using testing::ElementsAre;

WallTime At(int64_t ms) { return WallTime(Millis(ms)); }

SiteView ViewOf(ReleasePtr active, std::vector<ReleasePtr> kept = {}) {
  SiteView view{.site = "demo", .active = active->id(), .release = active, .kept = {active}};
  view.kept.insert(view.kept.end(), kept.begin(), kept.end());
  return view;
}

asset::Manifest Site() {
  return ManifestOf({FileEntry("/index.html", "home"), FileEntry("/docs/index.html", "docs"),
                     FileEntry("/a b.txt", "blank"), Hashed("/app.0a1b2c3d.js", "js")});
}

std::string Where(const SiteView& view, const std::string& url, bool others = false) {
  const Located located = Locate(view, url, others);
  std::string text(Name(located.place));
  if (located.place == Place::kRedirect) return text + " " + located.location;
  return located.file ? text + " " + located.file.entry->path : text;
}

TEST(ReleaseIdTest, IsTheSameForTheSameContentInAnyOrder) {
  asset::Manifest shuffled = Site();
  std::swap(shuffled.entries[0], shuffled.entries[2]);
  EXPECT_EQ(ReleaseId(Site()), ReleaseId(shuffled));
  EXPECT_TRUE(IsReleaseId(ReleaseId(Site())));
}

TEST(ReleaseIdTest, DiffersWithOneByte) {
  asset::Manifest other = Site();
  other.entries[0].sha256 = Sha256("other");
  EXPECT_NE(ReleaseId(Site()), ReleaseId(other));
}

TEST(SiteNameTest, RefusesWhatCannotStandInAKeyOrATag) {
  for (const char* good : {"demo", "a", "www.example.com", "site_1-b"}) {
    EXPECT_TRUE(CheckSiteName(good).has_value()) << good;
  }
  for (const std::string& bad :
       {std::string(), std::string("Demo"), std::string("a b"), std::string("-a"),
        std::string("a,b"), std::string("a\0b", 3), std::string(64, 'a'), std::string("../up")}) {
    EXPECT_FALSE(CheckSiteName(bad).has_value()) << bad;
  }
}

TEST(InheritTimesTest, KeepsTheTimeOfBytesThatStayed) {
  const auto before = std::make_shared<const Release>(
      "demo", "x", Site(), At(100), std::vector<WallTime>{At(1), At(2), At(3), At(4)});
  asset::Manifest after = Site();
  after.entries[1].sha256 = Sha256("new docs");
  after.entries.push_back(FileEntry("/new.html", "n"));
  EXPECT_THAT(InheritTimes(after, before.get(), At(9)),
              ElementsAre(At(1), At(9), At(3), At(4), At(9)));
}

TEST(LocateTest, FindsFilesByTheirDecodedPath) {
  const SiteView view = ViewOf(ReleaseOf(Site()));
  EXPECT_EQ(Where(view, "/"), "file /index.html");
  EXPECT_EQ(Where(view, "/index.html?x=1"), "file /index.html");
  EXPECT_EQ(Where(view, "/docs/"), "file /docs/index.html");
  EXPECT_EQ(Where(view, "/a%20b.txt"), "file /a b.txt");
  EXPECT_EQ(Where(view, "/x/../docs/"), "file /docs/index.html");
}

TEST(LocateTest, ADirectoryWithoutItsSlashIsRedirectedWithItsQuery) {
  EXPECT_EQ(Where(ViewOf(ReleaseOf(Site())), "/docs?a=%20b"), "redirect /docs/?a=%20b");
}

TEST(LocateTest, UrlsThatAreNoPathsAreNotFound) {
  const SiteView view = ViewOf(ReleaseOf(Site()));
  for (const char* url : {"/%zz", "/a%2fb", "/%00", "//docs", "*", ""}) {
    EXPECT_EQ(Where(view, url), "not-found") << url;
  }
}

TEST(LocateTest, NeverRedirectsToAnotherHost) {
  const ReleasePtr release = ReleaseOf(ManifestOf({FileEntry("/evil.com/index.html", "x")}));
  EXPECT_EQ(Where(ViewOf(release), "//evil.com"), "not-found");
}

TEST(LocateTest, HashedPathsOfKeptReleasesAreServedAndOthersAreNot) {
  const ReleasePtr old =
      ReleaseOf(ManifestOf({FileEntry("/old.html", "o"), Hashed("/old.js", "js")}));
  const SiteView view = ViewOf(ReleaseOf(Site()), {old});
  EXPECT_EQ(Where(view, "/old.js"), "file /old.js");
  EXPECT_EQ(Where(view, "/old.html"), "not-found");
}

TEST(LocateTest, ImageVariantsAreServedUnderTheirOwnPath) {
  asset::Entry photo = Hashed("/p.jpg", "jpg");
  photo.images = {{"image/avif", 400, 300, "/p-400.avif", Sha256("avif"), 4}};
  const SiteView view = ViewOf(ReleaseOf(ManifestOf({photo})));
  const Located located = Locate(view, "/p-400.avif", false);
  ASSERT_EQ(located.place, Place::kFile);
  ASSERT_NE(located.file.image, nullptr);
  EXPECT_EQ(located.file.sha256(), Sha256("avif"));
  EXPECT_TRUE(located.file.immutable());
}

TEST(LocateTest, TheFallbackAnswersNavigationsAndNoMissingFiles) {
  asset::Manifest manifest = Site();
  manifest.fallback = "/index.html";
  const SiteView view = ViewOf(ReleaseOf(manifest));
  EXPECT_EQ(Where(view, "/users/42"), "fallback /index.html");
  EXPECT_EQ(Where(view, "/users/"), "fallback /index.html");
  EXPECT_EQ(Where(view, "/missing.js"), "not-found");
  EXPECT_EQ(Where(view, "/%zz"), "not-found");
}

TEST(LocateTest, AnOriginBehindUsGetsWhatNoReleaseHas) {
  asset::Manifest manifest = Site();
  manifest.fallback = "/index.html";
  const SiteView view = ViewOf(ReleaseOf(manifest));
  EXPECT_EQ(Where(view, "/users/42", true), "not-found");
  EXPECT_EQ(Where(view, "/docs", true), "redirect /docs/");
}

TEST(LocateTest, A404HasThePageOfTheRelease) {
  asset::Manifest manifest = Site();
  manifest.entries.push_back(FileEntry("/404.html", "gone"));
  EXPECT_EQ(Where(ViewOf(ReleaseOf(manifest)), "/nowhere"), "not-found /404.html");
  manifest.not_found = "/docs/index.html";
  EXPECT_EQ(Where(ViewOf(ReleaseOf(manifest)), "/nowhere"), "not-found /docs/index.html");
}

TEST(LocateTest, AReleaseThatIsActiveElsewhereAndNotHereAnswersNothingButHashedPaths) {
  SiteView view{.site = "demo", .active = std::string(32, 'a'), .kept = {ReleaseOf(Site())}};
  EXPECT_EQ(Where(view, "/"), "not-here");
  EXPECT_EQ(Where(view, "/app.0a1b2c3d.js"), "file /app.0a1b2c3d.js");
}

TEST(LocateTest, BeforeTheFirstActivationThereIsNothing) {
  EXPECT_EQ(Where(SiteView{.site = "demo", .kept = {ReleaseOf(Site())}}, "/"), "not-found");
}

}  // namespace
}  // namespace skerry::shield
