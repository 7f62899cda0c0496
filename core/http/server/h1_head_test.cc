#include "core/http/server/h1_head.h"

#include <gtest/gtest.h>

#include <string>

namespace skerry::http {
namespace {

using Progress = H1HeadCheck::Progress;
using namespace std::string_literals;

H1Flaw FlawOf(const std::string& head, H1Limits limits = {}) {
  H1HeadCheck check(limits);
  const Progress progress = check.Look(head);
  EXPECT_NE(Progress::kIncomplete, progress) << head;
  return progress == Progress::kFlawed ? check.flaw() : H1Flaw::kNone;
}

TEST(H1HeadTest, TheSizeEndsBehindTheEmptyLine) {
  H1HeadCheck check({});
  EXPECT_EQ(Progress::kComplete, check.Look("GET / HTTP/1.1\r\nhost: a\r\n\r\nbody"));
  EXPECT_EQ(27u, check.size());
}

TEST(H1HeadTest, ByteByByteIsTheSameAsAtOnce) {
  const std::string head = "GET / HTTP/1.1\r\nhost: a\r\nx: \ty\r\n\r\n";
  H1HeadCheck check({});
  for (size_t size = 0; size < head.size(); ++size) {
    EXPECT_EQ(Progress::kIncomplete, check.Look(head.substr(0, size)));
  }
  EXPECT_EQ(Progress::kComplete, check.Look(head));
  EXPECT_EQ(head.size(), check.size());
}

TEST(H1HeadTest, RefusesWhatReadersMayReadDifferently) {
  EXPECT_EQ(H1Flaw::kLineEnding, FlawOf("GET / HTTP/1.1\nhost: a\r\n\r\n"));
  EXPECT_EQ(H1Flaw::kLineEnding, FlawOf("GET / HTTP/1.1\r\nhost: a\n\r\n"));
  EXPECT_EQ(H1Flaw::kLineEnding, FlawOf("GET / HTTP/1.1\r\nhost: a\rb: c\r\n\r\n"));
  EXPECT_EQ(H1Flaw::kLineEnding, FlawOf("GET / HTTP/1.1\r\n\n"));
  EXPECT_EQ(H1Flaw::kFolded, FlawOf("GET / HTTP/1.1\r\na: b\r\n c: d\r\n\r\n"));
  EXPECT_EQ(H1Flaw::kFolded, FlawOf("GET / HTTP/1.1\r\n\thost: a\r\n\r\n"));
  EXPECT_EQ(H1Flaw::kFieldName, FlawOf("GET / HTTP/1.1\r\nhost : a\r\n\r\n"));
  EXPECT_EQ(H1Flaw::kFieldName, FlawOf("GET / HTTP/1.1\r\n: a\r\n\r\n"));
  EXPECT_EQ(H1Flaw::kFieldName, FlawOf("GET / HTTP/1.1\r\nhost\r\n\r\n"));
  EXPECT_EQ(H1Flaw::kFieldName, FlawOf("GET / HTTP/1.1\r\nh(o)st: a\r\n\r\n"));
  EXPECT_EQ(H1Flaw::kControl, FlawOf("GET / HTTP/1.1\r\na: b\0c\r\n\r\n"s));
  EXPECT_EQ(H1Flaw::kControl, FlawOf("GET / HTTP/1.1\r\na: b\x7f\r\n\r\n"));
  EXPECT_EQ(H1Flaw::kControl, FlawOf("GET /\0 HTTP/1.1\r\n\r\n"s));
  EXPECT_EQ(H1Flaw::kStartLine, FlawOf("\r\n\r\n"));
}

TEST(H1HeadTest, AFlawIsFoundBeforeTheHeadIsComplete) {
  H1HeadCheck check({});
  EXPECT_EQ(Progress::kFlawed, check.Look("GET / HTTP/1.1\n"));
}

TEST(H1HeadTest, LimitsCountStartLineFieldsAndBytesApart) {
  const H1Limits limits{.head_bytes = 40, .field_count = 2, .target_bytes = 20};
  EXPECT_EQ(H1Flaw::kNone, FlawOf("GET / HTTP/1.1\r\na: 1\r\nb: 2\r\n\r\n", limits));
  EXPECT_EQ(H1Flaw::kTooManyFields,
            FlawOf("GET / HTTP/1.1\r\na: 1\r\nb: 2\r\nc: 3\r\n\r\n", limits));
  EXPECT_EQ(H1Flaw::kHeadTooLong,
            FlawOf("GET / HTTP/1.1\r\na: " + std::string(40, 'x') + "\r\n\r\n", limits));
  EXPECT_EQ(H1Flaw::kTargetTooLong,
            FlawOf("GET /" + std::string(20, 'x') + " HTTP/1.1\r\n", limits));
}

TEST(H1HeadTest, LimitsHoldForLinesThatNeverEnd) {
  const H1Limits limits{.head_bytes = 40, .field_count = 2, .target_bytes = 20};
  EXPECT_EQ(H1Flaw::kTargetTooLong, FlawOf(std::string(21, 'x'), limits));
  EXPECT_EQ(H1Flaw::kHeadTooLong, FlawOf("GET / HTTP/1.1\r\n" + std::string(41, 'x'), limits));
}

}  // namespace
}  // namespace skerry::http
