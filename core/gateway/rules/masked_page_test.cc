#include "core/gateway/rules/masked_page.h"

#include <gtest/gtest.h>

namespace skerry::gateway {
namespace {

bool Masked(std::string_view path, std::string type, int status = 200) {
  return IsMaskedPage(path, {status, {{"content-type", std::move(type)}}});
}

TEST(MaskedPageTest, IsHtmlBehindTheNameOfAFile) {
  EXPECT_TRUE(Masked("/account/x.css", "text/html; charset=utf-8"));
  EXPECT_TRUE(Masked("/account;x.PNG?y", "Text/HTML"));
  EXPECT_TRUE(Masked("/account%2Fx.woff2", "application/xhtml+xml"));
}

// "/api/me/x.css", which an API routes to "/api/me".
TEST(MaskedPageTest, IsJsonBehindTheNameOfAFileThatIsNoJson) {
  EXPECT_TRUE(Masked("/api/me/x.css", "application/json"));
  EXPECT_TRUE(Masked("/api/me/x.js", "application/hal+json; charset=utf-8"));
  EXPECT_TRUE(Masked("/api/me/x.png", "application/problem+json", 200));
  EXPECT_FALSE(Masked("/data.json", "application/json"));
  EXPECT_FALSE(Masked("/app.js.map", "application/json"));
  EXPECT_FALSE(Masked("/api/me", "application/json"));
}

TEST(MaskedPageTest, IsNoFileThatIsWhatItsNameSaysAndNoPage) {
  EXPECT_FALSE(Masked("/a.css", "text/css"));
  EXPECT_FALSE(Masked("/a.html", "text/html"));
  EXPECT_FALSE(Masked("/account", "text/html"));
  EXPECT_FALSE(Masked("/v1.2/users", "text/html"));
}

TEST(MaskedPageTest, IsNoErrorPage) { EXPECT_FALSE(Masked("/a.css", "text/html", 404)); }

TEST(MaskedPageTest, OnlyTheOriginsOwnLifetimeIsLeft) {
  cache::Policy policy;
  policy.edge_ttl = policy.default_ttl = policy.browser_ttl = policy.swr = Seconds(60);
  policy.immutable = true;
  const cache::Policy left = PolicyOfMaskedPage(policy);
  EXPECT_FALSE(left.edge_ttl || left.default_ttl || left.browser_ttl || left.swr);
  EXPECT_FALSE(left.immutable || left.heuristics);
}

}  // namespace
}  // namespace skerry::gateway
