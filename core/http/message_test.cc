#include "core/http/message.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace skerry::http {
namespace {

using ::testing::ElementsAre;

TEST(MessageTest, ReasonPhraseIsEmptyForUnregisteredCodes) {
  EXPECT_EQ(ReasonPhrase(200), "OK");
  EXPECT_EQ(ReasonPhrase(404), "Not Found");
  EXPECT_EQ(ReasonPhrase(511), "Network Authentication Required");
  EXPECT_EQ(ReasonPhrase(99), "");
  EXPECT_EQ(ReasonPhrase(299), "");
  EXPECT_EQ(ReasonPhrase(599), "");
}

TEST(MessageTest, MethodsAreCaseSensitive) {
  EXPECT_TRUE(IsSafeMethod("GET"));
  EXPECT_FALSE(IsSafeMethod("get"));
  EXPECT_FALSE(IsSafeMethod("PUT"));
}

TEST(MessageTest, PutAndDeleteAreIdempotentButPostAndPatchAreNot) {
  for (const char* method : {"GET", "HEAD", "OPTIONS", "TRACE", "PUT", "DELETE"}) {
    EXPECT_TRUE(IsIdempotentMethod(method)) << method;
  }
  for (const char* method : {"POST", "PATCH", "CONNECT", "M-SEARCH"}) {
    EXPECT_FALSE(IsIdempotentMethod(method)) << method;
  }
}

TEST(MessageTest, InterimNoContentNotModifiedAndHeadHaveNoBody) {
  EXPECT_TRUE(MayHaveBody("GET", 200));
  EXPECT_TRUE(MayHaveBody("POST", 500));
  EXPECT_FALSE(MayHaveBody("HEAD", 200));
  EXPECT_FALSE(MayHaveBody("GET", 103));
  EXPECT_FALSE(MayHaveBody("GET", 204));
  EXPECT_FALSE(MayHaveBody("GET", 304));
}

TEST(MessageTest, TokensAreTcharAndNeverEmpty) {
  EXPECT_TRUE(IsToken("!#$%&'*+-.^_`|~09azAZ"));
  EXPECT_FALSE(IsToken(""));
  for (int c = 0; c < 256; ++c) {
    const char byte = static_cast<char>(c);
    const bool separator = std::string_view("\"(),/:;<=>?@[\\]{} ").find(byte) != std::string::npos;
    if (separator || c < 33 || c > 126) {
      EXPECT_FALSE(IsToken(std::string(1, byte))) << c;
    } else {
      EXPECT_TRUE(IsToken(std::string(1, byte))) << c;
    }
  }
}

TEST(MessageTest, FieldValuesHaveNoLineEndsNorOuterBlanks) {
  EXPECT_TRUE(IsFieldValue(""));
  EXPECT_TRUE(IsFieldValue("a b\tc \xff"));
  EXPECT_FALSE(IsFieldValue(" a"));
  EXPECT_FALSE(IsFieldValue("a\t"));
  EXPECT_FALSE(IsFieldValue("a\rb"));
  EXPECT_FALSE(IsFieldValue("a\nb"));
  EXPECT_FALSE(IsFieldValue(std::string_view("a\0b", 3)));
}

TEST(MessageTest, HopByHopTakesConnectionAndWhatItNames) {
  Fields fields{{"connection", "close, X-Private,,"},
                {"x-private", "1"},
                {"connection", "\tother "},
                {"other", "2"},
                {"keep-alive", "timeout=5"},
                {"proxy-connection", "x"},
                {"te", "trailers"},
                {"transfer-encoding", "chunked"},
                {"upgrade", "h2c"},
                {"proxy-authenticate", "x"},
                {"proxy-authentication-info", "x"},
                {"proxy-authorization", "x"},
                {"close", "named too"},
                {"trailer", "stays"},
                {"cache-control", "stays"}};
  RemoveHopByHop(fields);
  EXPECT_THAT(fields, ElementsAre(Field{"trailer", "stays"}, Field{"cache-control", "stays"}));
}

TEST(MessageTest, LowerAndComparisonTouchAsciiLettersOnly) {
  EXPECT_EQ(AsciiLower("AbZ@[\xC4"), "abz@[\xC4");
  EXPECT_TRUE(EqualsIgnoreCase("GZip", "gzIP"));
  EXPECT_FALSE(EqualsIgnoreCase("@", "`"));
  EXPECT_FALSE(EqualsIgnoreCase("a", "ab"));
}

TEST(MessageTest, TrimBlanksTakesSpaceAndTabOnly) {
  EXPECT_EQ(TrimBlanks(" \ta b\t "), "a b");
  EXPECT_EQ(TrimBlanks("\n"), "\n");
  EXPECT_EQ(TrimBlanks(" \t"), "");
}

}  // namespace
}  // namespace skerry::http
