#include "core/config/kind.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/config/sample_table.h"

namespace skerry::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

// The error's words, or "ok".
template <class V>
std::string Refusal(const Kind<V>& kind, Written written) {
  const Result<V> value = kind.parse(written);
  return value ? "ok" : value.error().context;
}

// A text, not a bool, from a literal.
Written Quote(const char* text) { return std::string(text); }

TEST(BytesTest, EveryUnitIsAPowerOf1024) {
  const Kind<ByteCount> kind = Bytes(0, 2048_GiB);
  EXPECT_EQ(*kind.parse(Quote("7B")), 7u);
  EXPECT_EQ(*kind.parse(Quote("7KiB")), 7_KiB);
  EXPECT_EQ(*kind.parse(Quote("512MiB")), 512_MiB);
  EXPECT_EQ(*kind.parse(Quote("8GiB")), 8_GiB);
  EXPECT_EQ(*kind.parse(Quote("2TiB")), 2048_GiB);
}

TEST(BytesTest, ZeroNeedsNoUnitAndNothingElseGoesWithout) {
  const Kind<ByteCount> kind = Bytes(0, 1_GiB);
  EXPECT_EQ(*kind.parse(Written(int64_t{0})), 0u);
  EXPECT_EQ(*kind.parse(Quote("0")), 0u);
  EXPECT_THAT(Refusal(kind, Written(int64_t{512})),
              HasSubstr("found the number 512 without a unit"));
  EXPECT_THAT(Refusal(kind, Quote("512")), HasSubstr("found \"512\" without a unit"));
}

TEST(BytesTest, AWrongUnitIsRefusedWithTheRightOne) {
  EXPECT_THAT(
      Refusal(Bytes(0, 1_GiB), Quote("512MB")),
      HasSubstr("unknown unit \"MB\"; units are B, KiB, MiB, GiB, TiB; did you mean \"512MiB\"?"));
  EXPECT_THAT(Refusal(Bytes(0, 1_GiB), Quote("512 MiB")), HasSubstr("unknown unit \" MiB\""));
  EXPECT_THAT(Refusal(Bytes(0, 1_GiB), Quote("5s")), HasSubstr("unknown unit \"s\""));
}

TEST(BytesTest, BothEndsOfTheRangeAreAllowedAndNothingBeyond) {
  const Kind<ByteCount> kind = Bytes(1_MiB, 4_MiB);
  EXPECT_TRUE(kind.parse(Quote("1MiB")));
  EXPECT_TRUE(kind.parse(Quote("4MiB")));
  EXPECT_EQ(Refusal(kind, Quote("1023KiB")), "out of range: \"1023KiB\"; allowed is 1MiB to 4MiB");
  EXPECT_THAT(Refusal(kind, Quote("5MiB")), HasSubstr("out of range"));
}

TEST(BytesTest, NumbersBeyond64BitsAreOutOfRangeNotWrapped) {
  const Kind<ByteCount> kind = Bytes(0, ~ByteCount{0});
  EXPECT_THAT(Refusal(kind, Quote("99999999999999999999B")), HasSubstr("out of range"));
  EXPECT_THAT(Refusal(kind, Quote("18446744073709551615TiB")), HasSubstr("out of range"));
}

TEST(BytesTest, SignsFractionsAndOtherTypesAreRefused) {
  for (const char* text : {"-1MiB", "+1MiB", "1.5GiB", "", "MiB", " 1MiB", "0x10MiB"}) {
    EXPECT_NE(Refusal(Bytes(0, 1_GiB), Quote(text)), "ok") << text;
  }
  EXPECT_THAT(Refusal(Bytes(0, 1_GiB), Written(true)), HasSubstr("found true"));
}

TEST(BytesTest, PrintsInTheLargestUnitThatFits) {
  const Kind<ByteCount> kind = Bytes(0, 1_GiB);
  EXPECT_EQ(kind.print(512_MiB), "512MiB");
  EXPECT_EQ(kind.print(1500), "1500B");
  EXPECT_EQ(kind.print(0), "0");
}

TEST(DurationTest, EveryUnit) {
  const Kind<Millis> kind = Duration(0ms, 24h * 365);
  EXPECT_EQ(*kind.parse(Quote("500ms")), 500ms);
  EXPECT_EQ(*kind.parse(Quote("10s")), 10s);
  EXPECT_EQ(*kind.parse(Quote("2m")), 2min);
  EXPECT_EQ(*kind.parse(Quote("1h")), 1h);
  EXPECT_EQ(*kind.parse(Quote("365d")), 24h * 365);
  EXPECT_EQ(*kind.parse(Written(int64_t{0})), 0ms);
}

TEST(DurationTest, NumbersWithoutUnitAndSizesAreRefused) {
  const Kind<Millis> kind = Duration(0ms, 1h);
  EXPECT_THAT(Refusal(kind, Written(int64_t{10})), HasSubstr("without a unit"));
  EXPECT_THAT(Refusal(kind, Quote("10")), HasSubstr("without a unit"));
  EXPECT_THAT(Refusal(kind, Quote("10MiB")), HasSubstr("unknown unit \"MiB\""));
  EXPECT_THAT(Refusal(kind, Quote("10sec")), HasSubstr("did you mean \"10s\"?"));
}

TEST(DurationTest, OutOfRangeNamesTheRange) {
  EXPECT_EQ(Refusal(Duration(1s, 1h), Quote("999ms")),
            "out of range: \"999ms\"; allowed is 1s to 1h");
  EXPECT_THAT(Refusal(Duration(0s, 1h), Quote("61m")), HasSubstr("out of range"));
}

