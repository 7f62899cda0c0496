// Rules that add to the key: country, device, tier, chosen fields.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "edge/config/country_sample.h"
#include "edge/config/rule_harness.h"

namespace skerry::edge {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;

const http::Fields kPage = {{"cache-control", "max-age=60"}};

bool IsHit(const std::shared_ptr<gateway::FakeStream>& stream) {
  return stream->Field("cache-status").starts_with("skerry-edge; hit");
}

std::string Database() {
  CountrySample sample;
  sample.AddIpv4(0xC0000200, 24, "DE");  // 192.0.2.0/24
  sample.AddIpv4(0xC6336400, 24, "FR");  // 198.51.100.0/24
  const std::string path = testing::TempDir() + "/key_rules.mmdb";
  std::ofstream(path, std::ios::binary) << sample.Bytes();
  return "country_database = \"" + path + "\"\n";
}

TEST(CountryKeyTest, EachCountryHasItsOwnAnswerAndTheOriginIsToldWhich) {
  RuleHarness at("[[site.rule]]\nmatch = [\"*\"]\nkey.country = true\n", Database());
  at.Ask("/", {{"x-country", "US"}});
  EXPECT_EQ(at.Sent().Combined("x-country"), "DE");
  at.Answer(200, kPage, "deutsch");
  at.peer = {"198.51.100.9", 4};
  const auto french = at.Ask("/");
  EXPECT_FALSE(french->answered);
  EXPECT_EQ(at.Sent().Find("x-country"), "FR");
  at.Answer(200, kPage, "français");
  at.peer = {"203.0.113.1", 4};
  at.Ask("/");
  EXPECT_EQ(at.Sent().Find("x-country"), "ZZ");
  at.peer = {"192.0.2.200", 4};
  EXPECT_EQ(at.Ask("/")->body, "deutsch");
}

TEST(CountryKeyTest, NoClientTellsTheSitesOriginACountry) {
  RuleHarness at(R"([[site.rule]]
match = ["/prices"]
key.country = true
[[site.rule]]
match = ["/plain"]
bypass = true
)",
                 Database());
  for (const char* path : {"/plain", "/other"}) {
    at.Ask(path, {{"x-country", "US"}, {"authorization", "x"}});
    EXPECT_FALSE(at.Sent().Has("x-country")) << path;
  }
  at.Ask("/prices", {{"x-country", "US"}}, "POST");
  EXPECT_EQ(at.Sent().Combined("x-country"), "DE");
}

TEST(CountryKeyTest, AnOriginMayVaryOnWhatItIsTold) {
  RuleHarness at("[[site.rule]]\nmatch = [\"*\"]\nkey.country = true\n", Database());
  http::Fields page = kPage;
  page.Add("vary", "x-country");
  at.Fill("/", page, "deutsch");
  EXPECT_TRUE(IsHit(at.Ask("/", {{"x-country", "US"}})));
}

TEST(DeviceKeyTest, EachClassHasItsOwnAnswerWhateverTheOriginsVarySays) {
  RuleHarness at("[[site.rule]]\nmatch = [\"*\"]\nkey.device = true\n");
  http::Fields page = kPage;
  page.Add("vary", "User-Agent");
  const auto first = at.Ask("/", {{"user-agent", "iPhone one"}});
  EXPECT_EQ(at.Sent().Find("x-device"), "mobile");
  EXPECT_FALSE(at.Sent().Has("user-agent"));
  at.Answer(200, page, "small");
  const auto hit = at.Ask("/", {{"user-agent", "iPhone two"}});
  EXPECT_EQ(hit->body, "small");
  EXPECT_THAT(hit->Field("vary"), HasSubstr("user-agent, sec-ch-ua-mobile"));
  const auto desktop = at.Ask("/", {{"user-agent", "X11"}});
  EXPECT_EQ(at.Sent().Find("x-device"), "desktop");
  at.Answer(200, page, "large");
  EXPECT_EQ(desktop->body, "large");
}

TEST(DeviceKeyTest, TheOriginIsToldUnderAnotherNameOrNotAtAll) {
  RuleHarness named(
      "[[site.rule]]\nmatch = [\"*\"]\nkey.device = true\nkey.device_as = \"X-Class\"\n");
  named.Ask("/");
  EXPECT_EQ(named.Sent().Find("x-class"), "desktop");
  RuleHarness silent("[[site.rule]]\nmatch = [\"*\"]\nkey.device = true\nkey.device_as = \"\"\n");
  silent.Ask("/");
  EXPECT_TRUE(silent.Sent().empty());
}

