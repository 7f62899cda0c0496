#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/references/html_depth.h"
#include "pipeline/references/reference.h"
#include "pipeline/references/rewrite.h"

namespace skerry::pipeline {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

std::vector<std::string> Urls(const Document& document, Use use) {
  std::vector<std::string> urls;
  for (const Fragment& fragment : document.fragments) {
    for (const Reference& reference : fragment.references) {
      if (reference.use == use) urls.push_back(reference.url);
    }
  }
  return urls;
}
std::vector<std::string> Loads(std::string_view html) { return Urls(ReadHtml(html), Use::kLoad); }

// Renames every reference by putting "new-" in front.
std::string Renamed(std::string_view file, const Document& document) {
  return Apply(file, RenameEdits(file, document, [](const Reference& reference) {
                 return std::optional("new-" + reference.url);
               }));
}

TEST(ReadHtmlTest, FindsWhatAPageLoads) {
  EXPECT_THAT(Loads("<link rel=stylesheet href=a.css><script src='b.js'></script>"
                    "<img src=\"c.png\" srcset='d.png 1x, e.png 2x'><video poster=f.jpg src=g.mp4>"
                    "<track src=h.vtt></video><object data=i.svg></object>"
                    "<link rel='modulepreload' href=j.js><input type=image src=k.png>"
                    "<svg><use href='l.svg#x'/><image xlink:href=m.png /></svg>"
                    "<link rel=preload as=image imagesrcset='n.png 100w'>"),
              ElementsAre("a.css", "b.js", "c.png", "d.png", "e.png", "f.jpg", "g.mp4", "h.vtt",
                          "i.svg", "j.js", "k.png", "l.svg#x", "m.png", "n.png"));
}

TEST(ReadHtmlTest, LinksToPagesAreNavigation) {
  const Document document =
      ReadHtml("<a href=/about>x</a><link rel=canonical href=/c><iframe src=/f></iframe>");
  EXPECT_THAT(Urls(document, Use::kNavigate), ElementsAre("/about", "/c", "/f"));
  EXPECT_THAT(Urls(document, Use::kLoad), IsEmpty());
}

TEST(ReadHtmlTest, SharedPicturesAreMentions) {
  EXPECT_THAT(Urls(ReadHtml("<meta property=og:image content=/og.png>"), Use::kMention),
              ElementsAre("/og.png"));
}

TEST(ReadHtmlTest, ReadsStylesInElementsAndAttributes) {
  EXPECT_THAT(Loads("<style>a{b:url(x.png)}</style><p style='background:url(&quot;y.png&quot;)'>"
                    "<template><img src=z.png></template>"),
              ElementsAre("x.png", "y.png", "z.png"));
}

TEST(ReadHtmlTest, ScriptsAndUnknownAttributesAreKeptForMentions) {
  const Document document = ReadHtml("<script>load('a.png')</script><div data-src=b.png></div>");
  EXPECT_THAT(document.scripts, Contains(HasSubstr("a.png")));
  EXPECT_THAT(document.values, Contains("b.png"));
  EXPECT_THAT(document.fragments, IsEmpty());
}

TEST(ReadHtmlTest, CommentsAndTextAreNothing) {
  const Document document = ReadHtml("<!-- <img src=a.png> --><p>see b.png</p>");
  EXPECT_THAT(document.fragments, IsEmpty());
  EXPECT_THAT(document.values, IsEmpty());
}

TEST(ReadHtmlTest, ReadsSvgDocuments) {
  EXPECT_THAT(Loads("<?xml version=\"1.0\"?><svg xmlns=\"http://www.w3.org/2000/svg\">"
                    "<style><![CDATA[ a{fill:url(x.svg#a)} ]]></style>"
                    "<image href=\"y.png\"/><rect fill=\"url(#g)\"/></svg>"),
              ElementsAre("x.svg#a", "y.png", "#g"));
}

TEST(ReadHtmlTest, FindsPaintServersAndPathsInOtherDrawings) {
  EXPECT_THAT(Loads("<svg><linearGradient href='a.svg#x'/><radialGradient xlink:href='b.svg#x'/>"
                    "<pattern href='c.svg#x'/><animateMotion><mpath href='d.svg#x'/>"
                    "</animateMotion></svg><table><tr background=e.png></table>"),
              ElementsAre("a.svg#x", "b.svg#x", "c.svg#x", "d.svg#x", "e.png"));
}

TEST(ReadHtmlTest, StyleSheetsOfXmlAreMentions) {
  const std::string svg =
      "<?xml version='1.0'?>\n<?xml-stylesheet type=\"text/css\" href = 'a.css'?>\n<svg/>";
  const Document document = ReadHtml(svg);
  EXPECT_THAT(Urls(document, Use::kMention), ElementsAre("a.css"));
  EXPECT_EQ(Renamed(svg, document).find("href = 'new-a.css'?>"), svg.find("href = 'a.css'?>"));
  for (const char* broken : {"<?xml-stylesheet href='a.css>", "<?xml-stylesheet href=a.css?>",
                             "<?xml-stylesheet href", "<?xml-stylesheet ?>", "<?xml href='a'?>"}) {
    EXPECT_THAT(ReadHtml(broken).fragments, IsEmpty()) << broken;
  }
}

TEST(ReadHtmlTest, KnowsTheBaseTheDigestsAndTheImages) {
  const Document document = ReadHtml(
      "<base href=/b/><script src=a.js integrity=sha256-x></script>"
      "<picture><img src=p.jpg></picture><img data-skerry-picture sizes=50vw src=q.jpg>");
  EXPECT_EQ(document.base, "/b/");
  ASSERT_EQ(document.integrities.size(), 1u);
  EXPECT_EQ(document.integrities[0].url, "a.js");
  ASSERT_EQ(document.images.size(), 2u);
  EXPECT_TRUE(document.images[0].in_picture);
  EXPECT_TRUE(document.images[1].wants_picture);
  EXPECT_EQ(document.images[1].sizes, "50vw");
}

TEST(ReadHtmlTest, PreloadsAreWhatTheHeadNeeds) {
  const Document document = ReadHtml(
      "<link rel=stylesheet href=a.css><link rel=stylesheet media=print href=p.css>"
      "<link rel=preload as=font crossorigin href=f.woff2><script type=module src=m.js></script>"
      "<link rel=preload href=broken>");
  ASSERT_EQ(document.preloads.size(), 3u);
  EXPECT_EQ(document.preloads[0].as, "style");
  EXPECT_TRUE(document.preloads[1].crossorigin);
  EXPECT_EQ(document.preloads[2].rel, "modulepreload");
}

TEST(ReadHtmlTest, RefusesNestingThatWouldOverflowTheParser) {
  std::string deep;
  for (int i = 0; i < 200'000; ++i) deep += "<div>";
  EXPECT_THAT(ReadHtml(deep).refused, HasSubstr("nest deeper than 5000"));
}

TEST(HtmlDepthTest, UnclosedParagraphsAndVoidElementsDoNotCount) {
  std::string flat;
  for (int i = 0; i < 10'000; ++i) flat += "<p>a<br><img src=x><script>'<b><i>'</script><i>b</i>";
  EXPECT_LE(HtmlDepthBound(flat), 3u);
}

TEST(RewriteTest, ChangesReferencesAndNothingElse) {
  const std::string html =
      "<!doctype html>\r\n<IMG  SRC=a.png  alt='&eacute;' >\n"
      "<img srcset=\"b.png 1x,\tc.png 2x\"><p style=\"color:url( d )\">\xff";
  const std::string expected =
      "<!doctype html>\r\n<IMG  SRC=new-a.png  alt='&eacute;' >\n"
      "<img srcset=\"new-b.png 1x,\tnew-c.png 2x\"><p style=\"color:url( new-d )\">\xff";
  EXPECT_EQ(Renamed(html, ReadHtml(html)), expected);
}

TEST(RewriteTest, ValuesWithCharacterReferencesAreEscapedAgain) {
  const std::string html = "<a href='x?a=1&amp;b=2'></a><p style='b:url(&quot;c d.png&quot;)'>";
  EXPECT_EQ(Renamed(html, ReadHtml(html)),
            "<a href='new-x?a=1&amp;b=2'></a><p style='b:url(&quot;new-c d.png&quot;)'>");
}

TEST(RewriteTest, CssQuotingIsKept) {
  const std::string css = "a{b:url(c\\ d)}e{f:url('g\\'h')}";
  EXPECT_EQ(Renamed(css, ReadCss(css)), "a{b:url(new-c\\ d)}e{f:url('new-g\\'h')}");
}

TEST(RewriteTest, FileNamesAreExchangedInPlace) {
  EXPECT_EQ(WithFileName("../img/a%20b.png?x#y", 16, "/img/a b.12345678.png"),
            "../img/a%20b.12345678.png?x#y");
  EXPECT_EQ(WithFileName("a.png", 5, "/deep/it's,(a).png"), "it%27s%2C%28a%29.png");
}

TEST(WebManifestTest, IconsAreReferences) {
  const std::string json =
      R"({"name":"src","start_url":"/","icons":[{"src":"\/i\/a.png"},{"src" : "b.png"}]})";
  const Document document = ReadWebManifest(json);
  EXPECT_THAT(Urls(document, Use::kLoad), ElementsAre("/i/a.png", "b.png"));
  EXPECT_THAT(Renamed(json, document), HasSubstr(R"("src" : "new-b.png")"));
}

TEST(ScriptTest, OnlyTheSourceMapAtTheEndIsAReference) {
  const Document document =
      ReadScript("x='//# sourceMappingURL=no.map';\n//# sourceMappingURL=a.js.map\n");
  EXPECT_THAT(Urls(document, Use::kMention), ElementsAre("a.js.map"));
  EXPECT_THAT(document.scripts[0], HasSubstr("no.map"));
  EXPECT_THAT(document.scripts[0], testing::Not(HasSubstr("a.js.map")));
}

}  // namespace
}  // namespace skerry::pipeline
