#include "pipeline/steps/fingerprint.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/asset/media_type.h"

namespace skerry::pipeline {
namespace {

using asset::CacheClass;
using testing::AllOf;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::MatchesRegex;
using testing::Not;

using Files = std::map<std::string, std::string>;

Site SiteOf(const Files& files) {
  Site site;
  for (const auto& [path, bytes] : files) {
    site.index[path] = static_cast<int>(site.files.size());
    site.files.push_back({path, "site" + path, bytes.size(), Sha256(bytes),
                          std::string(asset::MediaTypeOf(path)), bytes});
  }
  return site;
}

class FingerprintTest : public testing::Test {
 protected:
  FingerprintTest() : config_(*ParseConfig("skerry.toml", "")) {}

  // Fingerprints the files; afterwards Now(path) is where a file went.
  void Run(const Files& files, const Pictures& pictures = {}) {
    site_ = SiteOf(files);
    auto done = Fingerprint(site_, pictures, config_);
    ASSERT_TRUE(done.has_value()) << done.error().context;
    result_ = *std::move(done);
  }
  std::string Fault(const Files& files) {
    site_ = SiteOf(files);
    const auto done = Fingerprint(site_, {}, config_);
    EXPECT_FALSE(done.has_value());
    return done ? "" : done.error().context;
  }
  const Output& Of(const std::string& path) {
    for (const Output& output : result_.outputs) {
      if (site_.files[output.file].path == path && !output.second_name) return output;
    }
    ADD_FAILURE() << "no output for " << path;
    return result_.outputs.front();
  }
  std::string Now(const std::string& path) { return Of(path).path; }
  std::string Text(const std::string& path) {
    const Output& output = Of(path);
    return output.rewritten ? output.text : site_.files[output.file].loaded;
  }
  bool Serves(const std::string& path) {
    for (const Output& output : result_.outputs) {
      if (output.path == path) return true;
    }
    return false;
  }

