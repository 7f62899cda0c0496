#include "core/http/no_vary_search.h"

#include <gmock/gmock.h>

namespace skerry::http {
namespace {

using ::testing::ElementsAre;

NoVarySearch Parse(const char* value) { return ParseNoVarySearch({{"no-vary-search", value}}); }

bool Same(const char* a, const char* b, const char* rule) {
  return CanonicalQuery(a, Parse(rule)) == CanonicalQuery(b, Parse(rule));
}

TEST(NoVarySearchTest, ReadsItsThreeMembers) {
  EXPECT_TRUE(Parse("key-order").key_order);
  EXPECT_TRUE(Parse("params").no_params);
  EXPECT_FALSE(Parse("params, key-order=?0").key_order);
  EXPECT_THAT(Parse(R"(params=("utm_source" "a"))").params, ElementsAre("utm_source", "a"));
  EXPECT_THAT(Parse(R"(params, except=("id"), key-order)").except, ElementsAre("id"));
  EXPECT_TRUE(Parse("").empty());
  EXPECT_TRUE(ParseNoVarySearch({}).empty());
}

TEST(NoVarySearchTest, WhatIsNotValidIsIgnoredWhole) {
  for (const char* value :
       {"params=(", "key-order=1, params", "params=1", "params=\"a\"", "params=(a b)",
        R"(params=("a"), unknown)", R"(except=("a"))", R"(params=?0, except=("a"))",
        R"(params=("b"), except=("a"))", "params, except", "params, except=(1)"}) {
    EXPECT_TRUE(Parse(value).empty()) << value;
  }
}

TEST(NoVarySearchTest, ByDefaultEveryByteCounts) {
  EXPECT_FALSE(Same("a=1", "a=%31", ""));
  EXPECT_FALSE(Same("a=1&b=2", "b=2&a=1", ""));
  EXPECT_FALSE(Same("a", "a=", ""));
}

TEST(NoVarySearchTest, NamesThatDoNotCountAreLeftOut) {
  EXPECT_TRUE(Same("id=1&utm=x", "utm=y&id=1&utm=z", R"(params=("utm"))"));
  EXPECT_TRUE(Same("id=1&utm=x", "id=1", R"(params=("utm"))"));
  EXPECT_FALSE(Same("id=1&utm=x", "id=2&utm=x", R"(params=("utm"))"));
  EXPECT_TRUE(Same("a=1&b=2", "", "params"));
  EXPECT_TRUE(Same("a=1&id=2", "id=2&z", R"(params, except=("id"))"));
  EXPECT_FALSE(Same("a=1&id=2", "a=1", R"(params, except=("id"))"));
}

TEST(NoVarySearchTest, OrderCountsUnlessKeyOrderIsSaid) {
  EXPECT_FALSE(Same("a=1&b=2", "b=2&a=1", R"(params=("c"))"));
  EXPECT_TRUE(Same("a=1&b=2", "b=2&a=1", "key-order"));
  EXPECT_FALSE(Same("a=1&a=2", "a=2&a=1", "key-order"));
}

TEST(NoVarySearchTest, SpellingsOfOneNameAndValueAreTheSame) {
  EXPECT_TRUE(Same("a%20b=%C3%A9", "a+b=\xC3\xA9", "key-order"));
  EXPECT_TRUE(Same("a&&b=", "a=&b", "key-order"));
  EXPECT_TRUE(Same("x%20y=1", "", R"(params=("x+y"))"));
}

TEST(NoVarySearchTest, CodedSeparatorsStayPartOfTheirValue) {
  EXPECT_FALSE(Same("a=1%26b=2", "a=1&b=2", "key-order"));
  EXPECT_FALSE(Same("a%3D1=", "a=1", "key-order"));
  EXPECT_FALSE(Same("a=%2", "a=2", "key-order"));
}

}  // namespace
}  // namespace skerry::http
