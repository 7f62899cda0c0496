#include "edge/config/rules.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "edge/config/rule_harness.h"

namespace skerry::edge {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;

const http::Fields kPage = {{"cache-control", "max-age=60"}, {"content-type", "text/html"}};

bool IsHit(const std::shared_ptr<gateway::FakeStream>& stream) {
  return stream->Field("cache-status").starts_with("skerry-edge; hit");
}

// --- which rule

TEST(ClassifyTest, TheFirstRuleThatMatchesCounts) {
  RuleHarness at(R"([[site.rule]]
match = ["/assets/*"]
name = "assets"
[[site.rule]]
match = ["*.css", "/about"]
)");
  const auto rule = [&](const char* path) { return at.RouteOf(path)->rule; };
  EXPECT_EQ(rule("/assets/a.css"), "assets");
  EXPECT_EQ(rule("/a.css"), "*.css");
  EXPECT_EQ(rule("/about"), "*.css");
  EXPECT_EQ(rule("/"), "none");
}

TEST(ClassifyTest, ARouteKnowsWhereItsRuleIsWritten) {
  RuleHarness at("[[site.rule]]\nmatch = [\"/a\"]\n");
  EXPECT_EQ(at.RouteOf("/a")->place, "edge.toml:5");
  EXPECT_EQ(at.RouteOf("/b")->place, "edge.toml:2");
}

TEST(ClassifyTest, NoSpellingOfAPathReachesAnotherRule) {
  RuleHarness at(R"([[site.rule]]
match = ["/static/*"]
edge_ttl = "1h"
)");
  for (const char* path :
       {"/static/../account", "/static/%2e%2e/account", "/%73tatic/../account"}) {
    const auto stream = at.Ask(path);
    at.Answer(200, {{"content-type", "text/html"}}, "of one user");
    EXPECT_THAT(stream->Field("cache-status"), Not(HasSubstr("stored"))) << path;
  }
  at.Ask("/%73tatic/a");
  at.Answer(200, {}, "file");
  EXPECT_TRUE(IsHit(at.Ask("/static/a")));
}

TEST(ClassifyTest, HostsAreComparedWithoutCaseAndPort) {
  const ReadConfig read(R"(origin = "http://127.0.0.1:9"
[[site]]
name = "shop"
hosts = ["shop.example", "*.shop.example"]
)");
  ASSERT_EQ(read.Problem(), "");
  UpstreamList upstreams;
  const auto classifier = *MakeClassifier(read.options, upstreams);
  const auto site = [&](std::string authority) -> std::string {
    const auto target = cache::NormalizeTarget({"GET", "https", std::move(authority), "/", {}});
    const auto route = classifier->Classify(target->host, target->path);
    return route == nullptr ? "" : route->site;
  };
  EXPECT_EQ(site("SHOP.example:8443"), "shop");
  EXPECT_EQ(site("a.b.shop.example"), "shop");
  EXPECT_EQ(site("example"), "");
  EXPECT_EQ(site("evilshop.example"), "");
}

// --- lifetimes

TEST(RuleTest, ImmutableIsAYearAtTheEdgeAndInBrowsers) {
  RuleHarness at(R"([[site.rule]]
match = ["/assets/*"]
immutable = true
)");
  at.Fill("/assets/a.9f2c0a1b.css", {{"cache-control", "max-age=5"}}, "css");
  at.loop.Advance(24h * 300);
  const auto hit = at.Ask("/assets/a.9f2c0a1b.css");
  EXPECT_TRUE(IsHit(hit));
  EXPECT_EQ(hit->Field("cache-control"), "max-age=31536000, immutable");
  EXPECT_EQ(hit->Field("age"), "");  // or the browser would think it used up
}

TEST(RuleTest, AFencedNodeServesWhatItsRuleCallsImmutableAndItsNameIsAHash) {
  RuleHarness at(R"([[site.rule]]
match = ["/assets/*"]
immutable = true
)");
  at.Fill("/assets/a.9f2c0a1b.css", {}, "css");
  at.fence = cache::Fence::kPartition;
  EXPECT_TRUE(IsHit(at.Ask("/assets/a.9f2c0a1b.css")));
}

TEST(RuleTest, AMissingImmutableFileIsNotMissingForAYear) {
  RuleHarness at(R"([[site.rule]]
match = ["/assets/*"]
immutable = true
)");
  const auto missing = at.Ask("/assets/b.js");
  at.Answer(404, {{"cache-control", "max-age=5"}}, "no");
  EXPECT_EQ(missing->Field("cache-control"), "max-age=5");
  at.loop.Advance(6s);
  EXPECT_FALSE(IsHit(at.Ask("/assets/b.js")));
}

TEST(RuleTest, APageBehindTheNameOfAFileIsNotKeptByARuleForFiles) {
  RuleHarness at(R"([[site.rule]]
match = ["*.css"]
immutable = true
[[site.rule]]
match = ["*.png"]
default_ttl = "1h"
)");
  for (const char* path : {"/account/x.css", "/account/x.png"}) {
    const auto stream = at.Ask(path);
    at.Answer(200, {{"content-type", "text/html"}}, "of one user");
    EXPECT_THAT(stream->Field("cache-status"), Not(HasSubstr("stored"))) << path;
    EXPECT_FALSE(stream->fields.Has("cache-control")) << path;
  }
  at.Fill("/a.css", {{"content-type", "text/css"}}, "css");
  EXPECT_TRUE(IsHit(at.Ask("/a.css")));
  // What the origin itself calls fresh is.
  at.Fill("/b.css", {{"content-type", "text/html"}, {"cache-control", "max-age=60"}}, "page");
  EXPECT_TRUE(IsHit(at.Ask("/b.css")));
}

TEST(RuleTest, HtmlIsShortAtTheEdgeRefreshedBehindAndAskedForByBrowsers) {
  RuleHarness at(R"([[site.rule]]
match = ["*"]
edge_ttl = "10s"
stale_while_revalidate = "1m"
browser_cache = "no-cache"
)");
  at.Fill("/", {{"etag", "\"1\""}, {"expires", "Tue, 14 Nov 2030 22:13:20 GMT"}}, "page");
  at.loop.Advance(15s);
  const auto stale = at.Ask("/");
  EXPECT_TRUE(IsHit(stale));
  EXPECT_EQ(stale->Field("cache-control"), "no-cache");
  EXPECT_EQ(stale->Field("expires"), "");
  EXPECT_EQ(at.asked(), 2u);  // behind it
}

TEST(RuleTest, BrowserAndEdgeLifetimesAreApart) {
  RuleHarness at(R"([[site.rule]]
match = ["*"]
edge_ttl = "1h"
browser_ttl = "1m"
)");
  at.Fill("/a", {{"cache-control", "max-age=5, must-revalidate"}}, "a");
  at.loop.Advance(30min);
  const auto hit = at.Ask("/a");
  EXPECT_TRUE(IsHit(hit));
  EXPECT_EQ(hit->Field("cache-control"), "max-age=60, must-revalidate");
}

TEST(RuleTest, BrowserRulesDoNotUndoWhatTheOriginForbids) {
  RuleHarness at(R"([[site.rule]]
match = ["/ttl"]
browser_ttl = "1h"
[[site.rule]]
match = ["/no-cache"]
browser_cache = "no-cache"
)");
  const auto ttl = at.Ask("/ttl");
  at.Answer(200, {{"cache-control", "no-store"}}, "x");
  EXPECT_EQ(ttl->Field("cache-control"), "no-store");
  const auto no_cache = at.Ask("/no-cache");
  at.Answer(200, {{"cache-control", "no-store"}}, "x");
  EXPECT_EQ(no_cache->Field("cache-control"), "no-store");
  const auto secret = at.Ask("/no-cache");
  at.Answer(200, {{"cache-control", "private, max-age=60"}}, "x");
  EXPECT_EQ(secret->Field("cache-control"), "private, no-cache");
}

// --- errors

constexpr char kErrors[] = R"([[site.rule]]
match = ["*"]
status_ttl = ["404: 2m", "5xx: 30s"]
stale_while_revalidate = "10s"
stale_if_error = "1h"
)";

