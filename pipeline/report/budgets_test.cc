#include "pipeline/report/budgets.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace skerry::pipeline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class BudgetsTest : public testing::Test {
 protected:
  BudgetsTest() : config_(*ParseConfig("", "")) {
    Add("/index.html", "text/html", 1000);
    Add("/main.js", "text/javascript", 400'000, 140'000);
    Add("/route.js", "text/javascript", 90'000, 40'000, true);
    Add("/unnamed.js", "text/javascript", 900'000, 800'000);
    Add("/a.css", "text/css", 30'000, 9'000);
    Add("/p.jpg", "image/jpeg", 40'000);
    Add("/f.woff2", "font/woff2", 90'000);
    release_.loads[0] = {1, 4, 5};
    release_.loads[4] = {6};
  }
  void Add(const std::string& path, const std::string& type, ByteCount size, ByteCount gzip = 0,
           bool in_code = false) {
    asset::Entry entry{.path = path, .size = size, .type = type};
    if (gzip > 0) entry.coded = {{asset::Coding::kGzip, std::nullopt, {}, gzip}};
    manifest_.entries.push_back(entry);
    site_.index[path] = static_cast<int>(site_.files.size());
    site_.files.push_back({.path = path, .size = size, .type = type});
    release_.loads.emplace_back();
    release_.in_code.push_back(in_code);
  }
  asset::Entry& At(const std::string& path) { return manifest_.entries[site_.Find(path)]; }
  // "budget path" each.
  std::vector<std::string> Over() {
    std::vector<std::string> over;
    for (const Offender& offender : JudgeBudgets(manifest_, site_, release_, config_)) {
      over.push_back(offender.budget + " " + offender.path);
    }
    return over;
  }

  Config config_;
  asset::Manifest manifest_;
  Site site_;
  Fingerprinted release_;
};

TEST_F(BudgetsTest, AnOrdinarySiteIsWithinTheDefaults) { EXPECT_THAT(Over(), IsEmpty()); }

TEST_F(BudgetsTest, TheDefaultsAreOn) {
  At("/main.js").coded[0].size = 150 * 1024 + 1;
  At("/route.js").coded[0].size = 50 * 1024 + 1;
  At("/p.jpg").size = 50 * 1024 + 1;
  At("/f.woff2").size = 100 * 1024 + 1;
  At("/index.html").size = 1024 * 1024;
  EXPECT_THAT(Over(), ElementsAre("script /main.js", "route /route.js", "image /p.jpg",
                                  "font /f.woff2", "page /index.html"));
  config_.budget_script = config_.budget_route = config_.budget_image = 0;
  config_.budget_font = config_.budget_page = 0;
  EXPECT_THAT(Over(), IsEmpty());
}

TEST_F(BudgetsTest, WhatAPageLoadsItselfIsNoRoute) {
  release_.in_code[1] = true;  // the entry, which a chunk imports back
  EXPECT_THAT(Over(), IsEmpty());
  release_.loads[0] = {4, 5};
  EXPECT_THAT(Over(), ElementsAre("route /main.js"));
}

TEST_F(BudgetsTest, AServiceWorkerIsNoRoute) {
  At("/route.js").coded[0].size = 60'000;
  EXPECT_THAT(Over(), ElementsAre("route /route.js"));
  At("/route.js").cache = asset::CacheClass::kRevalidate;
  EXPECT_THAT(Over(), IsEmpty());
}

TEST_F(BudgetsTest, AFileOfTwoNamesIsNamedOnce) {
  asset::Entry renamed = At("/p.jpg");
  renamed.size = 60'000;
  At("/p.jpg").size = 60'000;
  renamed.path = "/p.12345678.jpg";
  renamed.source = "/p.jpg";
  manifest_.entries.insert(manifest_.entries.begin(), renamed);
  EXPECT_THAT(Over(), ElementsAre("image /p.12345678.jpg"));
}

TEST_F(BudgetsTest, WhatTheServiceWorkerKeepsHasABudget) {
  release_.precached_bytes = 5 * 1024 * 1024 + 1;
  EXPECT_THAT(Over(), ElementsAre("precache /skerry-worker.js"));
}

TEST(OffendersTextTest, SaysHowFarOverAndWhichKeysWouldAllowIt) {
  const std::string text = OffendersText({{"image", "/a.jpg", 300 * 1024 + 1, 50 * 1024},
                                          {"image", "/b.jpg", 60 * 1024, 50 * 1024},
                                          {"font", "/f.woff2", 200 * 1024, 100 * 1024}});
  EXPECT_THAT(text, HasSubstr("/a.jpg        image   50.0 KiB  300.0 KiB  250.0 KiB\n"));
  EXPECT_THAT(text, HasSubstr("The release is built"));
  EXPECT_THAT(text, HasSubstr("    [budgets]\n    image = \"301KiB\"\n    font = \"200KiB\"\n"));
  EXPECT_EQ(OffendersText({}), "");
}

TEST(OffendersTextTest, ThatAllowsThemIsTrue) {
  const Offender offender{"image", "/a.jpg", 300 * 1024 + 1, 50 * 1024};
  const auto config = ParseConfig("x", "[budgets]\n" + RaisedBudgets({offender}).front());
  ASSERT_TRUE(config.has_value());
  EXPECT_GE(config->budget_image, offender.size);
}

TEST(OffendersTextTest, ListsTenOfEachBudget) {
  std::vector<Offender> many(12, {"image", "/a.jpg", 100, 50});
  many.push_back({"font", "/f.woff2", 100, 50});
  const std::string text = OffendersText(many);
  EXPECT_THAT(text, HasSubstr("  and 2 more; --json lists all\n"));
  EXPECT_THAT(text, HasSubstr("/f.woff2"));
  EXPECT_THAT(OffendersText({many.front()}), Not(HasSubstr("more")));
}

}  // namespace
}  // namespace skerry::pipeline
