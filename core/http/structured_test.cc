#include "core/http/structured.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace skerry::http::structured {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::Pair;

// The value of an item that parses, written again.
std::string Again(std::string_view text) {
  const Result<Item> item = ParseItem(text);
  if (!item) return "refused";
  return Serialize(*item).value_or("unwritable");
}
std::string AgainList(std::string_view text) {
  const Result<List> list = ParseList(text);
  return list ? Serialize(*list).value_or("unwritable") : "refused";
}
std::string AgainDictionary(std::string_view text) {
  const Result<Dictionary> dictionary = ParseDictionary(text);
  return dictionary ? Serialize(*dictionary).value_or("unwritable") : "refused";
}

TEST(StructuredTest, IntegersHaveUpToFifteenDigits) {
  EXPECT_EQ(ParseItem("42")->value, BareItem(int64_t{42}));
  EXPECT_EQ(Again("-0"), "0");
  EXPECT_EQ(Again("0042"), "42");
  EXPECT_EQ(Again("-999999999999999"), "-999999999999999");
  EXPECT_EQ(Again("1000000000000000"), "refused");
  EXPECT_EQ(Again("-"), "refused");
  EXPECT_EQ(Again("--1"), "refused");
  EXPECT_EQ(Again("- 1"), "refused");
  EXPECT_EQ(Again("1 000"), "refused");
}

TEST(StructuredTest, DecimalsHaveTwelveAndThreeDigits) {
  EXPECT_EQ(ParseItem("-1.5")->value, BareItem(Decimal{-1500}));
  EXPECT_EQ(Again("1.500"), "1.5");
  EXPECT_EQ(Again("1.0"), "1.0");
  EXPECT_EQ(Again("-0.001"), "-0.001");
  EXPECT_EQ(Again("999999999999.999"), "999999999999.999");
  EXPECT_EQ(Again("1234567890123.0"), "refused");
  EXPECT_EQ(Again("1.1234"), "refused");
  EXPECT_EQ(Again("1."), "refused");
  EXPECT_EQ(Again(".5"), "refused");
  EXPECT_EQ(Again("1.5.4"), "refused");
}

TEST(StructuredTest, StringsArePrintableAscii) {
  EXPECT_EQ(ParseItem(R"("a\"b\\c")")->value, BareItem(std::string("a\"b\\c")));
  EXPECT_EQ(Again(R"("a\"b\\c")"), R"("a\"b\\c")");
  EXPECT_EQ(Again("\"\""), "\"\"");
  for (const char* text :
       {"\"", "\"a", "\"\\a\"", "\"\\", "\"a\tb\"", "\"\x7f\"", "\"\xc3\xa9\"", "'a'"}) {
    EXPECT_EQ(Again(text), "refused") << text;
  }
}

TEST(StructuredTest, TokensMayHoldColonsAndSlashes) {
  EXPECT_EQ(ParseItem("a/b:c*")->value, BareItem(Token{"a/b:c*"}));
  EXPECT_EQ(Again("*a"), "*a");
  EXPECT_EQ(Again("a,b"), "refused");
  EXPECT_EQ(Again("!a"), "refused");
}

TEST(StructuredTest, ByteSequencesAreBase64WithLooseEnds) {
  EXPECT_EQ(ParseItem(":aGVsbG8=:")->value, BareItem(Bytes{"hello"}));
  EXPECT_EQ(Again(":aGVsbG8:"), ":aGVsbG8=:");
  EXPECT_EQ(Again("::"), "::");
  EXPECT_EQ(Again(":iZ==:"), ":iQ==:");
  for (const char* text : {":aGVsbG8=", ":", ":a:", ":aGV_:", ":a GVs:"}) {
    EXPECT_EQ(Again(text), "refused") << text;
  }
}

TEST(StructuredTest, BooleansAreZeroOrOne) {
  EXPECT_EQ(ParseItem("?1")->value, BareItem(true));
  EXPECT_EQ(Again("?0"), "?0");
  EXPECT_EQ(Again("?2"), "refused");
  EXPECT_EQ(Again("?"), "refused");
  EXPECT_EQ(Again("?T"), "refused");
}

TEST(StructuredTest, DatesAreWholeSeconds) {
  EXPECT_EQ(ParseItem("@1659578233")->value, BareItem(Date{1659578233}));
  EXPECT_EQ(Again("@-5"), "@-5");
  EXPECT_EQ(Again("@1.5"), "refused");
  EXPECT_EQ(Again("@"), "refused");
}

