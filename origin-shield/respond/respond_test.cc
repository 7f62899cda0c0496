#include "origin-shield/respond/respond.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/cache/purge/scopes.h"
#include "core/http/structured.h"
#include "origin-shield/store/build_release.h"

namespace skerry::shield {
namespace {

using testing::HasSubstr;

constexpr WallTime kNow{Seconds(1'700'000'000)};
constexpr WallTime kCreated{Seconds(1'600'000'000)};

asset::Entry Script() {
  asset::Entry entry = Hashed("/assets/app.9f2c0a1b.js", std::string(1000, 'j'));
  entry.source = "/assets/app.js";
  entry.coded = {{asset::Coding::kBrotli, std::nullopt, Sha256("br"), 300},
                 {asset::Coding::kDcz, Sha256("old"), Sha256("dcz"), 20},
                 {asset::Coding::kGzip, std::nullopt, Sha256("gz"), 400}};
  return entry;
}
asset::Entry Photo() {
  asset::Entry entry = Hashed("/p.77aa01f2.jpg", "jpg");
  entry.width = 800;
  entry.images = {{"image/avif", 400, 300, "/p-400.avif", Sha256("avif400"), 10},
                  {"image/avif", 800, 600, "/p-800.avif", Sha256("avif800"), 20},
                  {"image/webp", 800, 600, "/p-800.webp", Sha256("webp800"), 30}};
  return entry;
}

class RespondTest : public testing::Test {
 protected:
  RespondTest() {
    asset::Entry page = FileEntry("/index.html", "0123456789");
    page.links = {"</app.css>; rel=preload; as=style"};
    manifest_ = ManifestOf({page, Script(), Photo(), FileEntry("/docs/index.html", "d"),
                            FileEntry("/sw.js", "sw", asset::CacheClass::kRevalidate),
                            FileEntry("/favicon.ico", "i", asset::CacheClass::kAsset)});
  }
  Answer Ask(const std::string& path, http::Fields fields = {}, const std::string& method = "GET") {
    const ReleasePtr release = ReleaseOf(manifest_, kCreated);
    SiteView view{.site = "demo", .active = release->id(), .release = release, .kept = {release}};
    view.preview = preview_;
    if (!uploaded_) view.release = nullptr;
    const http::RequestHead request{method, "https", "example.com", path, std::move(fields)};
    const Located located = Locate(view, path, false);
    return Respond({request, view, located, to_edge_, behind_}, kNow);
  }
  static std::string Of(const Answer& answer, std::string_view name) {
    return answer.fields.Combined(name).value_or("-");
  }

  asset::Manifest manifest_;
  bool to_edge_ = false;
  bool behind_ = false;
  bool preview_ = false;
  bool uploaded_ = true;
};

TEST_F(RespondTest, SendsTheFileWithItsFields) {
  const Answer answer = Ask("/");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(Of(answer, "content-type"), "text/html");
  EXPECT_EQ(Of(answer, "cache-control"), "public, max-age=60");
  EXPECT_EQ(Of(answer, "etag"), "\"" + Sha256("0123456789").Hex().substr(0, 32) + "\"");
  EXPECT_EQ(Of(answer, "repr-digest"), "sha-256=:" + ToBase64(Sha256("0123456789").raw()) + ":");
  EXPECT_EQ(Of(answer, "last-modified"), "Sun, 13 Sep 2020 12:26:40 GMT");
  EXPECT_EQ(Of(answer, "link"), "</app.css>; rel=preload; as=style");
  EXPECT_EQ(Of(answer, "vary"), "-");
  ASSERT_TRUE(answer.body.has_value());
  EXPECT_EQ(answer.body->sha256, Sha256("0123456789"));
  EXPECT_EQ(answer.length(), 10u);
}

TEST_F(RespondTest, CachesByTheClassOfTheEntry) {
  EXPECT_EQ(Of(Ask("/assets/app.9f2c0a1b.js"), "cache-control"),
            "public, max-age=31536000, immutable");
  EXPECT_EQ(Of(Ask("/favicon.ico"), "cache-control"), "public, max-age=300");
  EXPECT_EQ(Of(Ask("/sw.js"), "cache-control"), "no-cache");
}

TEST_F(RespondTest, OnlyOurEdgesGetTagsTargetedFieldsAndVariants) {
  for (const char* name : {"cache-tag", "skerry-cache-control", "skerry-variants"}) {
    EXPECT_EQ(Of(Ask("/"), name), "-") << name;
    EXPECT_EQ(Of(Ask("/assets/app.9f2c0a1b.js"), name), "-") << name;
  }
  to_edge_ = true;
  EXPECT_THAT(Of(Ask("/"), "skerry-cache-control"), HasSubstr("max-age=3600"));
  EXPECT_THAT(Of(Ask("/"), "skerry-cache-control"), HasSubstr("stale-while-revalidate="));
  EXPECT_EQ(Of(Ask("/"), "cache-tag"),
            cache::SiteTag("demo") + "," + cache::SitePathTag("demo", "/index.html"));
  EXPECT_EQ(Of(Ask("/sw.js"), "skerry-cache-control"), "-");
  EXPECT_EQ(Of(Ask("/assets/app.9f2c0a1b.js"), "skerry-cache-control"), "-");
}

TEST_F(RespondTest, VariantsAreADictionaryOfWhatExists) {
  to_edge_ = true;
  const std::string coded = Of(Ask("/assets/app.9f2c0a1b.js"), "skerry-variants");
  EXPECT_EQ(coded, "codings=(br dcz gzip), dictionaries=(:" + ToBase64(Sha256("old").raw()) + ":)");
  const std::string images = Of(Ask("/p.77aa01f2.jpg"), "skerry-variants");
  EXPECT_EQ(images, "formats=(\"image/avif\" \"image/webp\")");
  EXPECT_TRUE(http::structured::ParseDictionary(coded).has_value());
  EXPECT_TRUE(http::structured::ParseDictionary(images).has_value());
}

TEST_F(RespondTest, ChoosesTheCodingThatIsWantedMostThenTheSmallest) {
  const auto coding = [this](const std::string& accept) {
    return Of(Ask("/assets/app.9f2c0a1b.js", {{"accept-encoding", accept}}), "content-encoding");
  };
  EXPECT_EQ(coding("gzip, deflate, br, zstd"), "br");
  EXPECT_EQ(coding("gzip"), "gzip");
  EXPECT_EQ(coding("gzip, br;q=0.5"), "gzip");
  EXPECT_EQ(coding("identity"), "-");
  EXPECT_EQ(coding("br;q=0"), "-");
  EXPECT_EQ(coding("*"), "br");
  EXPECT_EQ(Of(Ask("/assets/app.9f2c0a1b.js"), "content-encoding"), "-");
}

TEST_F(RespondTest, ADeltaNeedsItsDictionary) {
  const auto coding = [this](const std::string& dictionary) {
    return Of(Ask("/assets/app.9f2c0a1b.js",
                  {{"accept-encoding", "gzip, br, dcz"}, {"available-dictionary", dictionary}}),
              "content-encoding");
  };
  EXPECT_EQ(coding(":" + ToBase64(Sha256("old").raw()) + ":"), "dcz");
  EXPECT_EQ(coding(":" + ToBase64(Sha256("unknown").raw()) + ":"), "br");
  EXPECT_EQ(coding("nonsense"), "br");
}

TEST_F(RespondTest, EveryCodingHasTheSameVaryAndAnEtagOfItsOwn) {
  const Answer plain = Ask("/assets/app.9f2c0a1b.js");
  const Answer coded = Ask("/assets/app.9f2c0a1b.js", {{"accept-encoding", "br"}});
  EXPECT_EQ(Of(plain, "vary"), "Accept-Encoding, Available-Dictionary");
  EXPECT_EQ(Of(coded, "vary"), Of(plain, "vary"));
  EXPECT_NE(Of(coded, "etag"), Of(plain, "etag"));
  EXPECT_EQ(Of(coded, "repr-digest"), "sha-256=:" + ToBase64(Sha256("br").raw()) + ":");
  EXPECT_EQ(coded.body->size, 300u);
}

TEST_F(RespondTest, ChoosesAvifBeforeWebpOfTheSameWidth) {
  const auto type = [this](const std::string& accept) {
    return Of(Ask("/p.77aa01f2.jpg", {{"accept", accept}}), "content-type");
  };
  EXPECT_EQ(type("image/webp,image/avif,*/*"), "image/avif");
  EXPECT_EQ(type("image/webp,*/*"), "image/webp");
  EXPECT_EQ(type("image/*,*/*"), "image/jpeg");
  EXPECT_EQ(Ask("/p.77aa01f2.jpg", {{"accept", "image/avif"}}).body->sha256, Sha256("avif800"));
  EXPECT_EQ(Of(Ask("/p.77aa01f2.jpg"), "vary"), "Accept");
}

TEST_F(RespondTest, AnImageVariantUnderItsOwnPathIsImmutableAndDoesNotVary) {
  const Answer answer = Ask("/p-400.avif", {{"accept", "*/*"}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(Of(answer, "content-type"), "image/avif");
  EXPECT_EQ(Of(answer, "cache-control"), "public, max-age=31536000, immutable");
  EXPECT_EQ(Of(answer, "vary"), "-");
}

TEST_F(RespondTest, AnswersConditionsOfTheVariantThatWouldBeSent) {
  const std::string etag = Of(Ask("/"), "etag");
  const Answer same = Ask("/", {{"if-none-match", "\"x\", " + etag}});
  EXPECT_EQ(same.status, 304);
  EXPECT_FALSE(same.body.has_value());
  EXPECT_EQ(Of(same, "etag"), etag);
  EXPECT_EQ(Of(same, "cache-control"), "public, max-age=60");
  EXPECT_EQ(Of(same, "content-type"), "-");
  EXPECT_EQ(Ask("/", {{"if-none-match", "\"x\""}}).status, 200);
  EXPECT_EQ(Ask("/", {{"if-modified-since", "Sun, 13 Sep 2020 12:26:40 GMT"}}).status, 304);
  EXPECT_EQ(Ask("/", {{"if-match", "\"x\""}}).status, 412);
}

TEST_F(RespondTest, ANotModifiedTowardsAnEdgeKeepsItsTagsAndLifetime) {
  to_edge_ = true;
  const Answer same = Ask("/", {{"if-none-match", Of(Ask("/"), "etag")}});
  EXPECT_EQ(same.status, 304);
  EXPECT_EQ(Of(same, "cache-tag"), Of(Ask("/"), "cache-tag"));
  EXPECT_EQ(Of(same, "skerry-cache-control"), Of(Ask("/"), "skerry-cache-control"));
}

TEST_F(RespondTest, SendsOneRange) {
  const Answer part = Ask("/", {{"range", "bytes=2-5"}});
  EXPECT_EQ(part.status, 206);
  EXPECT_EQ(Of(part, "content-range"), "bytes 2-5/10");
  EXPECT_EQ(part.body->from, 2u);
  EXPECT_EQ(part.body->count, 4u);
  EXPECT_EQ(Ask("/", {{"range", "bytes=-3"}}).body->from, 7u);
}

TEST_F(RespondTest, SendsTheWholeForSeveralRangesAndForAnotherVersion) {
  EXPECT_EQ(Ask("/", {{"range", "bytes=0-1,3-4"}}).status, 200);
  EXPECT_EQ(Ask("/", {{"range", "bytes=2-5"}, {"if-range", "\"x\""}}).status, 200);
  EXPECT_EQ(Ask("/", {{"range", "bytes=2-5"}, {"if-range", Of(Ask("/"), "etag")}}).status, 206);
  EXPECT_EQ(Ask("/", {{"range", "bytes=2-5"}}, "HEAD").status, 200);
}

TEST_F(RespondTest, ARangeBehindTheEndIs416) {
  const Answer answer = Ask("/", {{"range", "bytes=10-"}});
  EXPECT_EQ(answer.status, 416);
  EXPECT_EQ(Of(answer, "content-range"), "bytes */10");
  EXPECT_EQ(answer.length(), 0u);
}

TEST_F(RespondTest, RedirectsToADirectorysSlash) {
  to_edge_ = true;
  const Answer answer = Ask("/docs?x=1");
  EXPECT_EQ(answer.status, 301);
  EXPECT_EQ(Of(answer, "location"), "/docs/?x=1");
  EXPECT_THAT(Of(answer, "cache-tag"), HasSubstr(cache::SitePathTag("demo", "/docs")));
}

TEST_F(RespondTest, A404WithoutAPageIsAProblem) {
  to_edge_ = true;
  const Answer answer = Ask("/nowhere");
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(Of(answer, "content-type"), "application/problem+json");
  EXPECT_THAT(Of(answer, "cache-tag"), HasSubstr(cache::SiteMissTag("demo")));
  EXPECT_THAT(Of(answer, "skerry-cache-control"), HasSubstr("max-age="));
}

TEST_F(RespondTest, A404PageIsNoRepresentationOfThePath) {
  manifest_.entries.push_back(FileEntry("/404.html", "gone"));
  const Answer answer = Ask("/nowhere", {{"if-none-match", "*"}, {"range", "bytes=0-1"}});
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.body->sha256, Sha256("gone"));
  EXPECT_EQ(answer.body->count, 4u);
  EXPECT_EQ(Of(answer, "etag"), "-");
}

TEST_F(RespondTest, TheFallbackIsA200ThatIsTaggedAsAMiss) {
  manifest_.fallback = "/index.html";
  to_edge_ = true;
  const Answer answer = Ask("/users/42");
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body->sha256, Sha256("0123456789"));
  EXPECT_THAT(Of(answer, "cache-tag"), HasSubstr(cache::SiteMissTag("demo")));
}

TEST_F(RespondTest, BehindTheEdgeNobodyKeepsWhatMayHaveChanged) {
  to_edge_ = true;
  behind_ = true;
  EXPECT_EQ(Of(Ask("/"), "cache-control"), "no-store");
  EXPECT_EQ(Of(Ask("/"), "skerry-cache-control"), "-");
  EXPECT_EQ(Of(Ask("/nowhere"), "cache-control"), "no-store");
  EXPECT_EQ(Of(Ask("/docs"), "cache-control"), "no-store");
  EXPECT_EQ(Of(Ask("/assets/app.9f2c0a1b.js"), "cache-control"),
            "public, max-age=31536000, immutable");
}

TEST_F(RespondTest, APreviewIsKeptByNobodyAndFoundByNoSearchEngine) {
  preview_ = true;
  EXPECT_EQ(Of(Ask("/"), "cache-control"), "private, no-store");
  EXPECT_EQ(Of(Ask("/"), "x-robots-tag"), "noindex");
}

TEST_F(RespondTest, AReleaseThatIsNotHereIs503AndNotKept) {
  uploaded_ = false;
  const Answer answer = Ask("/");
  EXPECT_EQ(answer.status, 503);
  EXPECT_EQ(Of(answer, "cache-control"), "no-store");
  EXPECT_THAT(answer.text, HasSubstr("push it here"));
}

TEST_F(RespondTest, OtherMethodsAreNotAllowed) {
  const Answer answer = Ask("/", {}, "POST");
  EXPECT_EQ(answer.status, 405);
  EXPECT_EQ(Of(answer, "allow"), "GET, HEAD");
}

TEST(DictionaryMatchTest, IsThePathWithItsDigestLeftOpen) {
  const auto match = [](const std::string& path, const std::string& source,
                        const std::string& type = "text/javascript") {
    asset::Entry entry = Hashed(path, "x");
    entry.source = source;
    entry.type = type;
    return DictionaryMatch(entry);
  };
  EXPECT_EQ(match("/assets/app.9f2c0a1b.js", "/assets/app.js"), "/assets/app.*.js");
  EXPECT_EQ(match("/assets/app.jf2c0a1b.js", "/assets/app.js"), "/assets/app.*.js");
  EXPECT_EQ(match("/a.9f2c0a1b.tar.gz", "/a.tar.gz"), "/a.*.tar.gz");
  EXPECT_EQ(match("/app.js", ""), "");
  EXPECT_EQ(match("/a*.9f2c0a1b.js", "/a*.js"), "");
  EXPECT_EQ(match("/a.9f2c0a1b.png", "/a.png", "image/png"), "");
}

}  // namespace
}  // namespace skerry::shield
