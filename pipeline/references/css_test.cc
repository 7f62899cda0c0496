#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/references/css_tokens.h"
#include "pipeline/references/reference.h"

namespace skerry::pipeline {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

std::vector<std::string> Urls(std::string_view css) {
  std::vector<std::string> urls;
  for (const Reference& reference : CssReferences(css)) urls.push_back(reference.url);
  return urls;
}

TEST(CssReferencesTest, FindsUrlsInEveryQuoting) {
  EXPECT_THAT(Urls("a{background:url(a.png) , url( 'b c.png' ),URL(\"d.png\")}"),
              ElementsAre("a.png", "b c.png", "d.png"));
  EXPECT_THAT(Urls("a{background:url(  x.png  )}"), ElementsAre("x.png"));
  EXPECT_THAT(Urls("a{b:src(\"x.png\")}"), ElementsAre("x.png"));
}

TEST(CssReferencesTest, OffsetsNameTheUrlInTheSource) {
  const std::string_view css = "a{b:url( \"x.png\" )}@import 'y.css' screen;u{v:url(z\\).png)}";
  std::vector<std::string> raw;
  for (const Reference& r : CssReferences(css)) raw.emplace_back(css.substr(r.offset, r.length));
  EXPECT_THAT(raw, ElementsAre("x.png", "y.css", "z\\).png"));
}

TEST(CssReferencesTest, FindsImportsInBothForms) {
  EXPECT_THAT(Urls("@charset \"utf-8\";@import \"a.css\";@IMPORT url(b.css) layer(x);"),
              ElementsAre("a.css", "b.css"));
}

TEST(CssReferencesTest, FindsImageSetStringsButNotTheirTypes) {
  EXPECT_THAT(Urls("a{b:image-set(\"x.avif\" type(\"image/avif\") 1x, url(y.png) 2x)}"),
              ElementsAre("x.avif", "y.png"));
}

TEST(CssReferencesTest, OtherStringsCommentsAndNamespacesAreNoReferences) {
  EXPECT_THAT(Urls("/* url(a.png) */ a{content:\"url(b.png)\"} @namespace url(http://x/);"
                   "@namespace svg \"http://y/\"; @font-face{src:local(\"c\") format(\"woff2\")}"),
              IsEmpty());
  EXPECT_THAT(Urls("a{width:2url(x.png)}"), IsEmpty());
}

TEST(CssReferencesTest, EscapesAreUndone) {
  EXPECT_THAT(Urls("a{b:u\\72l(c\\20 d.png)}"), ElementsAre("c d.png"));
  EXPECT_THAT(Urls("a{b:url(\"a\\\nb\\\"c\\e9 .png\")}"), ElementsAre("ab\"cé.png"));
}

TEST(CssReferencesTest, BadStringsAndUrlsAreSkippedAndReadingGoesOn) {
  EXPECT_THAT(Urls("a{b:'x\n}c{d:url(a b.png)}e{f:url(good.png)}"), ElementsAre("good.png"));
}

TEST(CssReferencesTest, TheSourceMapIsAMentionOfAFile) {
  const auto found = CssReferences("a{}\n/*# sourceMappingURL=a.css.map */");
  ASSERT_EQ(found.size(), 1u);
  EXPECT_EQ(found[0].url, "a.css.map");
  EXPECT_EQ(found[0].use, Use::kMention);
  EXPECT_THAT(Urls("/*# sourceMappingURL=data:application/json;base64,e30= */"), IsEmpty());
}

TEST(CssTokensTest, EveryByteBelongsToAToken) {
  const std::string_view css = "@a #b .c{d:-1.5e+3px;e:\"f\\\"g\" url(h) <!-- --> \\}/*i";
  CssTokens tokens(css);
  size_t last = 0;
  for (CssToken token = tokens.Next(); token.kind != CssTokenKind::kEnd; token = tokens.Next()) {
    EXPECT_GE(token.begin, last);
    last = token.end;
  }
  EXPECT_EQ(last, css.size());
}

}  // namespace
}  // namespace skerry::pipeline
