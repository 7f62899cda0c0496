#include "core/asset/manifest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace skerry::asset {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

const std::string kSha(64, 'a');

Entry Page(const std::string& path, const std::string& body = "x") {
  return {.path = path,
          .sha256 = Sha256(body),
          .size = body.size(),
          .type = "text/html",
          .cache = CacheClass::kPage};
}

Manifest Full() {
  Entry photo{.path = "/img/a.9f2c0a1b.jpg",
              .source = "/img/a.jpg",
              .sha256 = Sha256("jpg"),
              .size = 3,
              .type = "image/jpeg",
              .cache = CacheClass::kImmutable,
              .width = 800,
              .height = 600};
  photo.images = {{"image/avif", 400, 300, "/img/a-400.00000000.avif", Sha256("small"), 5},
                  {"image/avif", 800, 600, "/img/a-800.00000000.avif", Sha256("large"), 5}};
  Entry css{.path = "/app.css", .sha256 = Sha256("css!"), .size = 4, .type = "text/css"};
  css.coded = {{Coding::kBrotli, std::nullopt, Sha256("br"), 2},
               {Coding::kDcz, Sha256("old"), Sha256("d"), 1}};
  css.notes = {{"tool", "ünïcode"}};
  Entry page = Page("/index.html");
  page.links = {"</app.css>; rel=preload; as=style"};
  return {.entries = {css, photo, page}, .fallback = "/index.html"};
}

std::string Fault(std::string_view json) {
  const auto manifest = Manifest::FromJson(json);
  EXPECT_FALSE(manifest.has_value()) << json;
  return manifest ? "" : manifest.error().context;
}

std::string WithEntry(const std::string& members) {
  return R"({"version":1,"entries":[{"path":"/a","sha256":")" + kSha +
         R"(","size":1,"type":"text/css","cache":"asset")" + members + "}]}";
}

TEST(ManifestTest, ComesBackFromItsJson) {
  const auto read = Manifest::FromJson(Full().ToJson());
  ASSERT_TRUE(read.has_value()) << read.error().context;
  EXPECT_EQ(*read, Full());
}

TEST(ManifestTest, TheOrderOfEntriesAndVariantsDoesNotShowInTheBytes) {
  Manifest shuffled = Full();
  std::swap(shuffled.entries[0], shuffled.entries[2]);
  for (Entry& entry : shuffled.entries) {
    std::reverse(entry.coded.begin(), entry.coded.end());
    std::reverse(entry.images.begin(), entry.images.end());
  }
  EXPECT_EQ(shuffled.ToJson(), Full().ToJson());
}

