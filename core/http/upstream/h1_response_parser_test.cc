#include "core/http/upstream/h1_response_parser.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <vector>

namespace skerry::http {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

// Writes down what it hears: "interim 103", "head 200 a=b", "body abc".
class Recorder : public H1ResponseParser::Events {
 public:
  void OnInterim(ResponseHead head) override { Note("interim", head); }
  void OnHead(ResponseHead head) override { Note("head", head); }
  void OnBody(std::string_view bytes) override {
    if (!heard.empty() && heard.back().starts_with("body ")) {
      heard.back() += bytes;
    } else {
      heard.push_back("body " + std::string(bytes));
    }
    if (stop_after_body != nullptr) stop_after_body->Stop();
  }

  std::vector<std::string> heard;
  H1ResponseParser* stop_after_body = nullptr;

 private:
  void Note(std::string kind, const ResponseHead& head) {
    kind += " " + std::to_string(head.status);
    for (const Field& field : head.fields) {
      kind.append(" ").append(field.name).append("=").append(field.value);
    }
    heard.push_back(kind);
  }
};

class H1ResponseParserTest : public ::testing::Test {
 protected:
  void Expect(std::string_view method) { parser_.Begin(method); }

  // What is wrong with the bytes; "" if nothing is.
  std::string Feed(std::string_view bytes) {
    const Result<size_t> used = parser_.Feed(bytes);
    if (!used) {
      EXPECT_EQ(used.error().side, Side::kUpstream);
      return used.error().ToString();
    }
    left_ = bytes.substr(*used);
    return "";
  }
  std::string FeedNew(std::string_view bytes) {
    parser_.Begin("GET");
    return Feed(bytes);
  }

  Recorder events_;
  H1ResponseParser parser_{{.header_bytes = 1000, .header_count = 10, .interims = 32}, &events_};
  std::string left_;
};

TEST_F(H1ResponseParserTest, ReadsABodyOfKnownLength) {
  EXPECT_EQ(Feed("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nX-A:  b \r\n\r\nabc"), "");
  EXPECT_THAT(events_.heard, ElementsAre("head 200 content-length=3 x-a=b", "body abc"));
  EXPECT_TRUE(parser_.done());
  EXPECT_TRUE(parser_.reusable());
}

TEST_F(H1ResponseParserTest, ReadsChunksAndTrailers) {
  EXPECT_EQ(Feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: Chunked\r\n\r\n"
                 "3\r\nabc\r\n0a;x=\"y\"\r\n0123456789\r\n0\r\nX-T: v\r\nConnection: x\r\n\r\n"),
            "");
  EXPECT_THAT(events_.heard, ElementsAre("head 200", "body abc0123456789"));
  EXPECT_TRUE(parser_.reusable());
  EXPECT_EQ(parser_.TakeTrailers(), (Fields{{"x-t", "v"}}));
}

TEST_F(H1ResponseParserTest, AnyCutGivesTheSameEvents) {
  const std::string text =
      "HTTP/1.1 103 Early\r\nLink: <a>\r\n\r\nHTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
      "5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\nt: 1\r\n\r\n";
  for (size_t cut = 1; cut < text.size(); ++cut) {
    events_.heard.clear();
    Expect("GET");
    ASSERT_EQ(Feed(text.substr(0, cut)), "") << cut;
    ASSERT_EQ(left_, "") << cut;
    ASSERT_EQ(Feed(text.substr(cut)), "") << cut;
    EXPECT_THAT(events_.heard, ElementsAre("interim 103 link=<a>", "head 200", "body hello world"));
    EXPECT_TRUE(parser_.done()) << cut;
    EXPECT_EQ(parser_.TakeTrailers(), (Fields{{"t", "1"}}));
  }
}

TEST_F(H1ResponseParserTest, AnEmptyChunkedBodyMayComeByteByByte) {
  for (const char c :
       std::string_view("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n")) {
    EXPECT_FALSE(parser_.done());
    ASSERT_EQ(Feed(std::string(1, c)), "");
  }
  EXPECT_TRUE(parser_.done());
}

TEST_F(H1ResponseParserTest, ByteByByteGivesTheSameEvents) {
  for (char c : std::string_view("HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n"
                                 "5\r\nhello\r\n0\r\n\r\n")) {
    ASSERT_EQ(Feed({&c, 1}), "");
  }
  EXPECT_THAT(events_.heard, ElementsAre("head 200", "body hello"));
  EXPECT_TRUE(parser_.done());
}

