#include "core/gateway/rules/substitute.h"

#include <gtest/gtest.h>

namespace skerry::gateway {
namespace {

const http::Fields kNavigation = {{"sec-fetch-mode", "navigate"}, {"accept", "text/html,*/*"}};

Substitutes Spa() {
  Substitutes substitutes;
  substitutes.spa_fallback = "/index.html";
  return substitutes;
}

std::string PageFor(const Substitutes& substitutes, std::string path, int status,
                    http::Fields fields = kNavigation, std::string method = "GET") {
  const auto page = SubstituteFor(
      substitutes, {std::move(method), "https", "example.com", std::move(path), std::move(fields)},
      status);
  return page ? page->path : "";
}

TEST(SubstituteTest, AFallbackIsForNavigationsToWhatNamesNoFile) {
  EXPECT_EQ(PageFor(Spa(), "/users/42?tab=a.b", 404), "/index.html");
  EXPECT_EQ(PageFor(Spa(), "/old.html", 404), "/index.html");
  EXPECT_EQ(PageFor(Spa(), "/app.3f2a.js", 404), "");
  EXPECT_EQ(PageFor(Spa(), "/users/42", 500), "");
  EXPECT_EQ(PageFor(Spa(), "/users/42", 404, kNavigation, "POST"), "");
}

TEST(SubstituteTest, WhoAsksForNoPageGetsNone) {
  EXPECT_EQ(PageFor(Spa(), "/api/users", 404, {{"accept", "application/json"}}), "");
  EXPECT_EQ(PageFor(Spa(), "/api/users", 404, {{"accept", "*/*"}}), "");
  EXPECT_EQ(PageFor(Spa(), "/users", 404, {{"sec-fetch-mode", "cors"}, {"accept", "text/html"}}),
            "");
}

TEST(SubstituteTest, WithoutFetchMetadataAcceptDecides) {
  EXPECT_TRUE(IsNavigation({{"accept", "text/html, */*;q=0.1"}}));
  EXPECT_TRUE(IsNavigation({{"accept", "*/*, TEXT/HTML;q=0.2"}}));
  EXPECT_FALSE(IsNavigation({{"accept", "text/html;q=0, application/json"}}));
  EXPECT_FALSE(IsNavigation({}));
}

TEST(SubstituteTest, TheFirstErrorPageOfTheStatusCounts) {
  Substitutes substitutes;
  substitutes.error_pages = {*ErrorPage::Parse("404: /404.html"),
                             *ErrorPage::Parse("4xx: /4.html")};
  EXPECT_EQ(PageFor(substitutes, "/a.png", 404, {}), "/404.html");
  EXPECT_EQ(PageFor(substitutes, "/a", 410, {}), "/4.html");
  EXPECT_EQ(PageFor(substitutes, "/a", 500, {}), "");
}

TEST(SubstituteTest, AnErrorPageIsAskedForWithoutConditionsAFallbackWithThem) {
  const http::RequestHead request{
      "GET", "https", "example.com", "/a?b", {{"if-none-match", "\"1\""}, {"range", "bytes=0-1"}}};
  const http::RequestHead page = RequestForPage(request, {"/404.html", true});
  EXPECT_EQ(page.path, "/404.html");
  EXPECT_TRUE(page.fields.empty());
  EXPECT_EQ(RequestForPage(request, {"/index.html", false}).fields.size(), 2u);
}

TEST(ErrorPageTest, IsAStatusAndAPath) {
  EXPECT_EQ(ErrorPage::Parse("5xx:/sorry.html")->ToString(), "5xx: /sorry.html");
  for (const char* text : {"404", "404: 404.html", "200: /a", ": /a", "404: /a b"}) {
    EXPECT_FALSE(ErrorPage::Parse(text)) << text;
  }
}

}  // namespace
}  // namespace skerry::gateway
