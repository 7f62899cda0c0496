#include "pipeline/references/resolve.h"

#include <gtest/gtest.h>

namespace skerry::pipeline {
namespace {

std::string Path(std::string_view url, std::string_view document = "/a/b.html",
                 std::string_view base = "", std::string_view origin = "") {
  const Resolved resolved = Resolve(document, base, origin, url);
  switch (resolved.where) {
    case Where::kElsewhere: return "elsewhere";
    case Where::kMalformed: return "malformed";
    case Where::kSite: return resolved.path;
  }
  return "";
}

TEST(ResolveTest, RelativeReferencesStartAtTheDocument) {
  EXPECT_EQ(Path("c.png"), "/a/c.png");
  EXPECT_EQ(Path("../c.png"), "/c.png");
  EXPECT_EQ(Path("/c.png"), "/c.png");
  EXPECT_EQ(Path("./"), "/a/index.html");
  EXPECT_EQ(Path("c%20d.png", "/ü/b.html"), "/ü/c d.png");
}

TEST(ResolveTest, OtherOriginsAndSchemesAreElsewhere) {
  for (const char* url : {"https://cdn.example/x.js", "//cdn.example/x.js", "data:image/png,x",
                          "mailto:a@b", "#part", "?q", "", "javascript:void 0"}) {
    EXPECT_EQ(Path(url), "elsewhere") << url;
  }
}

TEST(ResolveTest, TheSitesOwnOriginIsTheSite) {
  EXPECT_EQ(Path("https://me.example/x.png", "/a", "", "https://me.example"), "/x.png");
  EXPECT_EQ(Path("//me.example/x.png", "/a", "", "https://me.example"), "/x.png");
  EXPECT_EQ(Path("https://me.example.org/x.png", "/a", "", "https://me.example"), "elsewhere");
}

TEST(ResolveTest, TheBaseElementMovesRelativeReferences) {
  EXPECT_EQ(Path("c.png", "/a/b.html", "/other/page"), "/other/c.png");
  EXPECT_EQ(Path("c.png", "/a/b.html", "sub/"), "/a/sub/c.png");
  EXPECT_EQ(Path("c.png", "/a/b.html", "https://cdn.example/"), "elsewhere");
}

TEST(ResolveTest, QueryAndFragmentAreNoPartOfThePath) {
  const Resolved resolved = Resolve("/a.css", "", "", "f.eot?#iefix");
  EXPECT_EQ(resolved.path, "/f.eot");
  EXPECT_EQ(resolved.path_length, 5u);
}

TEST(ResolveTest, HostileEncodingIsMalformed) {
  EXPECT_EQ(Path("a%2fb"), "malformed");
  EXPECT_EQ(Path("%zz"), "malformed");
}

}  // namespace
}  // namespace skerry::pipeline
