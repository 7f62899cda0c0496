#include "edge/replay/replay_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <sstream>

namespace skerry::edge {
namespace {

ReplayLog Read(const std::string& text) {
  std::istringstream from(text);
  return ReadReplayLog(from, "assumed.example", [](uint64_t) {});
}

std::string Line(const std::string& path, const std::string& time, const std::string& more = "") {
  return "{\"time\":\"2026-11-21T12:00:" + time +
         "Z\",\"method\":\"GET\",\"scheme\":\"https\",\"host\":\"a.example\",\"path\":\"" + path +
         "\",\"status\":200,\"bytes\":100,\"ms\":0.000" + more + "}\n";
}

TEST(ReplayLogTest, LinesAreInTheOrderInWhichTheyBegan) {
  const ReplayLog log = Read(Line("/quick", "01.000") + Line("/slow", "02.000", ",\"ms\":1500.5"));
  ASSERT_EQ(log.lines.size(), 2u);
  EXPECT_EQ(log.urls[log.lines[0].url].path, "/slow");
  EXPECT_EQ(log.lines[0].took, Millis(1500));
  EXPECT_EQ(log.lines[1].begun - log.lines[0].begun, Millis(500));
}

TEST(ReplayLogTest, WhatTheRequestAndTheOriginSaidComesBack) {
  const ReplayLog log =
      Read(Line("/a?x=1", "01.000",
                R"(,"cache":"skerry-edge; fwd=uri-miss; fwd-status=200; stored","size":5000,)"
                R"("answer":{"status":200,"cache-control":"max-age=60","vary":"accept-encoding"},)"
                R"("variant":{"accept-encoding":"br"},"range":"bytes=0-9","authorized":true)"));
  ASSERT_EQ(log.lines.size(), 1u);
  const LogLine& line = log.lines[0];
  EXPECT_EQ(log.urls[line.url].ToString(), "https://a.example/a?x=1");
  EXPECT_EQ(line.served, LogLine::Served::kForwarded);
  EXPECT_EQ(line.size, 5000u);
  EXPECT_EQ(line.bytes, 100u);
  EXPECT_EQ(log.answers[line.answer].status, 200);
  EXPECT_EQ(log.answers[line.answer].fields.Find("cache-control"), "max-age=60");
  const http::Fields& fields = log.requests[line.request].fields;
  EXPECT_EQ(fields.Find("accept-encoding"), "br");
  EXPECT_EQ(fields.Find("range"), "bytes=0-9");
  EXPECT_TRUE(fields.Has("authorization"));
  EXPECT_EQ(log.without_answer, 0u);
}

TEST(ReplayLogTest, BadLinesAreCountedAndTheFirstNamedWithTheirNumber) {
  std::string text = Line("/a", "01.000") + "{\"time\":\"yesterday\"}\n{broken\n\nnonsense\n";
  for (int i = 0; i < 10; ++i) text += "{}\n";
  const ReplayLog log = Read(text);
  EXPECT_EQ(log.lines.size(), 1u);
  EXPECT_EQ(log.bad_lines, 13u);
  ASSERT_EQ(log.problems.size(), ReplayLog::kShownProblems);
  EXPECT_EQ(log.problems[0].line, 2u);
  EXPECT_THAT(log.problems[0].what, testing::HasSubstr("time"));
  EXPECT_EQ(log.problems[1].line, 3u);
  EXPECT_EQ(log.problems[2].line, 5u);
  EXPECT_THAT(log.problems[2].what, testing::HasSubstr("neither"));
}

TEST(ReplayLogTest, TheCombinedFormatGivesPathTimeAndBytes) {
  const ReplayLog log = Read(
      "192.0.2.1 - - [21/Nov/2026:13:00:01 +0100] \"GET /a?b=1 HTTP/1.1\" 200 2326 "
      "\"https://x/\" \"Mozilla/5.0\"\n");
  ASSERT_EQ(log.lines.size(), 1u) << (log.problems.empty() ? "" : log.problems[0].what);
  EXPECT_EQ(log.urls[log.lines[0].url].ToString(), "https://assumed.example/a?b=1");
  EXPECT_EQ(log.lines[0].bytes, 2326u);
  EXPECT_EQ(ToRfc3339(log.lines[0].begun), "2026-11-21T12:00:01.000Z");
  EXPECT_EQ(log.combined, 1u);
  EXPECT_EQ(log.without_answer, 1u);
}

TEST(ReplayLogTest, PurgesFailuresAndCollapsedWaitersAreSeen) {
  const ReplayLog log = Read(
      Line("/a", "01.000", R"(,"cache":"skerry-edge; fwd=uri-miss; detail=purged")") +
      Line("/b", "02.000", R"(,"cache":"skerry-edge; fwd=stale; fwd-status=503")") +
      Line("/c", "03.000", R"(,"cache":"skerry-edge; fwd=uri-miss; fwd-status=200; collapsed")") +
      Line("/d", "04.000", R"(,"cache":"skerry-edge; hit; ttl=-5")"));
  ASSERT_EQ(log.lines.size(), 4u);
  EXPECT_EQ(log.lines[0].purged, LogLine::Purged::kHard);
  EXPECT_TRUE(log.lines[1].origin_failed);
  EXPECT_TRUE(log.lines[2].collapsed);
  EXPECT_EQ(log.lines[3].served, LogLine::Served::kStale);
}

}  // namespace
}  // namespace skerry::edge