TEST(TierKeyTest, HostileValuesMakeNoKeys) {
  RuleHarness at(R"([[site.rule]]
match = ["*"]
key.tier_cookie = "plan"
key.tier_values = ["gold", "silver"]
)");
  for (int i = 0; i < 300; ++i) {
    const auto stream = at.Ask("/", {{"cookie", "plan=x" + std::to_string(i)}});
    if (!stream->answered) {
      EXPECT_EQ(at.Sent().Find("x-tier"), "default");
      at.Answer(200, kPage, "plain");
    }
    EXPECT_EQ(stream->body, "plain");
  }
  EXPECT_EQ(at.asked(), 1u);
  const auto gold = at.Ask("/", {{"cookie", "plan=gold"}});
  EXPECT_EQ(at.Sent().Find("x-tier"), "gold");
  at.Answer(200, kPage, "shiny");
  EXPECT_EQ(gold->body, "shiny");
  EXPECT_EQ(gold->Field("vary"), "cookie");
}

TEST(FieldKeyTest, ChosenFieldsReachTheOriginAndAreKeptApart) {
  RuleHarness at(
      "[[site.rule]]\nmatch = [\"*\"]\nkey.fields = [\"X-Tenant\", \"Save-Data: on\"]\n");
  at.Ask("/", {{"x-tenant", "a"}, {"save-data", "sometimes"}});
  EXPECT_EQ(at.Sent(), (http::Fields{{"x-tenant", "a"}}));
  at.Answer(200, kPage, "a's");
  EXPECT_EQ(at.Ask("/", {{"x-tenant", "a"}})->body, "a's");
  EXPECT_FALSE(at.Ask("/", {{"x-tenant", "b"}})->answered);
  EXPECT_FALSE(at.Ask("/", {{"x-tenant", "a"}, {"save-data", "on"}})->answered);
  EXPECT_FALSE(at.Ask("/")->answered);
}

TEST(FieldKeyTest, APurgeOfTheUrlTakesEveryKeyOfIt) {
  RuleHarness at("[[site.rule]]\nmatch = [\"*\"]\nkey.fields = [\"X-Tenant\"]\n");
  for (const char* tenant : {"a", "b"}) {
    at.Ask("/", {{"x-tenant", tenant}});
    at.Answer(200, kPage, tenant);
  }
  cache::Selectors selectors;
  selectors.urls = {"https://example.com/"};
  at.Purge(selectors);
  for (const char* tenant : {"a", "b"}) EXPECT_FALSE(at.Ask("/", {{"x-tenant", tenant}})->answered);
}

std::string ProblemOf(const std::string& rule) {
  return ReadConfig(SiteWith("[[site.rule]]\nmatch = [\"*\"]\n" + rule)).Problem();
}

TEST(CheckKeyTest, RefusesWhatCannotWork) {
  EXPECT_THAT(ProblemOf("key.country = true\n"),
              HasSubstr("edge.toml:7:15: key.country: there is no country_database"));
  EXPECT_THAT(ProblemOf("key.tier_cookie = \"plan\"\n"), HasSubstr("name at least one tier"));
  EXPECT_THAT(ProblemOf("key.tier_values = [\"a\"]\n"), HasSubstr("there is no key.tier_cookie"));
  EXPECT_THAT(ProblemOf("key.device_as = \"X-D\"\n"), HasSubstr("there is no key.device"));
  EXPECT_THAT(ProblemOf("key.device = true\nkey.device_as = \"Host\"\n"),
              HasSubstr("not a rule's"));
  EXPECT_THAT(ProblemOf("key.fields = [\"Cookie\"]\n"), HasSubstr("key.fields: not cookie"));
  EXPECT_THAT(ProblemOf("key.fields = [\"A: |\"]\n"), HasSubstr("value|value"));
  EXPECT_THAT(ProblemOf("key.contry = true\n"), HasSubstr("did you mean \"key.country\"?"));
}

TEST(CheckKeyTest, AMissingDatabaseIsFoundBeforeTheStart) {
  const ReadConfig read("country_database = \"/nowhere.mmdb\"\n" + SiteWith(""));
  EXPECT_THAT(read.Problem(), HasSubstr("edge.toml:1:20: country_database: /nowhere.mmdb"));
}

TEST(CheckKeyTest, AShieldBelievesAKeyOnlyWithAToken) {
  const std::string shield = "shield = \"http://127.0.0.1:8\"\n";
  const std::string rules = SiteWith("[[site.rule]]\nmatch = [\"*\"]\nkey.device = true\n");
  EXPECT_THAT(ReadConfig(shield + rules).Problem(), HasSubstr("need purge_token_file"));
  EXPECT_EQ(ReadConfig(shield + "purge_token_file = \"/t\"\n" + rules).Problem(), "");
}

}  // namespace
}  // namespace skerry::edge
