#include "edge/replay/dry_run.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

namespace skerry::edge {
namespace {

using testing::HasSubstr;
using testing::Not;

ReplayLog TwoUrls() {
  ReplayLog log;
  log.urls = {{}, {"https", "a.example", "/a"}, {"https", "a.example", "/b"}};
  log.lines.resize(3);
  return log;
}

Outcome Made(std::string name, uint64_t hits_a, uint64_t hits_b) {
  Outcome outcome;
  outcome.name = std::move(name);
  outcome.urls.resize(3);
  outcome.urls[1].requests = 2000;
  outcome.urls[1].hits = hits_a;
  outcome.urls[2].requests = 10;
  outcome.urls[2].hits = hits_b;
  for (const Tally& tally : outcome.urls) outcome.all.Add(tally);
  return outcome;
}

TEST(DryRunTextTest, BothSidesTheirDifferenceAndTheUrlsThatChangeMostAreShown) {
  const std::string text =
      DryRunText(TwoUrls(), {Made("old.toml", 1000, 5), Made("new.toml", 1990, 6)});
  EXPECT_THAT(text, HasSubstr("old.toml  new.toml"));
  EXPECT_THAT(text, HasSubstr("1,005"));
  EXPECT_THAT(text, HasSubstr("+991"));
  EXPECT_THAT(text, HasSubstr("50.00 %"));
  EXPECT_LT(text.find("https://a.example/a"), text.find("https://a.example/b"));
}

TEST(DryRunTextTest, NothingChangesSaysSo) {
  const std::string text = DryRunText(TwoUrls(), {Made("a", 1, 1), Made("b", 1, 1)});
  EXPECT_THAT(text, HasSubstr("No URL behaves differently."));
}

TEST(DryRunTextTest, BadLinesAndWhatIsAssumedAreSaid) {
  ReplayLog log = TwoUrls();
  log.bad_lines = 7;
  log.problems = {{3, "not a JSON object"}};
  log.without_answer = 2;
  const std::string text = DryRunText(log, {Made("as logged", 1, 1), Made("b", 1, 1)});
  EXPECT_THAT(text, HasSubstr("7 lines cannot be used:\n  line 3: not a JSON object\n"));
  EXPECT_THAT(text, HasSubstr("2 lines do not say what the origin answered"));
  EXPECT_THAT(text, HasSubstr("refreshes behind stale answers"));
  EXPECT_THAT(text, Not(HasSubstr("combined format")));
}

TEST(DryRunJsonTest, TheSameForMachines) {
  const auto json =
      nlohmann::json::parse(DryRunJson(TwoUrls(), {Made("a", 1, 1), Made("b", 2, 1)}));
  EXPECT_EQ(json["requests"], 3);
  EXPECT_EQ(json["outcomes"][1]["hits"], 3);
  ASSERT_EQ(json["changed"].size(), 1u);
  EXPECT_EQ(json["changed"][0]["url"], "https://a.example/a");
}

}  // namespace
}  // namespace skerry::edge
