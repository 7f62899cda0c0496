#include "core/cache/vary.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/base/random.h"
#include "core/cache/representation.h"

namespace skerry::cache {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

VaryNames Names(std::vector<std::string> names) {
  return {.names = std::move(names), .any = false};
}

// Would a response to `stored`, with this Vary, be used for `request`?
bool Matches(const VaryNames& names, const http::Fields& stored, const http::Fields& request,
             const http::Fields& response = {}) {
  return MatchesVariant(names, VariantText(names, stored), response, request);
}

std::string Normal(std::string_view name, std::string_view value) {
  return NormalizeVaryValue(name, {{std::string(name), std::string(value)}});
}

TEST(VaryTest, NamesAreLowerCaseSortedAndWithoutDoubles) {
  EXPECT_THAT(ParseVary({{"vary", "Foo, bar"}, {"vary", "FOO"}}).names, ElementsAre("bar", "foo"));
  EXPECT_TRUE(ParseVary({}).empty());
  EXPECT_TRUE(ParseVary({{"vary", " , "}}).empty());
}

TEST(VaryTest, AStarAnywhereMatchesNothing) {
  for (const http::Fields& fields :
       {http::Fields{{"vary", "*"}}, http::Fields{{"vary", "*, *"}}, http::Fields{{"vary", ", *"}},
        http::Fields{{"vary", "*"}, {"vary", "*"}}, http::Fields{{"vary", ""}, {"vary", "*"}},
        http::Fields{{"vary", "*, Foo"}}, http::Fields{{"vary", "Foo, *"}},
        http::Fields{{"vary", "Foo Bar"}}}) {
    const VaryNames names = ParseVary(fields);
    EXPECT_TRUE(names.any);
    EXPECT_FALSE(Matches(names, {{"foo", "1"}}, {{"foo", "1"}}));
  }
}

TEST(VaryTest, WithoutVaryEverythingMatches) {
  EXPECT_TRUE(Matches({}, {{"foo", "1"}}, {{"foo", "2"}}));
  EXPECT_EQ(VariantHash({}, {{"foo", "1"}}), 0u);
}

TEST(VaryTest, NamedFieldsDecideAndNoOthers) {
  const VaryNames foo = Names({"foo"});
  EXPECT_TRUE(Matches(foo, {{"foo", "1"}, {"other", "2"}}, {{"other", "3"}, {"foo", "1"}}));
  EXPECT_FALSE(Matches(foo, {{"foo", "1"}}, {{"foo", "2"}}));
}

TEST(VaryTest, EveryNameMustMatchInWhateverOrderTheyCame) {
  const VaryNames names = Names({"bar", "baz", "foo"});
  const http::Fields stored{{"foo", "1"}, {"bar", "abc"}, {"baz", "789"}};
  EXPECT_TRUE(Matches(names, stored, {{"baz", "789"}, {"foo", "1"}, {"bar", "abc"}}));
  EXPECT_FALSE(Matches(names, stored, {{"foo", "1"}, {"baz", "789"}, {"bar", "abcde"}}));
  EXPECT_FALSE(Matches(names, stored, {{"foo", "1"}, {"baz", "789"}}));
}

TEST(VaryTest, AbsentIsAValueOfItsOwn) {
  const VaryNames foo = Names({"foo"});
  EXPECT_TRUE(Matches(foo, {}, {}));
  EXPECT_FALSE(Matches(foo, {}, {{"foo", "1"}}));
  EXPECT_FALSE(Matches(foo, {{"foo", "1"}}, {}));
  EXPECT_FALSE(Matches(foo, {{"foo", ""}}, {}));
}

TEST(VaryTest, ValuesAreComparedInTheirLetterCase) {
  EXPECT_FALSE(Matches(Names({"foo"}), {{"foo", "a"}}, {{"foo", "A"}}));
}

TEST(VaryTest, LinesAreCombinedAndBlanksFolded) {
  const VaryNames foo = Names({"foo"});
  EXPECT_TRUE(Matches(foo, {{"foo", "1, 2"}}, {{"foo", "1"}, {"foo", "2"}}));
  EXPECT_TRUE(Matches(foo, {{"foo", "1,2"}}, {{"foo", " 1 ,\t2 "}}));
  EXPECT_TRUE(Matches(foo, {{"foo", "1,2"}}, {{"foo", ",1,, 2,"}}));
  EXPECT_FALSE(Matches(foo, {{"foo", "1,2"}}, {{"foo", "12"}}));
}

TEST(VaryTest, QuotedStringsAreLeftAlone) {
  EXPECT_EQ(Normal("foo", "\"a ,  b\" ,c"), "\"a ,  b\", c");
  EXPECT_EQ(Normal("foo", "\"a\\\" ,  b\" ,c"), "\"a\\\" ,  b\", c");
  EXPECT_EQ(Normal("foo", "\"open ,  b"), "\"open ,  b");
  EXPECT_EQ(Normal("foo", "a\\,b"), "a\\, b");
}

TEST(VaryTest, LanguagesMatchInAnyOrderCaseAndSpacing) {
  const VaryNames names = Names({"accept-language"});
  const http::Fields stored{{"accept-language", "en, de"}};
  for (const char* spelling : {"de, en", "eN, De", " en ,   de", "de;q=1.0,en"}) {
    EXPECT_TRUE(Matches(names, stored, {{"accept-language", spelling}})) << spelling;
  }
  EXPECT_FALSE(Matches(names, stored, {{"accept-language", "en, de;q=0.5"}}));
  EXPECT_FALSE(Matches(names, stored, {{"accept-language", "en"}}));
}

TEST(VaryTest, TextIsALineAName) {
  EXPECT_EQ(VariantText(Names({"accept-encoding", "foo"}), {{"accept-encoding", "BR"}}),
            "accept-encoding: br\nfoo\n");
}

TEST(VaryTest, HashesDifferWhereTextsDo) {
  const VaryNames foo = Names({"foo"});
  EXPECT_NE(VariantHash(foo, {}), 0u);
  EXPECT_EQ(VariantHash(foo, {{"foo", "1,2"}}), VariantHash(foo, {{"foo", "1, 2"}}));
  EXPECT_NE(VariantHash(foo, {{"foo", "1"}}), VariantHash(foo, {{"foo", "2"}}));
  EXPECT_NE(VariantHash(foo, {}), VariantHash(Names({"bar"}), {}));
}

TEST(VaryTest, ATextOfOtherNamesDoesNotMatch) {
  EXPECT_FALSE(MatchesVariant(Names({"foo"}), "", {}, {}));
  EXPECT_FALSE(MatchesVariant({}, "foo\n", {}, {}));
  EXPECT_FALSE(MatchesVariant(Names({"foo"}), "foo", {}, {}));
}

TEST(VaryTest, NormalisingTwiceChangesNothing) {
  SeededRandom random(7);
  constexpr std::string_view kBytes = "aB1-*;q=.05,, \t\"\\\\";
  for (int round = 0; round < 20000; ++round) {
    std::string value;
    for (uint64_t length = random.Below(24); length > 0; --length) {
      value += kBytes[random.Below(kBytes.size())];
    }
    for (const char* name : {"foo", "accept-language", "accept-encoding"}) {
      const std::string once = Normal(name, value);
      ASSERT_EQ(Normal(name, once), once) << name << ": " << value;
    }
  }
}

TEST(VaryIdTest, EqualListsHaveOneNumber) {
  EXPECT_EQ(InternVary({}), 0u);
  const VaryId id = InternVary(Names({"a", "b"}));
  EXPECT_EQ(InternVary(Names({"a", "b"})), id);
  EXPECT_NE(InternVary(Names({"a"})), id);
  EXPECT_THAT(InternedVary(id).names, ElementsAre("a", "b"));
  EXPECT_THAT(InternedVary(0).names, IsEmpty());
}

TEST(VaryIdTest, AFullTableAnswersWithTheListThatNeverMatches) {
  const VaryId first = InternVary(Names({"before"}));
  for (int i = 0; i < 5000; ++i) InternVary(Names({"x-" + std::to_string(i)}));
  for (int twice = 0; twice < 2; ++twice) {
    EXPECT_TRUE(InternedVary(InternVary(Names({"one-too-many"}))).any);
  }
  EXPECT_EQ(InternVary(Names({"before"})), first);
}

}  // namespace
}  // namespace skerry::cache
