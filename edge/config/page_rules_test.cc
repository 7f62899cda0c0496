// Rules that show a page in place of an answer that is none.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge/config/rule_harness.h"

namespace skerry::edge {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

const http::Fields kPage = {{"cache-control", "max-age=60"}, {"etag", "\"p\""}};
const http::Fields kNavigation = {{"sec-fetch-mode", "navigate"}};

std::string Path(RuleHarness& at) { return at.origin->asked.back()->request.path; }

constexpr char kSpa[] = R"([[site.rule]]
match = ["/index.html"]
edge_ttl = "10m"
browser_cache = "no-cache"
[[site.rule]]
match = ["*"]
spa_fallback = "/index.html"
status_ttl = ["404: 2m"]
)";

TEST(FallbackTest, ANavigationToNowhereGetsTheStartPage) {
  RuleHarness at(kSpa);
  const auto first = at.Ask("/users/42", kNavigation);
  at.Answer(404, {}, "no");
  EXPECT_FALSE(first->answered);
  EXPECT_EQ(Path(at), "/index.html");
  at.Answer(200, kPage, "<app>");
  EXPECT_EQ(first->status, 200);
  EXPECT_EQ(first->body, "<app>");
  EXPECT_EQ(first->Field("cache-control"), "no-cache");  // of the page's own rule
  EXPECT_EQ(first->Field("vary"), "accept, sec-fetch-mode");
  EXPECT_THAT(first->Field("cache-status"), HasSubstr("detail=fallback"));
  // Both the 404 and the page are kept, under their own keys.
  const auto second = at.Ask("/users/42", kNavigation);
  EXPECT_EQ(second->body, "<app>");
  EXPECT_EQ(at.asked(), 2u);
}

TEST(FallbackTest, MissingFilesAndApiCallsStayMissing) {
  RuleHarness at(kSpa);
  at.Ask("/app.3f2a.js", kNavigation);
  at.Answer(404, {}, "no");
  EXPECT_EQ(at.Ask("/app.3f2a.js", kNavigation)->status, 404);
  at.Ask("/users/42", {{"accept", "application/json"}});
  at.Answer(404, {}, "no");
  const auto api = at.Ask("/users/42", {{"accept", "application/json"}});
  EXPECT_EQ(api->status, 404);
  EXPECT_EQ(api->Field("vary"), "accept, sec-fetch-mode");  // who asks decides
  const auto page = at.Ask("/users/42", kNavigation);
  EXPECT_EQ(Path(at), "/index.html");
}

TEST(FallbackTest, ABrowserThatHasThePageGetsA304) {
  RuleHarness at(kSpa);
  at.Fill("/index.html", kPage, "<app>");
  http::Fields request = kNavigation;
  request.Add("if-none-match", "\"p\"");
  const auto stream = at.Ask("/users/42", request);
  at.Answer(404, {}, "no");
  EXPECT_EQ(stream->status, 304);
}

TEST(FallbackTest, APurgeOfThePageTakesItAwayEverywhere) {
  RuleHarness at(kSpa);
  at.Fill("/index.html", kPage, "<old>");
  at.Ask("/users/42", kNavigation);
  at.Answer(404, {}, "no");
  cache::Selectors selectors;
  selectors.urls = {"https://example.com/index.html"};
  at.Purge(selectors);
  const auto stream = at.Ask("/users/42", kNavigation);
  EXPECT_EQ(Path(at), "/index.html");
  at.Answer(200, kPage, "<new>");
  EXPECT_EQ(stream->body, "<new>");
}

TEST(FallbackTest, AMissingStartPageLeavesThe404AsItCame) {
  RuleHarness at(kSpa);
  const auto stream = at.Ask("/users/42", kNavigation);
  at.Answer(404, {{"x-from", "origin"}}, "no such user");
  at.Answer(404, {}, "no index");
  EXPECT_EQ(stream->status, 404);
  EXPECT_EQ(stream->body, "no such user");
  EXPECT_EQ(stream->Field("x-from"), "origin");
}

constexpr char kErrors[] = R"([[site.rule]]
match = ["*"]
error_pages = ["404: /404.html", "5xx: /sorry.html"]
)";

