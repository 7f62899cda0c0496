#include "core/http/upstream/h1_response_head.h"

#include <gtest/gtest.h>

namespace skerry::http {
namespace {

H1ResponseHead Read(std::string_view lines) {
  const auto read = ReadH1ResponseHead("HTTP/1.1 200 OK\r\n" + std::string(lines) + "\r\n", 20);
  EXPECT_TRUE(read) << lines;
  return read.value_or(H1ResponseHead{});
}

TEST(H1ResponseHeadTest, NamesAreLoweredAndValuesTrimmed) {
  const H1ResponseHead read = Read("ETag: \t\"A\" \r\nX!#$%&'*+-.^_`|~9: \xff\tb\r\nEmpty:\r\n");
  EXPECT_EQ(read.head.status, 200);
  EXPECT_EQ(read.head.fields,
            (Fields{{"etag", "\"A\""}, {"x!#$%&'*+-.^_`|~9", "\xff\tb"}, {"empty", ""}}));
}

TEST(H1ResponseHeadTest, TheVersionIsTold) {
  EXPECT_TRUE(Read("").http11);
  EXPECT_FALSE(ReadH1ResponseHead("HTTP/1.0 200 OK\r\n\r\n", 1)->http11);
}

TEST(H1ResponseHeadTest, ConnectionIsReadAndKeptWhereItNamesFields) {
  EXPECT_FALSE(Read("Connection: keep-alive\r\n").close);
  EXPECT_TRUE(Read("Connection: keep-alive, CLOSE\r\n").close);
  EXPECT_TRUE(Read("Proxy-Connection: close\r\n").close);
  EXPECT_FALSE(Read("Connection: closed\r\nX: close\r\n").close);
  EXPECT_TRUE(Read("Connection: Keep-Alive,, close\r\n").head.fields.empty());
  EXPECT_EQ(Read("Connection: x, close\r\nx: y\r\n").head.fields,
            (Fields{{"connection", "x, close"}, {"x", "y"}}));
  for (const char* name : {"Connection", "Proxy-Connection"}) {
    const std::string line = std::string(name) + ": keep-alive, close it\r\n\r\n";
    EXPECT_FALSE(ReadH1ResponseHead("HTTP/1.1 200 OK\r\n" + line, 20)) << name;
  }
}

TEST(H1ResponseHeadTest, KeepAliveSaysHowLongAndGoes) {
  const H1ResponseHead read = Read("Keep-Alive: max=9, Timeout=\"5\"\r\nKeep-Alive: timeout=7\r\n");
  EXPECT_EQ(read.kept_for, Seconds(5));
  EXPECT_TRUE(read.head.fields.empty());
  EXPECT_EQ(Read("Keep-Alive: 5\r\n").kept_for, std::nullopt);
}

TEST(H1ResponseHeadTest, LengthsMustAgree) {
  const H1ResponseHead read = Read("Content-Length: 007\r\na: b\r\nContent-Length: 7,\t7 \r\n");
  EXPECT_EQ(read.length, 7u);
  EXPECT_EQ(read.head.fields, (Fields{{"content-length", "7"}, {"a", "b"}}));
  for (const char* value : {"", ",", "1,", ",1", "1,2", "1 1", "1;", "-1", "+1", "0x1", "1e1",
                            "1.0", "18446744073709551616"}) {
    const std::string text =
        "HTTP/1.1 200 OK\r\nContent-Length: " + std::string(value) + "\r\n\r\n";
    EXPECT_FALSE(ReadH1ResponseHead(text, 20)) << value;
  }
  EXPECT_EQ(Read("Content-Length: 18446744073709551615\r\n").length, UINT64_MAX);
}

TEST(H1ResponseHeadTest, AllCodingsAreTold) {
  EXPECT_FALSE(Read("").has_coding);
  EXPECT_EQ(Read("Transfer-Encoding: Gzip\r\nTransfer-Encoding: Chunked\r\n").coding,
            "gzip,chunked");
  const H1ResponseHead empty = Read("Transfer-Encoding:\r\n");
  EXPECT_TRUE(empty.has_coding);
  EXPECT_EQ(empty.coding, "");
}

TEST(H1ResponseHeadTest, NoByteOfANameOrValueIsAControl) {
  for (int byte = 0; byte < 256; ++byte) {
    const char c = static_cast<char>(byte);
    const bool control = (byte < 0x20 && c != '\t') || byte == 0x7f;
    const std::string in_value = std::string("HTTP/1.1 200 OK\r\na: b") + c + "c\r\n\r\n";
    EXPECT_EQ(ReadH1ResponseHead(in_value, 20).has_value(), !control) << byte;
    const std::string in_reason = std::string("HTTP/1.1 200 O") + c + "K\r\n\r\n";
    EXPECT_EQ(ReadH1ResponseHead(in_reason, 20).has_value(), !control) << byte;
    const std::string in_name = std::string("HTTP/1.1 200 OK\r\na") + c + "a: b\r\n\r\n";
    EXPECT_EQ(ReadH1ResponseHead(in_name, 20).has_value(), c == ':' || IsToken({&c, 1})) << byte;
  }
}

TEST(H1ResponseHeadTest, FieldsAreCounted) {
  const std::string two = "HTTP/1.1 200 OK\r\na: b\r\nc: d\r\n\r\n";
  EXPECT_TRUE(ReadH1ResponseHead(two, 2));
  const auto read = ReadH1ResponseHead(two, 1);
  ASSERT_FALSE(read);
  EXPECT_EQ(read.error().code, Code::kLimit);
}

}  // namespace
}  // namespace skerry::http