TEST(StatusTtlTest, A404IsKeptTwoMinutes) {
  RuleHarness at(kErrors);
  at.Ask("/none");
  at.Answer(404, {}, "no");
  at.loop.Advance(119s);
  EXPECT_TRUE(IsHit(at.Ask("/none")));
  at.loop.Advance(20s);
  EXPECT_FALSE(IsHit(at.Ask("/none")));
}

TEST(StatusTtlTest, A500IsKeptThirtySecondsAndNotBeyondThatByStaleWindows) {
  RuleHarness at(kErrors);
  at.Ask("/down");
  at.Answer(500, {}, "down");
  at.loop.Advance(29s);
  const auto hit = at.Ask("/down");
  EXPECT_EQ(hit->status, 500);
  EXPECT_TRUE(IsHit(hit));
  at.loop.Advance(2s);
  const auto again = at.Ask("/down");
  EXPECT_FALSE(again->answered);
  at.Answer(200, kPage, "up");
  EXPECT_EQ(again->body, "up");
}

TEST(StatusTtlTest, A500NeverTakesThePlaceOfAUsableStaleAnswer) {
  RuleHarness at(kErrors);
  at.Fill("/", kPage, "page");
  at.loop.Advance(90s);
  const auto first = at.Ask("/");
  at.Answer(500, {}, "down");
  EXPECT_EQ(first->status, 200);
  const auto second = at.Ask("/");
  EXPECT_FALSE(second->answered);  // the error was not kept either
  at.Answer(500, {}, "down");
  EXPECT_EQ(second->body, "page");
}