TEST(StructuredTest, DisplayStringsAreUtf8) {
  EXPECT_EQ(ParseItem("%\"f%c3%bc\"")->value, BareItem(DisplayString{"f\xc3\xbc"}));
  EXPECT_EQ(Again("%\"f%c3%bc %25 %22\""), "%\"f%c3%bc %25 %22\"");
  for (const char* text : {"%\"%C3%BC\"", "%\"%c3\"", "%\"%c0%80\"", "%\"%ed%a0%80\"",
                           "%\"%f4%90%80%80\"", "%\"%e0%80%80\"", "%\"%f8%88%80%80%80\"", "%\"%2",
                           "%\"a", "%a", "%", "%\"\xc3\xbc\"", "%\"%g0\""}) {
    EXPECT_EQ(Again(text), "refused") << text;
  }
}

TEST(StructuredTest, ParametersKeepTheirFirstPlaceAndLastValue) {
  EXPECT_THAT(ParseItem("a; x=1;  y;x=2")->parameters,
              ElementsAre(Pair("x", BareItem(int64_t{2})), Pair("y", BareItem(true))));
  EXPECT_EQ(Again("a;b;c=?0"), "a;b;c=?0");
  EXPECT_EQ(Again("a ;b"), "refused");
  EXPECT_EQ(Again("a;B"), "refused");
  EXPECT_EQ(Again("a;b= 1"), "refused");
  EXPECT_EQ(Again("a;"), "refused");
}

TEST(StructuredTest, SpacesMayStandAroundButNotTabs) {
  EXPECT_EQ(Again("  1  "), "1");
  EXPECT_EQ(Again("\t1"), "refused");
  EXPECT_EQ(Again(""), "refused");
  EXPECT_EQ(Again("1 2"), "refused");
}

TEST(StructuredTest, ListsHoldItemsAndInnerLists) {
  EXPECT_EQ(AgainList("a ,\tb,(c  d;x );y=1, ()"), "a, b, (c d;x);y=1, ()");
  EXPECT_TRUE(ParseList("")->empty());
  EXPECT_TRUE(ParseList("  ")->empty());
  for (const char* text :
       {"a,", "a, ", ",a", "a b", "a,,b", "(a", "(a,b)", "(a(b))", "(a)b", "(a\tb)"}) {
    EXPECT_EQ(AgainList(text), "refused") << text;
  }
}

TEST(StructuredTest, DictionariesKeepTheFirstPlaceAndLastValue) {
  EXPECT_EQ(AgainDictionary("a=1, b;x, c=(1 2), a=?0"), "a=?0, b;x, c=(1 2)");
  EXPECT_EQ(AgainDictionary("a=?1"), "a");
  EXPECT_TRUE(ParseDictionary("")->empty());
  for (const char* text : {"a=", "A=1", "a =1", "a= 1", "a=1,", "=1", "a=1 b=2", "1=1", "a=1;=2"}) {
    EXPECT_EQ(AgainDictionary(text), "refused") << text;
  }
}

TEST(StructuredTest, ErrorsSayWhatAndWhere) {
  EXPECT_THAT(ParseList("a b").error().context, HasSubstr("comma"));
  EXPECT_THAT(ParseList("a b").error().context, HasSubstr("at byte 2"));
  EXPECT_EQ(ParseList("a b").error().code, Code::kInvalid);
}

TEST(StructuredTest, WhatCannotBeWrittenIsRefused) {
  for (const BareItem& value : {
           BareItem(int64_t{1'000'000'000'000'000}),
           BareItem(int64_t{-1'000'000'000'000'000}),
           BareItem(Decimal{1'000'000'000'000'000}),
           BareItem(Date{1'000'000'000'000'000}),
           BareItem(std::string("\n")),
           BareItem(std::string("\xc3\xa9")),
           BareItem(Token{""}),
           BareItem(Token{"1a"}),
           BareItem(Token{"a b"}),
           BareItem(DisplayString{"\xff"}),
       }) {
    EXPECT_FALSE(Serialize(Item{value, {}}));
  }
  EXPECT_FALSE(Serialize(Item{true, {{"", true}}}));
  EXPECT_FALSE(Serialize(Item{true, {{"Up", true}}}));
  EXPECT_FALSE(Serialize(Dictionary{{"1", Item{true, {}}}}));
}

TEST(StructuredTest, FindAndAsReachTypedValues) {
  const Result<Dictionary> dictionary = ParseDictionary("max-age=60, x=\"y\";p=1, l=(1)");
  ASSERT_TRUE(dictionary);
  EXPECT_EQ(*As<int64_t>(Find(*dictionary, "max-age")), 60);
  EXPECT_EQ(As<int64_t>(Find(*dictionary, "x")), nullptr);
  EXPECT_EQ(As<int64_t>(Find(*dictionary, "l")), nullptr);
  EXPECT_EQ(As<int64_t>(Find(*dictionary, "none")), nullptr);
  const Item& item = std::get<Item>(*Find(*dictionary, "x"));
  EXPECT_EQ(*Find(item.parameters, "p"), BareItem(int64_t{1}));
}

}  // namespace
}  // namespace skerry::http::structured
