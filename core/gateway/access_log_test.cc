#include "core/gateway/access_log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>

namespace skerry::gateway {
namespace {

AccessRecord Sample() {
  AccessRecord record;
  record.time = WallTime(Millis(1'700'000'000'123));
  record.method = "GET";
  record.scheme = "https";
  record.authority = "example.com";
  record.path = "/a\"b\\c\x01\xff";
  record.protocol = "h2";
  record.peer = "192.0.2.7";
  record.site = "default";
  record.status = 200;
  record.bytes = 1234;
  record.milliseconds = 1.5;
  record.cache_status = "skerry-edge; hit";
  record.step = "write";
  return record;
}

TEST(AccessLogTest, ALineIsValidJsonWhateverThePathHolds) {
  const auto line = nlohmann::json::parse(ToJsonLine(Sample(), 0));
  EXPECT_FALSE(line.contains("range"));
  EXPECT_EQ(line["time"], "2023-11-14T22:13:20.123Z");
  EXPECT_EQ(line["path"], "/a\"b\\c\u0001\u00ff");
  EXPECT_EQ(line["status"], 200);
  EXPECT_EQ(line["ms"], 1.5);
  EXPECT_EQ(line["complete"], true);
  EXPECT_FALSE(line.contains("dropped"));
}

TEST(AccessLogTest, EveryByteAtEveryPlaceReadsBackAsItWas) {
  for (int byte = 1; byte < 256; ++byte) {
    for (size_t place = 0; place < 17; ++place) {
      std::string path(17, 'a');
      path[place] = static_cast<char>(byte);
      AccessRecord record = Sample();
      record.path = path;
      const auto read = nlohmann::json::parse(ToJsonLine(record, 0))["path"].get<std::string>();
      std::string expected = path;
      if (byte >= 0x80) {  // as U+0080 to U+00FF, in UTF-8
        expected = path.substr(0, place) + static_cast<char>(0xc0 | byte >> 6) +
                   static_cast<char>(0x80 | (byte & 0x3f)) + path.substr(place + 1);
      }
      ASSERT_EQ(read, expected) << byte << " at " << place;
    }
  }
}

TEST(AccessLogTest, MillisecondsHaveThreeDecimals) {
  AccessRecord record = Sample();
  for (const auto& [value, text] :
       {std::pair(0.0, "0.000"), std::pair(0.0567, "0.057"), std::pair(12.3456, "12.346"),
        std::pair(60000.05, "60000.050")}) {
    record.milliseconds = value;
    EXPECT_THAT(ToJsonLine(record, 0), testing::HasSubstr(std::string("\"ms\":") + text + ","));
  }
}

TEST(AccessLogTest, EachLineHasItsOwnTime) {
  AccessRecord record = Sample();
  for (const int ms : {0, 7, 999, 1000, 61'042}) {
    record.time = WallTime(Millis(1'700'000'000'000 + ms));
    EXPECT_EQ(nlohmann::json::parse(ToJsonLine(record, 0))["time"], ToRfc3339(record.time));
  }
}

TEST(AccessLogTest, EachLineNamesItsOwnClient) {
  AccessRecord record;
  const auto line = [&record](std::string_view peer, std::string_view protocol) {
    record.peer = peer;
    record.protocol = protocol;
    const auto read = nlohmann::json::parse(ToJsonLine(record, 0));
    const std::string peer_read = read["peer"];
    const std::string protocol_read = read["protocol"];
    return peer_read + " " + protocol_read;
  };
  EXPECT_EQ("192.0.2.1 h2", line("192.0.2.1", "h2"));
  EXPECT_EQ("192.0.2.1 h2", line("192.0.2.1", "h2"));
  EXPECT_EQ("192.0.2.2 h2", line("192.0.2.2", "h2"));
  EXPECT_EQ("192.0.2.2 http/1.1", line("192.0.2.2", "http/1.1"));
  EXPECT_EQ(" ", line("", ""));
}

TEST(AccessLogTest, SeveralLinesOfOneFieldAreJoined) {
  AccessRecord record = Sample();
  const http::Fields fields = {{"vary", "accept"}, {"etag", "\"a\""}, {"vary", "cookie"}};
  record.answer = &fields;
  const auto line = nlohmann::json::parse(ToJsonLine(record, 0));
  EXPECT_EQ(line["answer"]["vary"], "accept, cookie");
  EXPECT_EQ(line["answer"]["etag"], "\"a\"");
}

TEST(AccessLogTest, TheRuleAndItsPlaceAreThereIfOneWasFound) {
  AccessRecord record = Sample();
  EXPECT_FALSE(nlohmann::json::parse(ToJsonLine(record, 0)).contains("rule"));
  record.rule = "static";
  record.place = "edge.toml:12";
  const auto line = nlohmann::json::parse(ToJsonLine(record, 0));
  EXPECT_EQ(line["rule"], "static");
  EXPECT_EQ(line["rule_at"], "edge.toml:12");
}

TEST(AccessLogTest, AReplayIsToldWhatDecidesAndNoSecret) {
  AccessRecord record = Sample();
  const http::Fields fields = {{"cache-control", "max-age=60"},
                               {"set-cookie", "session=secret"},
                               {"vary", "accept-encoding, cookie"},
                               {"x-other", "left out"}};
  record.answer = &fields;
  record.answer_status = 200;
  record.size = 99;
  record.variant = "accept-encoding: br\ncookie: id=secret\nx-absent\n";
  record.range = "bytes=0-9";
  record.authorized = true;
  const std::string text = ToJsonLine(record, 0);
  EXPECT_THAT(text, testing::Not(testing::HasSubstr("secret")));
  const auto line = nlohmann::json::parse(text);
  EXPECT_EQ(line["size"], 99);
  EXPECT_EQ(line["answer"]["status"], 200);
  EXPECT_EQ(line["answer"]["cache-control"], "max-age=60");
  EXPECT_EQ(line["answer"]["set-cookie"], "");
  EXPECT_FALSE(line["answer"].contains("x-other"));
  EXPECT_EQ(line["variant"]["accept-encoding"], "br");
  EXPECT_EQ(line["variant"]["cookie"].get<std::string>().front(), '#');
  EXPECT_FALSE(line["variant"].contains("x-absent"));
  EXPECT_EQ(line["range"], "bytes=0-9");
  EXPECT_EQ(line["authorized"], true);
  EXPECT_FALSE(line.contains("personal"));
}

TEST(AccessLogTest, SaysHowManyLinesWereDropped) {
  EXPECT_EQ(nlohmann::json::parse(ToJsonLine(Sample(), 7))["dropped"], 7);
}

TEST(AccessLogTest, WritesEverythingBeforeItEnds) {
  const std::string path = testing::TempDir() + "/access-" + std::to_string(getpid());
  {
    auto log = AccessLog::Open(path);
    ASSERT_TRUE(log);
    for (int i = 0; i < 1000; ++i) (*log)->Write(Sample());
  }
  std::ifstream in(path);
  std::string line;
  int lines = 0;
  while (std::getline(in, line)) ++lines;
  EXPECT_EQ(lines, 1000);
}

TEST(AccessLogTest, NamesAFileThatCannotBeOpened) {
  const auto log = AccessLog::Open("/nowhere/access.log");
  ASSERT_FALSE(log);
  EXPECT_THAT(log.error().context, testing::HasSubstr("/nowhere/access.log"));
}

}  // namespace
}  // namespace skerry::gateway