TEST(StatusTtlTest, A500OfOneVariantDoesNotHideAnother) {
  RuleHarness at(kErrors);
  http::Fields varied = kPage;
  varied.Add("vary", "accept-language");
  at.Ask("/", {{"accept-language", "de"}});
  at.Answer(200, varied, "deutsch");
  at.loop.Advance(1s);
  const auto french = at.Ask("/", {{"accept-language", "fr"}});
  at.Answer(500, {}, "down");
  EXPECT_EQ(french->status, 500);
  const auto german = at.Ask("/", {{"accept-language", "de"}});
  EXPECT_EQ(german->body, "deutsch");
}

TEST(StatusTtlTest, WhatForbidsStoringForbidsItForErrorsToo) {
  RuleHarness at(kErrors);
  at.Ask("/a");
  at.Answer(404, {{"cache-control", "private"}}, "no");
  EXPECT_FALSE(at.Ask("/a")->answered);
}

// --- past the cache

TEST(BypassTest, ARuleSendsItsPathsPastTheCache) {
  RuleHarness at(R"([[site.rule]]
match = ["/account/*"]
bypass = true
browser_cache = "no-store"
)");
  const auto first = at.Ask("/account/a", {{"cookie", "session=1"}});
  EXPECT_TRUE(at.Sent().Has("cookie"));
  at.Answer(200, kPage, "mine");
  EXPECT_EQ(first->Field("cache-control"), "no-store");
  const auto second = at.Ask("/account/a", {{"cookie", "session=2"}});
  EXPECT_FALSE(second->answered);
}

constexpr char kBypassOn[] = R"([[site.rule]]
match = ["*"]
bypass_on = ["X-Preview: yes", "X-Api-Key"]
bypass_on_cookies = ["session"]
)";

TEST(BypassTest, AFieldOrACookieSendsARequestPastTheCache) {
  RuleHarness at(kBypassOn);
  at.Fill("/", kPage, "for all");
  for (const http::Field& field : {http::Field{"x-preview", "yes"}, http::Field{"x-api-key", "k"},
                                   http::Field{"cookie", "a=1; session=2"}}) {
    const auto own = at.Ask("/", {field});
    EXPECT_TRUE(at.Sent().Has(field.name));
    at.Answer(200, kPage, "for one");
    EXPECT_EQ(own->body, "for one") << field.name;
    EXPECT_THAT(own->Field("cache-status"), HasSubstr("fwd=bypass"));
  }
  EXPECT_EQ(at.Ask("/")->body, "for all");
  EXPECT_EQ(at.Ask("/", {{"x-preview", "no"}, {"cookie", "a=1"}})->body, "for all");
}

TEST(BypassTest, CachesBehindUsAreToldWhatDecides) {
  RuleHarness at(kBypassOn);
  at.Fill("/", kPage, "for all");
  EXPECT_EQ(at.Ask("/")->Field("vary"), "x-preview, x-api-key, cookie");
  EXPECT_THAT(at.Ask("/", {{"cookie", "session=1"}})->Field("cache-status"), Not(HasSubstr("hit")));
}

// --- queries

TEST(QueryTest, AnEmptyListOfParametersIgnoresTheQuery) {
  RuleHarness at("[[site.rule]]\nmatch = [\"*\"]\nquery_allow = []\n");
  at.Fill("/a?x=1", kPage, "a");
  EXPECT_EQ(at.origin->asked.back()->request.path, "/a");
  EXPECT_TRUE(IsHit(at.Ask("/a?y=2")));
  EXPECT_TRUE(IsHit(at.Ask("/a")));
}