TEST(ManifestTest, WritesTheContractsExample) {
  const std::string json = Full().ToJson();
  EXPECT_THAT(json, HasSubstr(R"({"path":"/img/a.9f2c0a1b.jpg","source":"/img/a.jpg","sha256":")"));
  EXPECT_THAT(json, HasSubstr(R"("type":"image/jpeg","cache":"immutable")"));
  EXPECT_THAT(json, HasSubstr(R"({"coding":"br","sha256":")"));
  EXPECT_THAT(json, HasSubstr(R"({"coding":"dcz","dictionary":")"));
  EXPECT_THAT(json, HasSubstr(R"({"type":"image/avif","width":400,)"));
}

TEST(ManifestReadTest, SaysWhereTextIsNoJson) {
  EXPECT_EQ(Fault("{\"version\":1,\n  \"entries\":[x]}"), "line 2, column 14: not JSON");
  EXPECT_THAT(Fault(""), HasSubstr("line 1, column 1: not JSON"));
  EXPECT_THAT(Fault("{\"version\":1e999}"), HasSubstr("number"));
}

TEST(ManifestReadTest, RefusesOtherVersions) {
  EXPECT_THAT(Fault(R"({"version":2,"entries":[]})"), HasSubstr("version: 2 is not supported"));
  EXPECT_THAT(Fault(R"({"version":"1","entries":[]})"),
              HasSubstr("version: is not a whole number"));
  EXPECT_THAT(Fault(R"({"entries":[]})"), HasSubstr("\"version\" is missing"));
}

TEST(ManifestReadTest, RefusesUnknownAndDoubledMembers) {
  EXPECT_THAT(Fault(R"({"version":1,"entries":[],"redirects":[]})"),
              HasSubstr("unknown member \"redirects\""));
  EXPECT_THAT(Fault(WithEntry(R"(,"ttl":5)")), HasSubstr("entries[0]: unknown member \"ttl\""));
  EXPECT_THAT(Fault(R"({"version":1,"version":1,"entries":[]})"), HasSubstr("occurs twice"));
}

TEST(ManifestReadTest, RefusesPathsOutsideTheSite) {
  EXPECT_THAT(Fault(R"({"version":1,"entries":[{"path":"/../etc/passwd"}]})"),
              HasSubstr("entries[0].path: \"/../etc/passwd\" has a '.' or '..' segment"));
  EXPECT_THAT(Fault(R"({"version":1,"entries":[{"path":"a.css"}]})"),
              HasSubstr("does not begin with '/'"));
}

TEST(ManifestReadTest, RefusesBadDigestsSizesTypesAndClasses) {
  const std::string good = WithEntry("");
  ASSERT_TRUE(Manifest::FromJson(good).has_value());
  const auto with = [&](const std::string& from, const std::string& to) {
    std::string json = good;
    return json.replace(json.find(from), from.size(), to);
  };
  EXPECT_THAT(Fault(with(kSha, "AB")), HasSubstr("entries[0].sha256: \"AB\" is not 64"));
  EXPECT_THAT(Fault(with("\"size\":1", "\"size\":-1")), HasSubstr("entries[0].size"));
  EXPECT_THAT(Fault(with("\"size\":1", "\"size\":1.5")), HasSubstr("entries[0].size"));
  EXPECT_THAT(Fault(with("\"size\":1", "\"size\":9007199254740992")), HasSubstr(".size"));
  EXPECT_THAT(Fault(with("text/css", "text/css; a")), HasSubstr("entries[0].type"));
  EXPECT_THAT(Fault(with("\"asset\"", "\"forever\"")), HasSubstr("entries[0].cache"));
}

TEST(ManifestReadTest, RefusesADigestWithTwoSizes) {
  const std::string variants =
      R"(,"variants":[{"coding":"br","sha256":")" + kSha + R"(","size":2}])";
  EXPECT_THAT(Fault(WithEntry(variants)), HasSubstr("has size 2 here and 1 before"));
}

TEST(ManifestReadTest, RefusesAPathThatTwoFilesWouldTake) {
  Manifest twice{.entries = {Page("/a"), Page("/a")}};
  EXPECT_THAT(Fault(twice.ToJson()), HasSubstr("entries[1]: path \"/a\" occurs twice"));
  Manifest coded{.entries = {Page("/a.br"), Page("/a")}};
  coded.entries[1].coded = {{Coding::kBrotli, std::nullopt, Sha256("z"), 1}};
  EXPECT_THAT(Fault(coded.ToJson()), HasSubstr("path \"/a.br\" occurs twice"));
}

TEST(ManifestReadTest, RefusesBadVariants) {
  EXPECT_THAT(Fault(WithEntry(R"(,"variants":[{"coding":"lzma"}])")),
              HasSubstr("entries[0].variants[0].coding: \"lzma\""));
  EXPECT_THAT(Fault(WithEntry(R"(,"variants":[{"coding":"dcz"}])")),
              HasSubstr("\"dictionary\" is missing"));
  EXPECT_THAT(Fault(WithEntry(R"(,"variants":[{"type":"text/css"}])")),
              HasSubstr("is not an image type"));
  EXPECT_THAT(Fault(WithEntry(R"(,"variants":[{"type":"image/avif","width":0}])")),
              HasSubstr("width: is 0"));
}

TEST(ManifestReadTest, RefusesLinksThatWouldBreakAHeader) {
  EXPECT_THAT(Fault(WithEntry(R"(,"links":["</a>\r\nX: y"])")), HasSubstr("links[0]"));
}

TEST(ManifestReadTest, RefusesAFallbackThatIsNotThere) {
  EXPECT_THAT(Fault(R"({"version":1,"fallback":"/x.html","entries":[]})"),
              HasSubstr("fallback: \"/x.html\" is no entry's path"));
}

TEST(BlobsTest, NameEachDigestOnceTheLargestFirst) {
  Manifest manifest{.entries = {Page("/a", "same"), Page("/b", "same"), Page("/c", "longer")}};
  manifest.entries[0].coded = {{Coding::kGzip, std::nullopt, Sha256("gz"), 2}};
  std::vector<std::string> files;
  for (const Blob& blob : BlobsOf(manifest)) files.push_back(blob.file);
  EXPECT_THAT(files, ElementsAre("/c", "/a", "/a.gz"));
}

TEST(ManifestIndexTest, FindsEntriesAndImageVariantsByTheirPaths) {
  const Manifest manifest = Full();
  const ManifestIndex index(manifest);
  EXPECT_EQ(index.Find("/app.css").entry, &manifest.entries[0]);
  EXPECT_EQ(index.Find("/app.css").image, nullptr);
  EXPECT_EQ(index.Find("/img/a-400.00000000.avif").image, &manifest.entries[1].images[0]);
  EXPECT_EQ(index.Find("/img/a-400.00000000.avif").entry, &manifest.entries[1]);
  EXPECT_FALSE(index.Find("/img/a.jpg"));
}

}  // namespace
}  // namespace skerry::asset