  Config config_;
  Site site_;
  Fingerprinted result_;
};

TEST_F(FingerprintTest, NamesHoldTheDigestOfTheBytesThatAreServed) {
  Run({{"/index.html", "<link rel=stylesheet href=a.css>"},
       {"/a.css", "a{b:url(i.png)}"},
       {"/i.png", "png"}});
  const Output& css = Of("/a.css");
  EXPECT_EQ(css.path, "/a." + Sha256(css.text).Hex().substr(0, 8) + ".css");
  EXPECT_EQ(css.sha256, Sha256(css.text));
  EXPECT_EQ(css.source, "/a.css");
  EXPECT_EQ(css.cache, CacheClass::kImmutable);
  EXPECT_EQ(css.text, "a{b:url(" + Now("/i.png").substr(1) + ")}");
  EXPECT_EQ(Text("/index.html"), "<link rel=stylesheet href=" + css.path.substr(1) + ">");
}

TEST_F(FingerprintTest, AChangeDeepDownChangesEveryNameAboveIt) {
  const Files before = {{"/index.html", "<link rel=stylesheet href=a.css>"},
                        {"/a.css", "@import 'b.css';"},
                        {"/b.css", "a{b:url(i.png)}"},
                        {"/i.png", "png"}};
  Run(before);
  const std::string old_name = Now("/a.css");
  Files after = before;
  after["/i.png"] = "PNG";
  Run(after);
  EXPECT_NE(Now("/a.css"), old_name);
}

TEST_F(FingerprintTest, PagesAndUnreferencedFilesKeepTheirNames) {
  Run({{"/index.html", "<a href=about.html>x</a>"},
       {"/about.html", ""},
       {"/robots.txt", "User-agent: *"}});
  EXPECT_EQ(Now("/about.html"), "/about.html");
  EXPECT_EQ(Of("/about.html").cache, CacheClass::kPage);
  EXPECT_EQ(Now("/robots.txt"), "/robots.txt");
  EXPECT_EQ(Of("/robots.txt").cache, CacheClass::kAsset);
}

TEST_F(FingerprintTest, NamesHashedByABundlerStayAndAreImmutable) {
  Run({{"/index.html",
        "<script src=/assets/index-C4x_9aQe.js></script>"
        "<link rel=modulepreload href=/assets/vendor-DiwrgTda.js>"},
       {"/assets/index-C4x_9aQe.js", "import './vendor-DiwrgTda.js'"},
       {"/assets/vendor-DiwrgTda.js", ""}});
  EXPECT_EQ(Now("/assets/index-C4x_9aQe.js"), "/assets/index-C4x_9aQe.js");
  EXPECT_EQ(Of("/assets/index-C4x_9aQe.js").cache, CacheClass::kImmutable);
  EXPECT_EQ(Of("/assets/vendor-DiwrgTda.js").cache, CacheClass::kImmutable);
}

TEST_F(FingerprintTest, FilesThatABundlerHashedKeepTheirBytesWhateverTheyReferTo) {
  const std::string css = "a{b:url(/mark.svg)}c{d:url(/only.png)}";
  Run({{"/index.html", "<link rel=stylesheet href=/assets/m-C4x_9aQe.css><img src=mark.svg>"},
       {"/assets/m-C4x_9aQe.css", css},
       {"/mark.svg", "<svg/>"},
       {"/only.png", "png"}});
  EXPECT_EQ(Text("/assets/m-C4x_9aQe.css"), css);
  EXPECT_NE(Now("/mark.svg"), "/mark.svg");
  EXPECT_TRUE(Serves("/mark.svg"));
  EXPECT_EQ(Now("/only.png"), "/only.png");
}

TEST_F(FingerprintTest, AnUnsureHashAloneIsRenamed) {
  Run({{"/index.html", "<img src=site-homePage.png>"}, {"/site-homePage.png", "x"}});
  EXPECT_THAT(Now("/site-homePage.png"), MatchesRegex("/site-homePage\\.[0-9a-f]{8}\\.png"));
}

TEST_F(FingerprintTest, MembersOfACycleShareItsDigest) {
  const Files files = {{"/index.html", "<link rel=stylesheet href=a.css>"},
                       {"/a.css", "@import 'b.css';x{}"},
                       {"/b.css", "@import 'a.css';y{}"}};
  Run(files);
  const std::string hash = Now("/a.css").substr(3, 8);
  EXPECT_EQ(Now("/b.css").substr(3, 8), hash);
  EXPECT_EQ(Text("/a.css"), "@import 'b." + hash + ".css';x{}");
  EXPECT_EQ(Text("/b.css"), "@import 'a." + hash + ".css';y{}");
  Files changed = files;
  changed["/b.css"] += "z{}";
  Run(changed);
  EXPECT_NE(Now("/a.css").substr(3, 8), hash);
}

TEST_F(FingerprintTest, AFileThatRefersToItselfIsACycleOfOne) {
  Run({{"/index.html", "<img src=a.svg>"}, {"/a.svg", "<svg><use href='a.svg#x'/></svg>"}});
  EXPECT_EQ(Text("/a.svg"), "<svg><use href='" + Now("/a.svg").substr(1) + "#x'/></svg>");
}

TEST_F(FingerprintTest, AMissingFileIsAnErrorWithFileAndLine) {
  EXPECT_THAT(
      Fault({{"/index.html", "<p>\n<p>\n<img src=gone.png>"}}),
      HasSubstr("site/index.html:3: \"gone.png\" leads to /gone.png, which is not in the site"));
  EXPECT_THAT(Fault({{"/c/a.css", "a{}\nb{c:url(../gone.woff)}"}}), HasSubstr("site/c/a.css:2:"));
  EXPECT_THAT(Fault({{"/index.html", "<img src=a%2fb.png>"}}), HasSubstr("cannot name a file"));
}

TEST_F(FingerprintTest, AFileThatDiffersInCaseAloneIsNamed) {
  EXPECT_THAT(Fault({{"/index.html", "<img src=Photo.JPG>"}, {"/photo.jpg", "x"}}),
              HasSubstr("not in the site; /photo.jpg is, and case counts in URLs"));
}

TEST_F(FingerprintTest, MissingFilesCanBeAllowed) {
  config_.allow_missing = {"fonts/**"};
  Run({{"/a.css", "a{b:url(fonts/x.eot)}"}});
  EXPECT_EQ(Text("/a.css"), "a{b:url(fonts/x.eot)}");
}

TEST_F(FingerprintTest, ALinkToAMissingPageIsANoteOnly) {
  Run({{"/index.html", "<a href=/gone>x</a><a href=/there>y</a>"}, {"/there/index.html", ""}});
  ASSERT_EQ(result_.warnings.size(), 1u);
  EXPECT_THAT(result_.warnings[0], HasSubstr("/gone"));
}

TEST_F(FingerprintTest, FilesThatScriptsMentionStayUnderTheirOldNameToo) {
  Run({{"/index.html", "<img src=a.png><script>new Image().src='a.png'</script>"},
       {"/a.png", "png"}});
  EXPECT_NE(Now("/a.png"), "/a.png");
  EXPECT_TRUE(Serves("/a.png"));
}

TEST_F(FingerprintTest, ScriptsThatScriptsMentionKeepTheirNameOnly) {
  Run({{"/index.html", "<script type=module src=a.js></script><script src=b.js></script>"},
       {"/a.js", "new Worker('./b.js')"},
       {"/b.js", ""}});
  EXPECT_EQ(Now("/b.js"), "/b.js");
  EXPECT_EQ(Of("/b.js").cache, CacheClass::kAsset);
  EXPECT_THAT(Now("/a.js"), MatchesRegex("/a\\.[0-9a-f]{8}\\.js"));
}

TEST_F(FingerprintTest, ModulesAndWhatTheyNameByUrlsAreRenamed) {
  Run({{"/index.html", "<script type=module>import './js/a.js'</script>"},
       {"/js/a.js",
        "import b from './b.js'\nconst c = () => import('../c.js')\n"
        "const d = new URL('d.svg', import.meta.url)"},
       {"/js/b.js", "export { default } from '/c.js'"},
       {"/js/d.svg", "<svg/>"},
       {"/c.js", "export default 1"}});
  for (const std::string path : {"/js/a.js", "/js/b.js", "/js/d.svg", "/c.js"}) {
    EXPECT_NE(Now(path), path);
    EXPECT_FALSE(Serves(path)) << "a module under two names is two modules";
  }
  EXPECT_EQ(Text("/index.html"), "<script type=module>import '." + Now("/js/a.js") + "'</script>");
  EXPECT_EQ(Text("/js/a.js"), "import b from './" + Now("/js/b.js").substr(4) +
                                  "'\nconst c = () => import('.." + Now("/c.js") +
                                  "')\nconst d = new URL('" + Now("/js/d.svg").substr(4) +
                                  "', import.meta.url)");
  EXPECT_EQ(Text("/js/b.js"), "export { default } from '" + Now("/c.js") + "'");
}

TEST_F(FingerprintTest, AModuleThatAnotherScriptNamesInItsOwnWayKeepsItsName) {
  Run({{"/index.html", "<script type=module src=a.js></script>"},
       {"/a.js", "import './b.js'; import './c.js'"},
       {"/c.js", "new Worker('b.js')"},
       {"/b.js", ""}});
  EXPECT_EQ(Now("/b.js"), "/b.js");
  EXPECT_THAT(Text("/a.js"), HasSubstr("import './b.js'; import '." + Now("/c.js")));
}

TEST_F(FingerprintTest, ModulesThatABundlersChunkImportsKeepTheirName) {
  Run({{"/index.html", "<link rel=modulepreload href=b.js><script src=index-C4x_9aQe.js></script>"},
       {"/index-C4x_9aQe.js", "import './b.js'"},
       {"/b.js", ""}});
  EXPECT_EQ(Now("/b.js"), "/b.js");
  EXPECT_EQ(Now("/index-C4x_9aQe.js"), "/index-C4x_9aQe.js");
}

TEST_F(FingerprintTest, AnImportThatIsMissingIsAnErrorWhereAPageLoadsTheModule) {
  const Files files{{"/index.html", "<script type=module src=a.js></script>"},
                    {"/a.js", "import './b.js'"},
                    {"/b.js", "\nimport './gone.js'; import('./later.js')"}};
  EXPECT_THAT(Fault(files), AllOf(HasSubstr("site/b.js:2: \"./gone.js\" leads to /gone.js"),
                                  Not(HasSubstr("later"))));
  Run({{"/index.html", ""}, {"/node.mjs", "import './gone.js'"}});
}

TEST_F(FingerprintTest, ScriptsThatDataMentionsAreServedUnderBothNames) {
  Run({{"/index.html", "<script src=a.js></script>"}, {"/a.js", ""}, {"/list.json", "[\"a.js\"]"}});
  EXPECT_NE(Now("/a.js"), "/a.js");
  EXPECT_TRUE(Serves("/a.js"));
}

TEST_F(FingerprintTest, TheFaviconIsAlsoThereForThoseWhoGuess) {
  Run({{"/index.html", "<link rel=icon href=/favicon.ico>"}, {"/favicon.ico", "ico"}});
  EXPECT_NE(Now("/favicon.ico"), "/favicon.ico");
  EXPECT_TRUE(Serves("/favicon.ico"));
}

TEST_F(FingerprintTest, ServiceWorkersKeepTheirNameAndAreRevalidated) {
  Run({{"/index.html", "<script>navigator.serviceWorker.register(\"/worker.js\")</script>"},
       {"/worker.js", ""}});
  EXPECT_EQ(Now("/worker.js"), "/worker.js");
  EXPECT_EQ(Of("/worker.js").cache, CacheClass::kRevalidate);
}

TEST_F(FingerprintTest, ServiceWorkersNamedByUrlKeepTheirNameToo) {
  Run({{"/index.html", "<script type=module src=a.js></script>"},
       {"/a.js", "navigator.serviceWorker.register(new URL('./worker.js', import.meta.url))"},
       {"/worker.js", ""}});
  EXPECT_EQ(Now("/worker.js"), "/worker.js");
  EXPECT_EQ(Of("/worker.js").cache, CacheClass::kRevalidate);
}

TEST_F(FingerprintTest, WebManifestsKeepTheirNameAndTheirIconsDoNot) {
  Run({{"/index.html", "<link rel=manifest href=app.webmanifest>"},
       {"/app.webmanifest", R"({"icons":[{"src":"i.png"}]})"},
       {"/i.png", "png"}});
  EXPECT_EQ(Now("/app.webmanifest"), "/app.webmanifest");
  EXPECT_THAT(Text("/app.webmanifest"), HasSubstr(Now("/i.png").substr(1)));
}

TEST_F(FingerprintTest, ConfiguredNamesAreKept) {
  config_.keep_names = {"downloads/**"};
  Run({{"/index.html", "<a href=downloads/x.zip>x</a>"}, {"/downloads/x.zip", "zip"}});
  EXPECT_EQ(Now("/downloads/x.zip"), "/downloads/x.zip");
}

TEST_F(FingerprintTest, IntegrityFollowsARewrittenFile) {
  Run({{"/index.html",
        "<link rel=stylesheet href=a.css integrity=sha384-old>"
        "<script src=b.js integrity=sha384-same></script>"},
       {"/a.css", "a{b:url(i.png)}"},
       {"/b.js", "1"},
       {"/i.png", "png"}});
  const std::string page = Text("/index.html");
  EXPECT_THAT(page, HasSubstr("integrity=sha256-" + ToBase64(Of("/a.css").sha256.raw())));
  EXPECT_THAT(page, HasSubstr("integrity=sha384-same"));
}

TEST_F(FingerprintTest, SourceMapsAreRenamedAndTheCommentFollows) {
  Run({{"/index.html", "<script src=a.js></script>"},
       {"/a.js", "x\n//# sourceMappingURL=a.js.map"},
       {"/a.js.map", "{}"}});
  EXPECT_THAT(Now("/a.js.map"), MatchesRegex("/a\\.[0-9a-f]{8}\\.js\\.map"));
  EXPECT_THAT(Text("/a.js"), HasSubstr("sourceMappingURL=" + Now("/a.js.map").substr(1)));
}

TEST_F(FingerprintTest, ANameThatIsTakenGetsMoreDigits) {
  const std::string taken = "/a." + Sha256("png").Hex().substr(0, 8) + ".png";
  Run({{"/index.html", "<img src=a.png>"}, {"/a.png", "png"}, {taken, "other"}});
  EXPECT_EQ(Now("/a.png"), "/a." + Sha256("png").Hex().substr(0, 16) + ".png");
}

TEST_F(FingerprintTest, AbsoluteUrlsOfTheSiteAreRewrittenWhenItsOriginIsKnown) {
  config_.url = "https://me.example";
  Run({{"/index.html", "<meta property=og:image content=https://me.example/a.png>"},
       {"/a.png", "png"}});
  EXPECT_THAT(Text("/index.html"), HasSubstr("content=https://me.example" + Now("/a.png")));
}

TEST_F(FingerprintTest, PagesListWhatTheirHeadNeeds) {
  Run({{"/index.html",
        "<link rel=stylesheet href=a.css><script type=module src=b.js></script>"
        "<link rel=preconnect href=https://api.example crossorigin>"},
       {"/a.css", "a{}"},
       {"/b.js", ""}});
  EXPECT_THAT(Of("/index.html").links,
              ElementsAre("<" + Now("/a.css") + ">; rel=preload; as=style",
                          "<" + Now("/b.js") + ">; rel=modulepreload",
                          "<https://api.example>; rel=preconnect; crossorigin"));
}

TEST_F(FingerprintTest, PicturesAreOfferedWhereAskedForAndNowhereElse) {
  const Files files = {
      {"/index.html", "<img src=a.jpg data-skerry-picture sizes=50vw><img src=a.jpg>"},
      {"/a.jpg", "jpg"}};
  Picture picture{800,
                  600,
                  {{"image/webp", 400, 300, "/a-400.11111111.webp", {}, 1},
                   {"image/avif", 800, 600, "/a-800.22222222.avif", {}, 1},
                   {"image/avif", 400, 300, "/a-400.33333333.avif", {}, 1}}};
  Run(files, {{0, picture}});
  const std::string img = Now("/a.jpg").substr(1);
  EXPECT_EQ(Text("/index.html"),
            "<picture><source type=\"image/avif\" srcset=\"a-400.33333333.avif 400w, "
            "a-800.22222222.avif 800w\" sizes=\"50vw\"><source type=\"image/webp\" "
            "srcset=\"a-400.11111111.webp 400w, " +
                img + " 800w\" sizes=\"50vw\"><img width=\"800\" height=\"600\" src=" + img +
                " data-skerry-picture sizes=50vw></picture><img src=" + img + ">");
  config_.picture = {"*.jpg"};
  Run(files, {{0, picture}});
  EXPECT_THAT(Text("/index.html"), HasSubstr("</picture><picture>"));
}

TEST_F(FingerprintTest, FallbacksAndPlaceholderGoToTheImgItself) {
  Picture picture{800, 600, {{"image/jpeg", 400, 300, "/a-400.44444444.jpg", {}, 1}}};
  picture.placeholder = "data:image/webp;base64,AAAA";
  Run({{"/index.html",
        "<img src=a.jpg data-skerry-picture data-skerry-placeholder height=6>"
        "<img src=a.jpg data-skerry-picture data-skerry-placeholder style=\"color:red\" width=8>"},
       {"/a.jpg", "jpg"}},
      {{0, picture}});
  const std::string srcset = "<img srcset=\"a-400.44444444.jpg 400w, " + Now("/a.jpg").substr(1) +
                             " 800w\" sizes=\"100vw\"";
  EXPECT_THAT(Text("/index.html"),
              HasSubstr(srcset + " style=\"background:url(data:image/webp;base64,AAAA) 0 0/100% "
                                 "100% no-repeat\" src="));
  EXPECT_THAT(Text("/index.html"), HasSubstr(srcset + " src="));
}

// A source whose widths had gaps would make narrow windows load wide files.
TEST_F(FingerprintTest, AWidthThatAFormatLacksIsOfferedInAnother) {
  const Picture picture{800,
                        600,
                        {{"image/avif", 800, 600, "/a-800.22222222.avif", {}, 1},
                         {"image/webp", 400, 300, "/a-400.11111111.webp", {}, 1}}};
  Run({{"/index.html", "<img src=a.jpg data-skerry-picture>"}, {"/a.jpg", "jpg"}}, {{0, picture}});
  EXPECT_THAT(Text("/index.html"), HasSubstr("type=\"image/avif\" srcset=\"a-400.11111111.webp "
                                             "400w, a-800.22222222.avif 800w\""));
}

TEST_F(FingerprintTest, TheBaseOfTheSiteBelongsToEveryPath) {
  config_.base = "/blog/";
  Run({{"/blog/index.html", "<img src=/blog/a.png><img src=/elsewhere.png>"},
       {"/blog/a.png", "x"}});
  EXPECT_THAT(Text("/blog/index.html"), HasSubstr("src=" + Now("/blog/a.png")));
}

}  // namespace
}  // namespace skerry::pipeline