TEST(DurationTest, WholeSecondsRefuseAFraction) {
  const Kind<Seconds> kind = WholeSeconds(0s, 1h);
  EXPECT_EQ(*kind.parse(Quote("2000ms")), 2s);
  EXPECT_THAT(Refusal(kind, Quote("1500ms")), HasSubstr("expected whole seconds"));
}

TEST(IntegerTest, RangeIsInclusiveAndTextIsRefused) {
  const Kind<int64_t> kind = Integer(1, 8);
  EXPECT_TRUE(kind.parse(Written(int64_t{1})));
  EXPECT_TRUE(kind.parse(Written(int64_t{8})));
  EXPECT_EQ(Refusal(kind, Written(int64_t{9})), "out of range: 9; allowed is 1 to 8");
  EXPECT_THAT(Refusal(kind, Written(int64_t{0})), HasSubstr("out of range"));
  EXPECT_EQ(Refusal(kind, Quote("4")), "expected a whole number, found \"4\"");
}

TEST(BoolTest, OnlyTrueAndFalse) {
  EXPECT_TRUE(*Bool().parse(Written(true)));
  EXPECT_THAT(Refusal(Bool(), Quote("yes")), HasSubstr("expected true or false"));
  EXPECT_THAT(Refusal(Bool(), Written(int64_t{1})), HasSubstr("expected true or false"));
}

TEST(ChoiceTest, AWordStandsForItsValueAndOthersAreRefusedWithTheNearest) {
  const Kind<Profile> kind =
      Choice<Profile>({{"default", Profile::kDefault}, {"rfc", Profile::kRfc}});
  EXPECT_EQ(*kind.parse(Quote("rfc")), Profile::kRfc);
  EXPECT_EQ(kind.print(Profile::kRfc), "rfc");
  EXPECT_EQ(Refusal(kind, Quote("defualt")),
            "expected one of default, rfc; found \"defualt\"; did you mean \"default\"?");
  EXPECT_EQ(Refusal(kind, Quote("RFC")), "expected one of default, rfc; found \"RFC\"");
}

TEST(TextTest, ControlCharactersAreRefused) {
  EXPECT_EQ(*Text().parse(Quote("a b")), "a b");
  EXPECT_EQ(Refusal(Text(), Quote("a\r\nSet-Cookie: x")), "control characters are not allowed");
  EXPECT_EQ(Refusal(TextList(), Written(std::vector<std::string>{"a\tb"})),
            "control characters are not allowed");
}

TEST(TextTest, NumbersAreNotText) {
  EXPECT_EQ(Refusal(Path(), Written(int64_t{3})), "expected path in quotes, found the number 3");
}

TEST(ListTest, OneTextIsNotAListAndEmptyElementsAreRefused) {
  EXPECT_THAT(Refusal(TextList(), Quote("a")), HasSubstr("in brackets"));
  EXPECT_THAT(Refusal(TextList(), Written(std::vector<std::string>{"a", ""})),
              HasSubstr("empty text"));
}

TEST(ListTest, EveryNumberIsHeldAgainstTheRange) {
  const auto kind = IntegerList(16, 8192);
  EXPECT_THAT(*kind.parse(Written(std::vector<int64_t>{16, 8192})), ElementsAre(16, 8192));
  EXPECT_THAT(Refusal(kind, Written(std::vector<int64_t>{640, 15})), HasSubstr("out of range: 15"));
  EXPECT_TRUE(kind.parse(Written(std::vector<std::string>{}))) << "an empty list has no type";
  EXPECT_THAT(Refusal(kind, Written(std::vector<std::string>{"640"})), HasSubstr("whole numbers"));
}

TEST(ParsedTest, TheTypeOfAnotherRoomDecides) {
  const Kind<Endpoint> kind = Parsed<Endpoint>("HOST:PORT");
  EXPECT_EQ(kind.parse(Quote("localhost:80"))->port, 80);
  EXPECT_EQ(Refusal(kind, Quote("localhost")), "expected HOST:PORT, found \"localhost\"");
  EXPECT_THAT(Refusal(kind, Written(int64_t{80})), HasSubstr("expected HOST:PORT in quotes"));
}

TEST(ParsedTest, AListFailsWithItsFirstBadElement) {
  const auto kind = ParsedList<Endpoint>("HOST:PORT");
  EXPECT_EQ(kind.parse(Written(std::vector<std::string>{"a:1", "b:2"}))->size(), 2u);
  EXPECT_THAT(Refusal(kind, Written(std::vector<std::string>{"a:1", "b"})),
              HasSubstr("found \"b\""));
}

TEST(FromFlagTest, ListsAreSplitAtCommas) {
  EXPECT_EQ(*FromFlag(Form::kTextList, "a,b"), Written(std::vector<std::string>{"a", "b"}));
  EXPECT_EQ(*FromFlag(Form::kTextList, ""), Written(std::vector<std::string>{}));
  EXPECT_EQ(*FromFlag(Form::kTextList, "a,"), Written(std::vector<std::string>{"a", ""}))
      << "the empty element is left for the kind to refuse";
  EXPECT_EQ(*FromFlag(Form::kIntegerList, "1,-2"), Written(std::vector<int64_t>{1, -2}));
}

TEST(FromFlagTest, WhatIsNoNumberIsRefused) {
  for (const char* text : {"", "8x", "0x8", "8.0", " 8", "99999999999999999999"}) {
    EXPECT_FALSE(FromFlag(Form::kInteger, text)) << text;
    EXPECT_TRUE(std::string(text).empty() || !FromFlag(Form::kIntegerList, text)) << text;
  }
}

}  // namespace
}  // namespace skerry::config