TEST(QueryTest, OnlyNamedParametersCountAndReachTheOrigin) {
  RuleHarness at(
      "[[site.rule]]\nmatch = [\"*\"]\nquery_allow = [\"page\", \"f_*\"]\nsort_query = true\n");
  at.Fill("/a?utm_source=x&page=2&f_size=m", kPage, "a");
  EXPECT_EQ(at.origin->asked.back()->request.path, "/a?f_size=m&page=2");
  EXPECT_TRUE(IsHit(at.Ask("/a?page=2&f_size=m&fbclid=7")));
  EXPECT_FALSE(IsHit(at.Ask("/a?page=3&f_size=m")));
}

TEST(QueryTest, IgnoredParametersDoNotCount) {
  RuleHarness at("[[site.rule]]\nmatch = [\"*\"]\nquery_deny = [\"utm_*\", \"fbclid\"]\n");
  at.Fill("/a?page=2&utm_source=x", kPage, "a");
  EXPECT_TRUE(IsHit(at.Ask("/a?fbclid=1&page=2")));
  EXPECT_FALSE(IsHit(at.Ask("/a?page=2&other=1")));
}

// --- redirects

TEST(RedirectRuleTest, IsAnsweredHereWithEachStatus) {
  for (const int status : {301, 302, 307, 308}) {
    RuleHarness at(
        "[[site.rule]]\nmatch = [\"/old/*\"]\nredirect.to = \"/new/$1\"\nredirect.status = " +
        std::to_string(status) + "\n");
    const auto stream = at.Ask("/old/a?b=c");
    EXPECT_EQ(stream->status, status);
    EXPECT_EQ(stream->Field("location"), "https://example.com/new/a?b=c");
    EXPECT_EQ(stream->Field("cache-status"), "skerry-edge; detail=redirect");
    EXPECT_TRUE(stream->ended);
    EXPECT_EQ(at.asked(), 0u);
  }
}

TEST(RedirectRuleTest, DropsTheQueryWhereTheRuleSaysSo) {
  RuleHarness at(
      "[[site.rule]]\nmatch = [\"/a\"]\nredirect.to = \"https://b.example/\"\nredirect.query = "
      "\"drop\"\n");
  EXPECT_EQ(at.Ask("/a?x=1")->Field("location"), "https://b.example/");
}

TEST(RedirectRuleTest, APermanentOneCanBeTakenBack) {
  RuleHarness at(R"([[site.rule]]
match = ["/ever"]
redirect.to = "/x"
[[site.rule]]
match = ["/now"]
redirect.to = "/x"
redirect.status = 302
[[site.rule]]
match = ["/long"]
redirect.to = "/x"
browser_ttl = "30d"
)");
  EXPECT_EQ(at.Ask("/ever")->Field("cache-control"), "max-age=3600");
  EXPECT_EQ(at.Ask("/now")->Field("cache-control"), "no-cache");
  EXPECT_EQ(at.Ask("/long")->Field("cache-control"), "max-age=2592000");
}

TEST(RedirectRuleTest, HttpGoesToHttpsButForTheProofOfACertificate) {
  RuleHarness at("https_redirect = true\nsecurity.preset = \"basic\"\n");
  at.scheme = "http";
  const auto redirected = at.Ask("/a?b");
  EXPECT_EQ(redirected->status, 308);
  EXPECT_EQ(redirected->Field("location"), "https://example.com/a?b");
  EXPECT_FALSE(redirected->fields.Has("strict-transport-security"));
  EXPECT_FALSE(at.Ask("/.well-known/acme-challenge/t")->answered);
  at.scheme = "https";
  EXPECT_FALSE(at.Ask("/a?b")->answered);
}

// --- fields

TEST(FieldsRuleTest, FieldsAreSetAndRemovedBothWays) {
  RuleHarness at(R"([[site.rule]]
match = ["*"]
set_fields = ["X-Served-For: all"]
remove_fields = ["Server", "X-Powered-By"]
request_set_fields = ["X-Env: production"]
request_remove_fields = ["Accept-Language"]
)");
  const auto stream = at.Ask("/", {{"x-env", "mine"}, {"accept-language", "de"}});
  EXPECT_EQ(at.Sent().Find("x-env"), "production");
  EXPECT_FALSE(at.Sent().Has("accept-language"));
  http::Fields fields = kPage;
  fields.Add("server", "app/1.0");
  at.Answer(200, fields, "page");
  EXPECT_EQ(stream->Field("x-served-for"), "all");
  EXPECT_EQ(stream->Field("server"), "");
  const auto post = at.Ask("/", {{"x-env", "mine"}}, "POST");
  EXPECT_EQ(at.Sent().Combined("x-env"), "production");
}

