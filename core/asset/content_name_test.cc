#include "core/asset/content_name.h"

#include <gtest/gtest.h>

namespace skerry::asset {
namespace {

// SHA-256 of "abc".
const Sha256Digest kDigest = Sha256("abc");  // ba7816bf8f01cfea…

TEST(HashedNameTest, PutsTheDigestInFrontOfTheExtension) {
  EXPECT_EQ(HashedName("/a/app.css", kDigest), "/a/app.ba7816bf.css");
  EXPECT_EQ(HashedName("/v1.2/LICENSE", kDigest), "/v1.2/LICENSE.ba7816bf");
  EXPECT_EQ(HashedName("/.well", kDigest), "/.well.ba7816bf");
  EXPECT_EQ(HashedName("/app.css", kDigest, 10), "/app.ba7816bf8f.css");
}

TEST(HashedNameTest, KeepsDoubleExtensionsWhole) {
  EXPECT_EQ(HashedName("/a.tar.gz", kDigest), "/a.ba7816bf.tar.gz");
  EXPECT_EQ(HashedName("/app.js.map", kDigest), "/app.ba7816bf.js.map");
  EXPECT_EQ(HashedName("/jquery.min.js", kDigest), "/jquery.ba7816bf.min.js");
}

TEST(HashedNameTest, ItsOwnNamesAreDetected) {
  EXPECT_EQ(DetectHash(HashedName("/a/app.css", kDigest)), Hashed::kCertain);
  EXPECT_EQ(DetectHash(HashedName("/a/app.min.js", kDigest)), Hashed::kCertain);
}

TEST(DetectHashTest, IsCertainOfTheStylesOfBundlers) {
  for (const char* name : {
           "/static/js/main.8f3a2b1c.js",       // webpack, Create React App
           "/static/js/787.8f3a2b1c.chunk.js",  // webpack
           "/_next/static/chunks/4bd1b696-5c7a1f1e9d2c3b4a.js",
           "/_next/static/media/e4af272ccee01ff0-s.woff2",  // Next puts a role behind it
           "/assets/index-C4x_9aQe.css",                    // Vite, Rollup
           "/assets/index-B1-zK3_q.js",                     // with separators in the token
           "/app-7KQ2VXNA.js",                              // esbuild
           "/_astro/hoisted.Cq7Tv3Fa.js",                   // Astro
           "/index.5c9a1b2c.css",                           // Parcel
           "/component---src-pages-index-js-0b3f9c5e1a7d2b4c8e6f.js",  // Gatsby
           "/d41d8cd98f00b204e9800998ecf8427e.png",                    // webpack's file loader
       }) {
    EXPECT_EQ(DetectHash(name), Hashed::kCertain) << name;
  }
}

TEST(DetectHashTest, SeesAHashInFrontOfARole) {
  EXPECT_EQ(DetectHash("/_next/static/media/e4af272ccee01ff0-s.p.woff2"), Hashed::kCertain);
}

TEST(DetectHashTest, LeavesWordsVersionsAndDatesAlone) {
  for (const char* name : {
           "/jquery-3.7.1.min.js",
           "/photo-20240115.jpg",
           "/img_20240115_103000.jpg",
           "/lighthouse.jpg",
           "/my-lighthouse-at-night.webp",
           "/DSC00042.JPG",
           "/decade.css",
           "/photo-Mountain.jpg",
           "/OVERVIEW.html",
           "/fonts/inter-latin-400-normal.woff2",
           "/favicon-32x32.png",
           "/apple-touch-icon.png",
           "/bootstrap.bundle.min.js",
           "/chapter-facade.html",
           "/robots.txt",
           "/index.html",
       }) {
    EXPECT_EQ(DetectHash(name), Hashed::kNo) << name;
  }
}

TEST(DetectHashTest, IsUnsureOfMixedCaseLetters) {
  EXPECT_EQ(DetectHash("/assets/index-DiwrgTda.js"), Hashed::kPerhaps);
  EXPECT_EQ(DetectHash("/assets/home-DIXCuczo.js.map"), Hashed::kPerhaps);
  EXPECT_EQ(DetectHash("/assets/home-BCXYKHCX.js.map"), Hashed::kPerhaps);
  EXPECT_EQ(DetectHash("/assets/home-B8XY9HCX.js"), Hashed::kPerhaps);
  EXPECT_EQ(DetectHash("/assets/home-q3x9k2bq.js"), Hashed::kPerhaps);
  EXPECT_EQ(DetectHash("/assets/THIRD-PARTY-LICENSES.txt"), Hashed::kNo);
  EXPECT_EQ(DetectHash("/site-homePage.js"), Hashed::kPerhaps);
  EXPECT_EQ(DetectHash("/photo-iPhone15.jpg"), Hashed::kPerhaps);
}

TEST(WithoutHashTest, VersionsOfAFileBecomeEqual) {
  EXPECT_EQ(WithoutHash("/assets/index-C4x_9aQe.css"), "/assets/index-*.css");
  EXPECT_EQ(WithoutHash("/static/787.8f3a2b1c.chunk.js"), "/static/787.*.chunk.js");
  EXPECT_EQ(WithoutHash("/about/index.html"), "/about/index.html");
}

}  // namespace
}  // namespace skerry::asset