TEST(ErrorPageTest, HasTheStatusOfTheErrorAndIsNotKeptAtItsUrl) {
  RuleHarness at(kErrors);
  const auto stream = at.Ask("/none", {{"if-none-match", "\"p\""}, {"range", "bytes=0-1"}});
  at.Answer(404, {}, "no");
  EXPECT_EQ(Path(at), "/404.html");
  at.Answer(200, kPage, "not here");
  EXPECT_EQ(stream->status, 404);
  EXPECT_EQ(stream->body, "not here");
  EXPECT_EQ(stream->Field("cache-control"), "no-cache");
  EXPECT_FALSE(stream->fields.Has("etag"));
  EXPECT_FALSE(stream->fields.Has("age"));
  EXPECT_THAT(stream->Field("cache-status"), HasSubstr("detail=error-page"));
  EXPECT_EQ(at.Ask("/404.html")->status, 200);  // the page itself is a page
}

TEST(ErrorPageTest, StandsForOurOwnErrorsToo) {
  RuleHarness at(kErrors);
  at.Fill("/sorry.html", kPage, "sorry");
  const auto stream = at.Ask("/a");
  at.Fail({Code::kRefused, Side::kUpstream, false, "refused"});
  EXPECT_EQ(stream->status, 502);
  EXPECT_EQ(stream->body, "sorry");
  EXPECT_EQ(stream->Field("cache-control"), "no-store");
}

TEST(ErrorPageTest, IfThePageFailsTheErrorIsSentAsItCame) {
  RuleHarness at(kErrors);
  const auto broken = at.Ask("/a");
  at.Answer(500, {{"x-from", "origin"}}, "down");
  at.Fail({Code::kRefused, Side::kUpstream, false, "refused"});
  EXPECT_EQ(broken->status, 500);
  EXPECT_EQ(broken->body, "down");
  const auto gone = at.Ask("/b");
  at.Fail({Code::kTimeout, Side::kUpstream, false, "late"});
  at.Fail({Code::kRefused, Side::kUpstream, false, "refused"});
  EXPECT_EQ(gone->status, 504);
  EXPECT_EQ(gone->Field("content-type"), "application/problem+json");
}

TEST(ErrorPageTest, AStaleAnswerComesBeforeAnErrorPage) {
  RuleHarness at(R"([[site.rule]]
match = ["*"]
error_pages = ["5xx: /sorry.html"]
stale_if_error = "1h"
)");
  at.Fill("/a", {{"cache-control", "max-age=5"}}, "old");
  at.loop.Advance(10s);
  const auto stream = at.Ask("/a");
  at.Answer(500, {}, "down");
  EXPECT_EQ(stream->body, "old");
}

TEST(ErrorPageTest, AHeadIsToldOfThePageWithoutItsBody) {
  RuleHarness at(kErrors);
  const auto stream = at.Ask("/none", {}, "HEAD");
  at.Head(404, {{"content-length", "2"}});
  EXPECT_EQ(Path(at), "/404.html");
  at.Head(200, {{"content-length", "8"}, {"content-type", "text/html"}});
  at.End();
  EXPECT_EQ(stream->status, 404);
  EXPECT_EQ(stream->Field("content-length"), "8");
  EXPECT_EQ(stream->body, "");
}

TEST(ErrorPageTest, IsNotForPosts) {
  RuleHarness at(kErrors);
  const auto post = at.Ask("/a", {}, "POST");
  at.Answer(500, {}, "down");
  EXPECT_EQ(post->body, "down");
}

TEST(ErrorPageTest, IsNoLongerFetchedOnceTheClientHasLeft) {
  RuleHarness at(kErrors);
  const auto left = at.Ask("/b");
  at.Answer(404, {}, "no");
  EXPECT_EQ(Path(at), "/404.html");
  at.Leave(left);
  EXPECT_TRUE(at.origin->asked.back()->cancelled);
  EXPECT_FALSE(left->answered);
}

TEST(CheckPagesTest, RefuseWhatIsNoPath) {
  const std::string rule = "[[site.rule]]\nmatch = [\"*\"]\n";
  EXPECT_THAT(ReadConfig(SiteWith(rule + "spa_fallback = \"index.html\"\n")).Problem(),
              HasSubstr("edge.toml:7:16: spa_fallback: expected \"/path\""));
  EXPECT_THAT(ReadConfig(SiteWith(rule + "error_pages = [\"404 /a\"]\n")).Problem(),
              HasSubstr("\"STATUS: /path\""));
}

}  // namespace
}  // namespace skerry::edge
