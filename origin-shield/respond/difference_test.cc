#include "origin-shield/respond/difference.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/cache/purge/scopes.h"
#include "origin-shield/store/build_release.h"

namespace skerry::shield {
namespace {

using cache::SiteMissTag;
using cache::SitePathTag;
using cache::SiteTag;
using testing::Contains;
using testing::HasSubstr;
using testing::Not;
using testing::UnorderedElementsAre;

asset::Manifest Site() {
  return ManifestOf({FileEntry("/index.html", "home"), FileEntry("/about.html", "about"),
                     Hashed("/app.11111111.js", "js")});
}
std::string PathTag(const std::string& path) { return SitePathTag("demo", path); }
Difference Between(const asset::Manifest& before, const asset::Manifest& after) {
  return Compare(ReleaseOf(before).get(), *ReleaseOf(after));
}

TEST(DifferenceTest, OfTheSameReleaseIsOnlyWhatNoFileGave) {
  const Difference difference = Between(Site(), Site());
  EXPECT_THAT(difference.tags, UnorderedElementsAre(SiteMissTag("demo")));
  EXPECT_EQ(difference.added + difference.changed + difference.removed, 0u);
}

TEST(DifferenceTest, NamesChangedPagesAndNotTheOthers) {
  asset::Manifest after = Site();
  after.entries[0].sha256 = Sha256("new");
  const Difference difference = Between(Site(), after);
  EXPECT_EQ(difference.changed, 1u);
  EXPECT_THAT(difference.tags, UnorderedElementsAre(SiteMissTag("demo"), PathTag("/index.html")));
}

TEST(DifferenceTest, NamesPathsThatComeAndGo) {
  asset::Manifest after = Site();
  after.entries[1].path = "/company.html";
  const Difference difference = Between(Site(), after);
  EXPECT_EQ(difference.added, 1u);
  EXPECT_EQ(difference.removed, 1u);
  EXPECT_THAT(difference.tags, UnorderedElementsAre(SiteMissTag("demo"), PathTag("/company.html"),
                                                    PathTag("/about.html")));
}

TEST(DifferenceTest, NamesTheRedirectToADirectoryThatComesOrGoes) {
  asset::Manifest after = Site();
  after.entries.push_back(FileEntry("/docs/index.html", "docs"));
  EXPECT_THAT(Between(Site(), after).tags, Contains(PathTag("/docs")));
  EXPECT_THAT(Between(after, Site()).tags, Contains(PathTag("/docs")));
}

TEST(DifferenceTest, HashedFilesThatAreRemovedStayCached) {
  asset::Manifest after = Site();
  after.entries.pop_back();
  EXPECT_THAT(Between(Site(), after).tags, Not(Contains(PathTag("/app.11111111.js"))));
}

TEST(DifferenceTest, HashedFilesThatAreNewAreNamed) {
  asset::Manifest after = Site();
  after.entries.push_back(Hashed("/new.22222222.js", "new"));
  EXPECT_THAT(Between(Site(), after).tags, Contains(PathTag("/new.22222222.js")));
}

TEST(DifferenceTest, SeesEverythingThatShowsInAnAnswer) {
  const auto changed = [](const std::function<void(asset::Entry&)>& change) {
    asset::Manifest after = Site();
    change(after.entries[0]);
    return Between(Site(), after).changed;
  };
  EXPECT_EQ(changed([](auto& e) { e.type = "text/plain"; }), 1u);
  EXPECT_EQ(changed([](auto& e) { e.cache = asset::CacheClass::kRevalidate; }), 1u);
  EXPECT_EQ(changed([](auto& e) { e.links = {"</a.css>; rel=preload"}; }), 1u);
  EXPECT_EQ(changed([](auto& e) {
              e.coded = {{asset::Coding::kGzip, std::nullopt, Sha256("gz"), 1}};
            }),
            1u);
  EXPECT_EQ(changed([](auto& e) {
              e.images = {{"image/webp", 1, 1, "/x.webp", Sha256("w"), 1}};
            }),
            1u);
  EXPECT_EQ(changed([](auto& e) { e.notes = {{"lqip", "x"}}; }), 0u);
}

TEST(DifferenceTest, OfTheFirstReleaseNamesAllItsPaths) {
  const Difference difference = Compare(nullptr, *ReleaseOf(Site()));
  EXPECT_EQ(difference.added, 3u);
  EXPECT_THAT(difference.tags,
              UnorderedElementsAre(SiteMissTag("demo"), PathTag("/index.html"),
                                   PathTag("/about.html"), PathTag("/app.11111111.js")));
}

TEST(DifferenceTest, NamesTheSiteWhereTooManyPathsChange) {
  asset::Manifest after;
  for (size_t i = 0; i <= kMostPaths; ++i) {
    after.entries.push_back(FileEntry("/" + std::to_string(i) + ".html", "x"));
  }
  const Difference difference = Compare(nullptr, *ReleaseOf(after));
  EXPECT_TRUE(difference.everything);
  EXPECT_THAT(difference.tags, UnorderedElementsAre(SiteTag("demo"), SiteMissTag("demo")));
}

TEST(AnswerTagsTest, EveryAnswerHasTheSiteAndItsPathAndMissesSayThatTheyAre) {
  Located located;
  located.site_path = "/a.html";
  located.place = Place::kFile;
  EXPECT_EQ(AnswerTags("demo", located), SiteTag("demo") + "," + PathTag("/a.html"));
  for (const Place place : {Place::kNotFound, Place::kFallback}) {
    located.place = place;
    EXPECT_THAT(AnswerTags("demo", located), HasSubstr(SiteMissTag("demo")));
  }
}

}  // namespace
}  // namespace skerry::shield
