#include "pipeline/report/report.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/base/text_table.h"
#include "pipeline/report/report_page.h"

namespace skerry::pipeline {
namespace {

using testing::HasSubstr;

TEST(TextTableTest, ColumnsLineUpWhateverTheScript) {
  TextTable table;
  table.Row({"", "files", "bytes"});
  table.Row({"Küste", "1", "12.0 KiB"});
  EXPECT_EQ(table.ToString(), "         files     bytes\n  Küste      1  12.0 KiB\n");
}

TEST(ShortenedTest, KeepsTheBeginningAndTheEndByCharacters) {
  EXPECT_EQ(Shortened("/short.js", 9), "/short.js");
  EXPECT_EQ(Shortened("/a/very/long/name.12345678.js", 16), "/a/very/lo…78.js");
  EXPECT_EQ(Shortened("üüüüüüüüüü", 7), "üüüü…üü");
}

TEST(HumanBytesTest, RoundsWithoutReachingTheNextUnit) {
  EXPECT_EQ(HumanBytes(1023), "1023 B");
  EXPECT_EQ(HumanBytes(1024), "1.0 KiB");
  EXPECT_EQ(HumanBytes(1024 * 1024 - 1), "1.0 MiB");
}

TEST(CountTest, OneIsNoPlural) {
  EXPECT_EQ(Count(0, "file"), "0 files");
  EXPECT_EQ(Count(1, "file"), "1 file");
  EXPECT_EQ(Count(2, "file"), "2 files");
}

class WeighTest : public testing::Test {
 protected:
  WeighTest() : config_(*ParseConfig("", "")) {
    Add("/index.html", "text/html", 100);
    Add("/a.js", "text/javascript", 3000, 900);
    Add("/b.css", "text/css", 2000, 700);
    Add("/c.png", "image/png", 9000);
    release_.loads = {{1, 2, 3}, {}, {3}, {}};
  }
  void Add(const std::string& path, const std::string& type, ByteCount size, ByteCount gzip = 0) {
    asset::Entry entry{.path = path, .size = size, .type = type};
    if (gzip > 0) entry.coded = {{asset::Coding::kGzip, std::nullopt, {}, gzip}};
    manifest_.entries.push_back(entry);
    site_.index[path] = static_cast<int>(site_.files.size());
    site_.files.push_back({.path = path, .size = size, .type = type});
  }
  BuildReport Run() { return Weigh(manifest_, site_, release_, config_); }

  Config config_;
  asset::Manifest manifest_;
  Site site_;
  Fingerprinted release_;
};

TEST_F(WeighTest, WithoutAVariantAFileWeighsWhatItIs) {
  const BuildReport report = Run();
  EXPECT_EQ(report.kinds.at("scripts").gzip, 900u);
  EXPECT_EQ(report.kinds.at("scripts").brotli, 3000u);
  EXPECT_EQ(report.kinds.at("images").gzip, 9000u);
}

TEST_F(WeighTest, APageWeighsWithItsScriptsAndStyles) {
  config_.budget_page = 1699;
  const BuildReport report = Run();
  ASSERT_EQ(report.offenders.size(), 1u);
  EXPECT_EQ(report.offenders[0].size, 100u + 900 + 700);
  config_.budget_page = 1700;
  EXPECT_TRUE(Run().offenders.empty());
}

TEST_F(WeighTest, AnImageWeighsWhatItsBestFormatWeighs) {
  config_.budget_image = 5000;
  EXPECT_EQ(Run().offenders.size(), 1u);
  manifest_.entries[3].width = 80;
  manifest_.entries[3].images = {{"image/avif", 80, 60, "/c-80.avif", {}, 4000}};
  EXPECT_TRUE(Run().offenders.empty());
}

TEST_F(WeighTest, TheSmallestIsTheBestCodingOrFormatButNoDelta) {
  manifest_.entries[1].coded.push_back({asset::Coding::kDcz, Sha256("old"), {}, 10});
  manifest_.entries[3].width = 80;
  manifest_.entries[3].images = {{"image/avif", 80, 60, "/c-80.avif", {}, 4000},
                                 {"image/avif", 40, 30, "/c-40.avif", {}, 1000}};
  EXPECT_EQ(Run().kinds.at("scripts").smallest, 900u);
  EXPECT_EQ(Run().kinds.at("images").smallest, 4000u);
}

TEST_F(WeighTest, WhatTheServiceWorkerKeepsIsTold) {
  manifest_.entries[1].notes["precache"] = "/a.js";
  manifest_.entries[3].notes["precache"] = "/c.png /c-80.avif";
  release_.precached_bytes = 4096;
  EXPECT_THAT(ReportText(Run(), "out"), HasSubstr("kept by the service worker  3  4.0 KiB\n"));
}

TEST_F(WeighTest, TheReportIsOneTableAndOneJson) {
  const BuildReport report = Run();
  EXPECT_THAT(ReportText(report, "out"),
              HasSubstr("  scripts      1   2.9 KiB     900 B   2.9 KiB     900 B\n"));
  EXPECT_THAT(ReportJson(report, "out"), HasSubstr("\"gzip\": 900"));
}

TEST(ReportPageTest, NamesWhatIsOverBudgetAndEscapesIt) {
  BuildReport report;
  report.kinds["scripts"] = {1, 2048, 1024, 512};
  report.offenders.push_back({"script", "/<b>.js", 2048, 1024});
  const std::string page = ReportPage(report, std::nullopt, "a & b");
  EXPECT_THAT(page, HasSubstr("Over budget"));
  EXPECT_THAT(page, HasSubstr("<title>a &amp; b</title>"));
  EXPECT_EQ(page.find("<b>"), std::string::npos);
}

TEST(ReportPageTest, ACodingThatChangesNothingHasNoBar) {
  BuildReport report;
  report.kinds["images"] = {1, 2048, 2048, 2048, 1024};
  const std::string page = ReportPage(report, std::nullopt, "site");
  EXPECT_EQ(page.find("<i class=\"gzip\" style"), std::string::npos);
  EXPECT_THAT(page, HasSubstr("<i class=\"best\" style"));
}

TEST(ReportPageTest, FetchesNothingAndRunsNothing) {
  BuildReport report;
  report.kinds["pages"] = {1, 1, 1, 1};
  const std::string page = ReportPage(report, Difference{}, "site");
  for (const char* word : {"<script", "src=", "href=", "url(", "@import", "http"}) {
    EXPECT_EQ(page.find(word), std::string::npos) << word;
  }
}

TEST(ReportPageTest, ShowsWhatAReturningVisitorLoads) {
  Difference difference;
  difference.changes = {{"/app.js", 4096, 5120, 100}};
  difference.whole = 5120;
  difference.fetched = 100;
  const std::string page = ReportPage({}, difference, "site");
  EXPECT_THAT(page, HasSubstr("returning"));
  EXPECT_THAT(page, HasSubstr("100 B"));
}

}  // namespace
}  // namespace skerry::pipeline
