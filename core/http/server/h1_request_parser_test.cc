#include "core/http/server/h1_request_parser.h"

#include <gtest/gtest.h>

#include <vector>

namespace skerry::http {
namespace {

struct Recorder : H1RequestParser::Events {
  void OnHead(H1RequestHead head) override { heads.push_back(std::move(head)); }
  void OnBody(std::string_view bytes) override {
    body += bytes;
    if (stop != nullptr) stop->Stop();
  }
  void OnEnd(Fields fields) override {
    ++ends;
    trailers = std::move(fields);
  }
  std::vector<H1RequestHead> heads;
  std::string body;
  Fields trailers;
  int ends = 0;
  H1RequestParser* stop = nullptr;
};

class H1RequestParserTest : public testing::Test {
 protected:
  // Feeds bytes as a session does, from message to message.
  void Feed(std::string_view bytes) {
    waiting_ += bytes;
    while (!waiting_.empty() && parser_.flaw() == H1Flaw::kNone) {
      if (parser_.at_end()) parser_.Next();
      const size_t used = parser_.Parse(waiting_);
      waiting_.erase(0, used);
      if (used == 0 && !parser_.at_end()) break;
    }
  }
  H1Flaw FlawOf(std::string_view bytes) {
    Recorder recorder;
    H1RequestParser parser({}, &recorder);
    std::string rest(bytes);
    while (!rest.empty() && parser.flaw() == H1Flaw::kNone && !parser.at_end()) {
      const size_t used = parser.Parse(rest);
      rest.erase(0, used);
      if (used == 0) break;
    }
    return parser.flaw();
  }