TEST_F(H1ResponseParserTest, WhatFollowsTheResponseIsLeft) {
  EXPECT_EQ(Feed("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP/1.1"), "");
  EXPECT_EQ(left_, "HTTP/1.1");
  EXPECT_EQ(FeedNew("HTTP/1.1 204 No\r\n\r\nx"), "");
  EXPECT_EQ(left_, "x");
}

TEST_F(H1ResponseParserTest, ABodyWithoutLengthLastsUntilTheEnd) {
  EXPECT_EQ(Feed("HTTP/1.1 200 OK\r\n\r\nabc"), "");
  EXPECT_FALSE(parser_.done());
  EXPECT_TRUE(parser_.End());
  EXPECT_TRUE(parser_.done());
  EXPECT_FALSE(parser_.reusable());
}

TEST_F(H1ResponseParserTest, AnUnknownCodingLastsUntilTheEndAndItsFieldGoes) {
  EXPECT_EQ(Feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: t-93f\r\nx: y\r\n\r\nabc"), "");
  EXPECT_TRUE(parser_.End());
  EXPECT_THAT(events_.heard, ElementsAre("head 200 x=y", "body abc"));
}

TEST_F(H1ResponseParserTest, AnEarlyEndIsAnError) {
  for (const char* text :
       {"", "HTTP/1.1 2", "HTTP/1.1 200 OK\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 3\r\n\r\nab",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n",
        "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n",
        "HTTP/1.1 103 Early\r\n\r\n"}) {
    EXPECT_EQ(FeedNew(text), "");
    const Status end = parser_.End();
    ASSERT_FALSE(end) << text;
    EXPECT_EQ(end.error().code, Code::kReset) << text;
  }
}

TEST_F(H1ResponseParserTest, SomeAnswersHaveNoBody) {
  for (const char* text :
       {"HTTP/1.1 204 No\r\n\r\n", "HTTP/1.1 304 Not\r\nContent-Length: 5\r\n\r\n",
        "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"}) {
    EXPECT_EQ(FeedNew(text), "");
    EXPECT_TRUE(parser_.done()) << text;
    EXPECT_TRUE(parser_.reusable()) << text;
  }
  for (const char* text : {"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n",
                           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"}) {
    Expect("HEAD");
    EXPECT_EQ(Feed(text), "");
    EXPECT_TRUE(parser_.done()) << text;
    EXPECT_TRUE(parser_.reusable()) << text;
  }
}

TEST_F(H1ResponseParserTest, FramingFieldsBesideABodilessStatusEndTheConnection) {
  for (const char* text : {"HTTP/1.1 204 No\r\nContent-Length: 5\r\n\r\n",
                           "HTTP/1.1 204 No\r\nTransfer-Encoding: chunked\r\n\r\n",
                           "HTTP/1.1 304 Not\r\nTransfer-Encoding: chunked\r\n\r\n",
                           "HTTP/1.1 100 Go\r\nContent-Length: 5\r\n\r\nHTTP/1.1 204 No\r\n\r\n"}) {
    EXPECT_EQ(FeedNew(text), "");
    EXPECT_TRUE(parser_.done()) << text;
    EXPECT_FALSE(parser_.reusable()) << text;
  }
}

TEST_F(H1ResponseParserTest, ConnectionDecidesAboutReuseAndGoes) {
  EXPECT_EQ(FeedNew("HTTP/1.1 200 OK\r\nConnection: Close, X-P\r\nx-p: 1\r\nKeep-Alive: 5\r\n"
                    "Content-Length: 0\r\n\r\n"),
            "");
  EXPECT_FALSE(parser_.reusable());
  EXPECT_THAT(events_.heard, ElementsAre("head 200 content-length=0"));
  EXPECT_EQ(FeedNew("HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 0\r\n\r\n"), "");
  EXPECT_FALSE(parser_.reusable());
}

TEST_F(H1ResponseParserTest, TheBlankBehindTheCodeMayBeMissing) {
  EXPECT_EQ(Feed("HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n"), "");
  EXPECT_THAT(events_.heard, ElementsAre("head 200 content-length=0"));
}

TEST_F(H1ResponseParserTest, AnyCodeFromHundredUpIsTaken) {
  EXPECT_EQ(FeedNew("HTTP/1.1 299 X\r\nContent-Length: 0\r\n\r\n"), "");
  EXPECT_EQ(FeedNew("HTTP/1.1 599 \r\nContent-Length: 0\r\n\r\n"), "");
  EXPECT_THAT(FeedNew("HTTP/1.1 099 X\r\n\r\n"), HasSubstr("invalid"));
}

TEST_F(H1ResponseParserTest, EqualLengthsAreOne) {
  EXPECT_EQ(Feed("HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 3, 3\r\n\r\nabc"), "");
  EXPECT_THAT(events_.heard, ElementsAre("head 200 content-length=3", "body abc"));
}

TEST_F(H1ResponseParserTest, RefusesWhatTwoReadersCouldReadDifferently) {
  for (const std::string& head : std::vector<std::string>{
           "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nContent-Length: 4\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 3, 4\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: -3\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: +3\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 0x3\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 3 4\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n",
           "HTTP/1.1 200 OK\r\nContent-Length: 3\r\nTransfer-Encoding: chunked\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Length: 3\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: x\r\nContent-Length: 3\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked, chunked\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: x\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: xchunked\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip\r\n\r\n",
           "HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n",
           "HTTP/1.1 200 OK\r\nTransfer-Encoding : chunked\r\n\r\n",
           "HTTP/1.1 200 OK\r\na: b\r\n c\r\n\r\n",
           "HTTP/1.1 200 OK\r\na: b\r\n\tc\r\n\r\n",
           "HTTP/1.1 200 OK\r\n a: b\r\n\r\n",
           "HTTP/1.1 200 OK\na: b\r\n\r\n",
           "HTTP/1.1 200 OK\r\na: b\nc: d\r\n\r\n",
           "HTTP/1.1 200 OK\n\n",
           "HTTP/1.1 200 OK\r\na: b\rc\r\n\r\n",
           std::string("HTTP/1.1 200 OK\r\na: b\0c\r\n\r\n", 28),
           "HTTP/1.1 200 OK\r\na b: c\r\n\r\n",
           "HTTP/1.1 200 OK\r\n: c\r\n\r\n",
           "HTTP/1.1 200 OK\r\nabc\r\n\r\n",
           "\r\nHTTP/1.1 200 OK\r\n\r\n",
           "HTTP/2.0 200 OK\r\n\r\n",
           "HTTP/1.2 200 OK\r\n\r\n",
           "http/1.1 200 OK\r\n\r\n",
           "HTTP/1.1  200 OK\r\n\r\n",
           "HTTP/1.1 20 OK\r\n\r\n",
           "HTTP/1.1 2000 OK\r\n\r\n",
           "HTTP/1.1 abc OK\r\n\r\n",
           "ICY 200 OK\r\n\r\n",
           "HTTP/1.1 101 Switch\r\nUpgrade: x\r\n\r\n",
       }) {
    EXPECT_THAT(FeedNew(head), HasSubstr("invalid")) << head;
  }
}

TEST_F(H1ResponseParserTest, RefusesBrokenChunks) {
  for (const char* chunks :
       {"x\r\n", "-1\r\n", "0x3\r\nabc\r\n\r\n", "3\nabc\r\n", "3\r\nabcd\r\n0\r\n\r\n",
        "3\r\nabc\n0\r\n\r\n", " 3\r\nabc\r\n", "fffffffffffffffff\r\n", "3;\x01\r\nabc\r\n",
        "\r\n", "0\r\na: b\r\n c\r\n\r\n", "0\r\na b\r\n\r\n", "0\r\nContent-Length: 3\r\n\r\n"}) {
    const std::string wrong =
        FeedNew("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + std::string(chunks));
    EXPECT_THAT(wrong, HasSubstr("invalid")) << chunks;
  }
}

TEST_F(H1ResponseParserTest, ABareLineFeedIsSeenBeforeTheHeadIsComplete) {
  EXPECT_THAT(Feed("HTTP/1.1 200 OK\n"), HasSubstr("bare LF"));
}

TEST_F(H1ResponseParserTest, ALongHeadIsALimit) {
  const std::string start = "HTTP/1.1 200 OK\r\na: ";
  EXPECT_EQ(FeedNew(start + std::string(900, 'x') + "\r\n\r\n"), "");
  EXPECT_THAT(FeedNew(start + std::string(1100, 'x') + "\r\n\r\n"), HasSubstr("limit"));
  EXPECT_THAT(FeedNew(start + std::string(1100, 'x')), HasSubstr("limit"));
  EXPECT_EQ(FeedNew(start + std::string(900, 'x')), "");
  EXPECT_THAT(Feed(std::string(200, 'x')), HasSubstr("limit"));
}

TEST_F(H1ResponseParserTest, ABodyBehindAShortHeadDoesNotCountAsHead) {
  EXPECT_EQ(Feed("HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n" + std::string(5000, 'x')), "");
  EXPECT_TRUE(parser_.done());
}

TEST_F(H1ResponseParserTest, ManyFieldsAreALimit) {
  std::string head = "HTTP/1.1 200 OK\r\n";
  for (int i = 0; i < 10; ++i) head += "a: b\r\n";
  EXPECT_EQ(FeedNew(head + "\r\n"), "");
  EXPECT_THAT(FeedNew(head + "a: b\r\n\r\n"), HasSubstr("limit"));
}

TEST_F(H1ResponseParserTest, AWebSocketIsABodyUntilTheConnectionEnds) {
  parser_.Begin("GET", true);
  EXPECT_EQ(Feed("HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                 "Sec-WebSocket-Accept: x\r\n\r\nHTTP/1.1 "),
            "");
  EXPECT_EQ(Feed("200 OK\r\n\r\n"), "");
  EXPECT_THAT(events_.heard,
              ElementsAre("head 101 sec-websocket-accept=x", "body HTTP/1.1 200 OK\r\n\r\n"));
  EXPECT_FALSE(parser_.done());
  EXPECT_TRUE(parser_.End());
  EXPECT_TRUE(parser_.done());
  EXPECT_FALSE(parser_.reusable());
}

TEST_F(H1ResponseParserTest, Only101ForAWebSocketThatWasAskedForOpensOne) {
  const std::string head = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: ";
  parser_.Begin("GET", false);
  EXPECT_THAT(Feed(head + "websocket\r\n\r\n"), HasSubstr("101"));
  parser_.Begin("GET", true);
  EXPECT_THAT(Feed(head + "h2c\r\n\r\n"), HasSubstr("101"));
  parser_.Begin("GET", true);
  EXPECT_EQ(Feed("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"), "");
  EXPECT_TRUE(parser_.reusable());
}

TEST_F(H1ResponseParserTest, TrailersHaveTheSameLimits) {
  const std::string start = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n";
  std::string many;
  for (int i = 0; i < 11; ++i) many += "a: b\r\n";
  EXPECT_THAT(FeedNew(start + many + "\r\n"), HasSubstr("limit"));
  EXPECT_THAT(FeedNew(start + "a: " + std::string(1100, 'x')), HasSubstr("limit"));
  EXPECT_THAT(
      FeedNew("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3;" + std::string(1100, 'x')),
      HasSubstr("limit"));
}

TEST_F(H1ResponseParserTest, InterimsAreBounded) {
  std::string many;
  for (int i = 0; i < 32; ++i) many += "HTTP/1.1 103 Early\r\n\r\n";
  EXPECT_EQ(FeedNew(many + "HTTP/1.1 204 No\r\n\r\n"), "");
  EXPECT_EQ(events_.heard.size(), 33u);
  EXPECT_THAT(FeedNew(many + "HTTP/1.1 103 Early\r\n\r\n"), HasSubstr("limit"));
}

TEST_F(H1ResponseParserTest, FieldsOfInterimsStayThere) {
  EXPECT_EQ(Feed("HTTP/1.1 103 Early\r\nLink: a\r\n\r\nHTTP/1.1 204 No\r\nx: y\r\n\r\n"), "");
  EXPECT_THAT(events_.heard, ElementsAre("interim 103 link=a", "head 204 x=y"));
}

TEST_F(H1ResponseParserTest, StopLeavesTheRestForLater) {
  events_.stop_after_body = &parser_;
  EXPECT_EQ(Feed("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
                 "3\r\nabc\r\n3\r\ndef\r\n0\r\n\r\n"),
            "");
  EXPECT_THAT(events_.heard, ElementsAre("head 200", "body abc"));
  EXPECT_FALSE(parser_.done());
  events_.stop_after_body = nullptr;
  EXPECT_EQ(Feed(std::string(left_)), "");
  EXPECT_THAT(events_.heard, ElementsAre("head 200", "body abcdef"));
  EXPECT_TRUE(parser_.done());
}

TEST_F(H1ResponseParserTest, ItBeginsAtTheFirstByte) {
  EXPECT_FALSE(parser_.began());
  EXPECT_EQ(Feed("H"), "");
  EXPECT_TRUE(parser_.began());
  EXPECT_FALSE(parser_.head_done());
}

}  // namespace
}  // namespace skerry::http