TEST(FieldsRuleTest, OurOwnErrorsCarryTheFieldsToo) {
  RuleHarness at(
      "security.preset = \"strict\"\n[[site.rule]]\nmatch = [\"*\"]\nset_fields = [\"X-A: b\"]\n");
  const auto stream = at.Ask("/");
  at.Fail({Code::kRefused, Side::kUpstream, false, "refused"});
  EXPECT_EQ(stream->status, 502);
  EXPECT_EQ(stream->Field("x-a"), "b");
  EXPECT_EQ(stream->Field("x-content-type-options"), "nosniff");
  EXPECT_EQ(stream->Field("cache-control"), "no-store");
}

TEST(SecurityTest, APresetFillsInWhatTheOriginDoesNotSay) {
  RuleHarness at("security.preset = \"strict\"\n");
  http::Fields fields = kPage;
  fields.Add("content-security-policy", "default-src 'none'");
  at.Fill("/", fields, "page");
  const auto hit = at.Ask("/");
  EXPECT_EQ(hit->Field("content-security-policy"), "default-src 'none'");
  EXPECT_EQ(hit->Field("strict-transport-security"), "max-age=63072000; includeSubDomains");
  EXPECT_EQ(hit->Field("x-frame-options"), "DENY");
  EXPECT_EQ(hit->Field("x-content-type-options"), "nosniff");
  EXPECT_EQ(hit->Field("referrer-policy"), "same-origin");
}

TEST(SecurityTest, SingleFieldsOverrideThePresetRuleBeforeSite) {
  RuleHarness at(R"(security.preset = "basic"
security.hsts = "max-age=300"
security.referrer = "no-referrer"
[[site.rule]]
match = ["/embed/*"]
security.preset = "strict"
security.frame = "off"
security.referrer = "origin"
)");
  const auto embed = at.Ask("/embed/a");
  at.Answer(200, kPage, "e");
  EXPECT_EQ(embed->Field("x-frame-options"), "");
  EXPECT_EQ(embed->Field("referrer-policy"), "origin");
  EXPECT_EQ(embed->Field("strict-transport-security"), "max-age=300");
  EXPECT_THAT(embed->Field("content-security-policy"), HasSubstr("default-src 'self'"));
  const auto page = at.Ask("/");
  at.Answer(200, kPage, "p");
  EXPECT_EQ(page->Field("referrer-policy"), "no-referrer");
  EXPECT_EQ(page->Field("x-frame-options"), "SAMEORIGIN");
}

TEST(SecurityTest, WithoutConfigurationNothingIsAdded) {
  RuleHarness at("[[site.rule]]\nmatch = [\"*\"]\n");
  at.Fill("/", kPage, "page");
  const auto hit = at.Ask("/");
  EXPECT_FALSE(hit->fields.Has("strict-transport-security"));
  EXPECT_FALSE(hit->fields.Has("vary"));
}

// --- mistakes

std::string ProblemOf(const std::string& rules) { return ReadConfig(SiteWith(rules)).Problem(); }

TEST(CheckRulesTest, NameTheLineAndTheNearestKey) {
  EXPECT_THAT(ProblemOf("[[site.rule]]\nmatch = [\"/a\"]\nege_ttl = \"1h\"\n"),
              HasSubstr("edge.toml:7:1: unknown key \"ege_ttl\"; did you mean \"edge_ttl\"?"));
  EXPECT_THAT(ProblemOf("[[site.rule]]\nmatch = [\"/a\"]\nbrowser_cache = \"nocache\"\n"),
              HasSubstr("edge.toml:7:17: browser_cache: "));
  EXPECT_THAT(ProblemOf("security.preset = \"strct\"\n"), HasSubstr("strict"));
  EXPECT_THAT(ProblemOf("security.prset = \"strict\"\n"), HasSubstr("security.preset"));
}