  Recorder heard_;
  H1RequestParser parser_{{}, &heard_};
  std::string waiting_;
};

TEST_F(H1RequestParserTest, AHeadComesWithLowerCaseNames) {
  Feed("GET /a?b HTTP/1.1\r\nHost: x\r\nX-Y:  z  \r\n\r\n");
  ASSERT_EQ(1u, heard_.heads.size());
  const H1RequestHead& head = heard_.heads[0];
  EXPECT_EQ("GET", head.method);
  EXPECT_EQ("/a?b", head.target);
  EXPECT_TRUE(head.keep_alive);
  EXPECT_FALSE(head.http10);
  EXPECT_FALSE(head.has_body);
  EXPECT_EQ((Fields{{"host", "x"}, {"x-y", "z"}}), head.fields);
  EXPECT_EQ(1, heard_.ends);
}

TEST_F(H1RequestParserTest, KeepAliveIsWhatVersionAndConnectionSay) {
  Feed("GET / HTTP/1.0\r\n\r\n");
  Feed("GET / HTTP/1.0\r\nconnection: keep-alive\r\n\r\n");
  Feed("GET / HTTP/1.1\r\nconnection: Close\r\n\r\n");
  ASSERT_EQ(3u, heard_.heads.size());
  EXPECT_FALSE(heard_.heads[0].keep_alive);
  EXPECT_TRUE(heard_.heads[0].http10);
  EXPECT_TRUE(heard_.heads[1].keep_alive);
  EXPECT_FALSE(heard_.heads[2].keep_alive);
}

TEST_F(H1RequestParserTest, ABodyOfKnownLengthEndsWhereItShould) {
  Feed("POST / HTTP/1.1\r\ncontent-length: 5\r\n\r\nhel");
  EXPECT_EQ(0, heard_.ends);
  EXPECT_TRUE(parser_.in_body());
  Feed("loGET /next HTTP/1.1\r\n\r\n");
  EXPECT_EQ("hello", heard_.body);
  EXPECT_EQ(2, heard_.ends);
  EXPECT_EQ(5u, heard_.heads[0].content_length);
  EXPECT_EQ("/next", heard_.heads[1].target);
}

TEST_F(H1RequestParserTest, AChunkedBodyMayComeByteByByte) {
  const std::string message =
      "POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n"
      "5;ext=1\r\nhello\r\nA\r\n, world!!!\r\n0\r\nDigest: abc\r\nHost: evil\r\n\r\n";
  for (const char c : message) Feed({&c, 1});
  EXPECT_EQ("hello, world!!!", heard_.body);
  EXPECT_EQ(1, heard_.ends);
  EXPECT_EQ((Fields{{"digest", "abc"}}), heard_.trailers);
}

TEST_F(H1RequestParserTest, AnEmptyChunkedBodyMayComeByteByByte) {
  for (const char c :
       std::string_view("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n")) {
    EXPECT_EQ(0, heard_.ends);
    Feed({&c, 1});
  }
  EXPECT_EQ(1, heard_.ends);
}

TEST_F(H1RequestParserTest, EmptyLinesBeforeARequestAreSkippedTwice) {
  Feed("\r\n\r\nGET / HTTP/1.1\r\n\r\n");
  EXPECT_EQ(1, heard_.ends);
  EXPECT_EQ(H1Flaw::kStartLine, FlawOf("\r\n\r\n\r\nGET / HTTP/1.1\r\n\r\n"));
}

TEST_F(H1RequestParserTest, FramingLeavesNoRoom) {
  const auto with = [this](const std::string& fields) {
    return FlawOf("POST / HTTP/1.1\r\n" + fields + "\r\n\r\n5\r\nhello\r\n0\r\n\r\n");
  };
  EXPECT_EQ(H1Flaw::kNone, with("Transfer-Encoding: Chunked"));
  EXPECT_EQ(H1Flaw::kFraming, with("Content-Length: 5\r\nTransfer-Encoding: chunked"));
  EXPECT_EQ(H1Flaw::kFraming, with("Transfer-Encoding: chunked\r\nContent-Length: 5"));
  EXPECT_EQ(H1Flaw::kFraming, with("Content-Length: 5\r\nContent-Length: 5"));
  EXPECT_EQ(H1Flaw::kFraming, with("Content-Length: 5\r\nContent-Length: 6"));
  EXPECT_EQ(H1Flaw::kFraming, with("Content-Length: 5, 5"));
  EXPECT_EQ(H1Flaw::kFraming, with("Content-Length: +5"));
  EXPECT_EQ(H1Flaw::kFraming, with("Content-Length: -5"));
  EXPECT_EQ(H1Flaw::kFraming, with("Content-Length: 0x5"));
  EXPECT_EQ(H1Flaw::kFraming, with("Content-Length:"));
  EXPECT_EQ(H1Flaw::kFraming, with("Content-Length: 99999999999999999999"));
  EXPECT_EQ(H1Flaw::kFraming, with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked"));
  EXPECT_EQ(H1Flaw::kTransferCoding, with("Transfer-Encoding: gzip, chunked"));
  EXPECT_EQ(H1Flaw::kTransferCoding, with("Transfer-Encoding: chunked, identity"));
  EXPECT_EQ(H1Flaw::kTransferCoding, with("Transfer-Encoding: xchunked"));
  EXPECT_EQ(H1Flaw::kTransferCoding, with("Transfer-Encoding: \"chunked\""));
  EXPECT_EQ(H1Flaw::kFraming, FlawOf("POST / HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n"));
}

TEST_F(H1RequestParserTest, BrokenChunksAreFlaws) {
  const auto chunks = [this](const std::string& body) {
    return FlawOf("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n" + body);
  };
  EXPECT_EQ(H1Flaw::kNone, chunks("5\r\nhello\r\n0\r\n\r\n"));
  EXPECT_EQ(H1Flaw::kChunk, chunks("5\nhello\r\n0\r\n\r\n"));
  EXPECT_EQ(H1Flaw::kChunk, chunks("5\r\nhelloX0\r\n\r\n"));
  EXPECT_EQ(H1Flaw::kChunk, chunks("5\r\nhello\n0\r\n\r\n"));
  EXPECT_EQ(H1Flaw::kChunk, chunks("-5\r\nhello\r\n0\r\n\r\n"));
  EXPECT_EQ(H1Flaw::kChunk, chunks("0x5\r\nhello\r\n0\r\n\r\n"));
  EXPECT_EQ(H1Flaw::kChunk, chunks("fffffffffffffffff\r\nhello\r\n"));
  EXPECT_EQ(H1Flaw::kChunk, chunks(" 5\r\nhello\r\n0\r\n\r\n"));
  EXPECT_EQ(H1Flaw::kChunk, chunks("\r\nhello\r\n0\r\n\r\n"));
  EXPECT_EQ(H1Flaw::kChunk, chunks("0\r\ncontent-length: 5\r\n\r\n"));
  EXPECT_EQ(H1Flaw::kChunk, chunks("5;" + std::string(40'000, 'x')));
}

TEST_F(H1RequestParserTest, OtherVersionsAreNamed) {
  EXPECT_EQ(H1Flaw::kVersion, FlawOf("GET / HTTP/2.0\r\n\r\n"));
  EXPECT_EQ(H1Flaw::kVersion, FlawOf("GET / HTTP/1.2\r\n\r\n"));
  EXPECT_EQ(H1Flaw::kStartLine, FlawOf("GET / HTTP/1.1 \r\n\r\n"));
  EXPECT_EQ(H1Flaw::kStartLine, FlawOf("GET / http/1.1\r\n\r\n"));
  EXPECT_EQ(H1Flaw::kStartLine, FlawOf("GET /a b HTTP/1.1\r\n\r\n"));
}

TEST_F(H1RequestParserTest, BytesThatBeginNoRequestAreRefusedAtOnce) {
  EXPECT_EQ(H1Flaw::kStartLine, FlawOf("\x16\x03\x01"));
  EXPECT_EQ(H1Flaw::kStartLine, FlawOf(std::string_view("\0", 1)));
}

TEST_F(H1RequestParserTest, FoldedTrailersAreAFlawButNotBytesOfABodyThatLookLikeThem) {
  const auto trailers = [this](const std::string& body) {
    return FlawOf("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n" + body);
  };
  EXPECT_EQ(H1Flaw::kChunk, trailers("0\r\nx: a\r\n b\r\n\r\n"));
  EXPECT_EQ(H1Flaw::kChunk, trailers("0\r\nx:\r\n\tb\r\n\r\n"));
  EXPECT_EQ(H1Flaw::kChunk, trailers("5\r\nhello\r\n0\r\nx: a\r\n \r\n\r\n"));
  EXPECT_EQ(H1Flaw::kNone, trailers("4\r\n\r\n b\r\n0\r\nx: a\r\n\r\n"));
  EXPECT_EQ(H1Flaw::kNone, FlawOf("POST / HTTP/1.1\r\ncontent-length: 4\r\n\r\n\r\n b"));
}

TEST_F(H1RequestParserTest, ManySmallChunksAtOnceAreNoLongLine) {
  std::string body;
  for (int i = 0; i < 20'000; ++i) body += "1\r\nx\r\n";
  Feed("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n" + body + "0\r\n\r\n");
  EXPECT_EQ(20'000u, heard_.body.size());
  EXPECT_EQ(1, heard_.ends);
}

TEST_F(H1RequestParserTest, StartLinesHaveThreeWordsAndTwoBlanks) {
  EXPECT_EQ(H1Flaw::kStartLine, FlawOf("GET  / HTTP/1.1\r\n\r\n"));
  EXPECT_EQ(H1Flaw::kStartLine, FlawOf(" GET / HTTP/1.1\r\n\r\n"));
  EXPECT_EQ(H1Flaw::kStartLine, FlawOf("G@T / HTTP/1.1\r\n\r\n"));
  EXPECT_NE(H1Flaw::kNone, FlawOf("GET /\r\n\r\n"));
  EXPECT_NE(H1Flaw::kNone, FlawOf("GET /\tHTTP/1.1\r\n\r\n"));
}

TEST_F(H1RequestParserTest, NothingIsReportedAfterStop) {
  heard_.stop = &parser_;
  Feed("POST / HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n1\r\nb\r\n0\r\n\r\n");
  EXPECT_EQ("a", heard_.body);
  EXPECT_EQ(0, heard_.ends);
}

}  // namespace
}  // namespace skerry::http