TEST(CheckRulesTest, RefuseHostsThatNoRequestCanHave) {
  const auto problem_of = [](const std::string& host) {
    return ReadConfig("origin = \"http://127.0.0.1:9\"\n[[site]]\nname = \"a\"\nhosts = [\"" +
                      host + "\"]\n")
        .Problem();
  };
  for (const char* good : {"a.example", "*.a.example", "*", "localhost", "192.0.2.1",
                           "[2001:db8::1]", "_dmarc.A-1.example"}) {
    EXPECT_EQ(problem_of(good), "") << good;
  }
  for (const char* bad :
       {"http://a.example/", "a.example:8443", "a b", "*.a.*", "a.*", "a.example.", ".a.example",
        "a..example", "b\u00fccher.example", "*.", "[::1]:80", "[a"}) {
    EXPECT_THAT(problem_of(bad), HasSubstr("edge.toml:4:9: hosts: ")) << bad;
  }
}

TEST(CheckRulesTest, RefuseAHostThatTwoSitesName) {
  const std::string two =
      "origin = \"http://127.0.0.1:9\"\n[[site]]\nname = \"a\"\nhosts = [\"x.example\"]\n"
      "[[site]]\nname = \"b\"\nhosts = [\"y.example\", \"X.example\"]\n";
  EXPECT_THAT(ReadConfig(two).Problem(),
              HasSubstr("edge.toml:7:9: hosts: \"X.example\" is a host of site \"a\" already, "
                        "at edge.toml:4"));
}

TEST(CheckRulesTest, RefuseTwoSitesOfOneName) {
  const std::string two =
      "origin = \"http://127.0.0.1:9\"\n[[site]]\nname = \"shop\"\nhosts = [\"x.example\"]\n"
      "[[site]]\nname = \"shop\"\nhosts = [\"y.example\"]\n";
  EXPECT_EQ(ReadConfig(two).Problem(),
            "edge.toml:6:8: name: \"shop\" is the name of the site at edge.toml:2 already");
}

TEST(CheckRulesTest, RefuseARuleThatIsNeverReached) {
  EXPECT_THAT(
      ProblemOf("[[site.rule]]\nmatch = [\"/a/*\", \"*.css\"]\n"
                "[[site.rule]]\nmatch = [\"/a/b/*\", \"/x.css\"]\n"),
      HasSubstr("edge.toml:8:9: match: never reached, the rule at edge.toml:5 comes first"));
  EXPECT_EQ(ProblemOf("[[site.rule]]\nmatch = [\"/a/*\"]\n"
                      "[[site.rule]]\nmatch = [\"/a/b\", \"/c\"]\n"),
            "");
}

TEST(CheckRulesTest, RefusePathsThatCannotMatch) {
  EXPECT_THAT(ProblemOf("[[site.rule]]\nmatch = [\"assets/*\"]\n"),
              HasSubstr("a path begins with \"/\" or \"*\""));
  EXPECT_THAT(ProblemOf("[[site.rule]]\nmatch = []\n"), HasSubstr("name at least one path"));
}

TEST(CheckRulesTest, RefuseRedirectsThatLeadNowhere) {
  const std::string rule = "[[site.rule]]\nmatch = [\"/old/*\"]\n";
  EXPECT_THAT(ProblemOf(rule + "redirect.to = \"/new/$2\"\n"), HasSubstr("redirect.to: $2 needs"));
  EXPECT_THAT(ProblemOf(rule + "redirect.to = \"/old/new/$1\"\n"), HasSubstr("round in a ring"));
  EXPECT_THAT(ProblemOf(rule + "redirect.to = \"/x\"\nredirect.status = 303\n"),
              HasSubstr("expected 301, 302, 307 or 308"));
  EXPECT_THAT(ProblemOf(rule + "redirect.query = \"drop\"\n"),
              HasSubstr("there is no redirect.to"));
}

TEST(CheckRulesTest, RefuseFieldsThatAreNotARulesToChange) {
  const std::string rule = "[[site.rule]]\nmatch = [\"*\"]\n";
  EXPECT_THAT(ProblemOf(rule + "set_fields = [\"Content-Length: 1\"]\n"),
              HasSubstr("not a rule's to change"));
  EXPECT_THAT(ProblemOf(rule + "set_fields = [\"no colon\"]\n"), HasSubstr("\"Name: value\""));
  EXPECT_THAT(ProblemOf(rule + "bypass_on = [\"\"]\n"), HasSubstr("bypass_on"));
  EXPECT_THAT(ProblemOf(rule + "status_ttl = [\"200: 1m\"]\n"), HasSubstr("300 to 599"));
  EXPECT_THAT(ProblemOf(rule + "status_ttl = [\"404: 2\"]\n"), HasSubstr("status_ttl"));
}

}  // namespace
}  // namespace skerry::edge
