#include "core/http/range.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/http/date.h"

namespace skerry::http {
namespace {

using ::testing::ElementsAre;

RangeChoice Choice(std::string_view text, uint64_t size = 10) {
  return SelectRanges(text, size).choice;
}
std::vector<ByteRange> Ranges(std::string_view text, uint64_t size = 10) {
  return SelectRanges(text, size).ranges;
}

TEST(RangeTest, ReadsTheThreeForms) {
  EXPECT_THAT(Ranges("bytes=2-4"), ElementsAre(ByteRange{2, 4}));
  EXPECT_THAT(Ranges("bytes=2-"), ElementsAre(ByteRange{2, 9}));
  EXPECT_THAT(Ranges("bytes=-3"), ElementsAre(ByteRange{7, 9}));
  EXPECT_EQ(Choice("bytes=0-0"), RangeChoice::kPartial);
}

TEST(RangeTest, ALastPositionBeyondTheEndIsTheEnd) {
  EXPECT_THAT(Ranges("bytes=5-99"), ElementsAre(ByteRange{5, 9}));
  EXPECT_THAT(Ranges("bytes=5-99999999999999999999999"), ElementsAre(ByteRange{5, 9}));
}

TEST(RangeTest, SuffixLongerThanTheBodyIsTheWholeBody) {
  EXPECT_THAT(Ranges("bytes=-99"), ElementsAre(ByteRange{0, 9}));
  EXPECT_THAT(Ranges("bytes=-99999999999999999999999"), ElementsAre(ByteRange{0, 9}));
}

TEST(RangeTest, NothingInsideIsUnsatisfiable) {
  EXPECT_EQ(Choice("bytes=10-"), RangeChoice::kUnsatisfiable);
  EXPECT_EQ(Choice("bytes=10-12,99-"), RangeChoice::kUnsatisfiable);
  EXPECT_EQ(Choice("bytes=-0"), RangeChoice::kUnsatisfiable);
  EXPECT_EQ(Choice("bytes=99999999999999999999999-"), RangeChoice::kUnsatisfiable);
  EXPECT_EQ(Choice("bytes=0-", 0), RangeChoice::kUnsatisfiable);
}

TEST(RangeTest, TheLastBytesOfAnEmptyBodyAreTheWhole) {
  EXPECT_EQ(Choice("bytes=-5", 0), RangeChoice::kWhole);
}

TEST(RangeTest, SeveralKeepTheirOrderAndLoseTheUnsatisfiable) {
  EXPECT_THAT(Ranges("bytes=8-,0-1 ,, 50-,\t-1"),
              ElementsAre(ByteRange{8, 9}, ByteRange{0, 1}, ByteRange{9, 9}));
}

TEST(RangeTest, TheUnitIsInAnyLetterCase) { EXPECT_EQ(Choice("Bytes=0-1"), RangeChoice::kPartial); }

TEST(RangeTest, WhatIsInvalidIsIgnoredAsAWhole) {
  for (const char* text :
       {"",           "bytes",      "bytes=",      "bytes=,",     "bytes=-",
        "bytes=a-b",  "bytes=1",    "bytes=4-2",   "bytes=--1",   "bytes=+1-2",
        "bytes=1 -2", "bytes=1- 2", "bytes =1-2",  "bytes=0-1,x", "bytes=0-1,4-2",
        "items=0-1",  "bytes:0-1",  "bytes=0x1-2", "bytes=1-2-3", "bytes=0-1;2-3"}) {
    EXPECT_EQ(Choice(text), RangeChoice::kWhole) << text;
  }
}

TEST(RangeTest, TooManyRangesAreTheWhole) {
  std::string text = "bytes=0-0";
  for (int i = 1; i < 16; ++i) text += "," + std::to_string(2 * i) + "-" + std::to_string(2 * i);
  EXPECT_EQ(SelectRanges(text, 100).choice, RangeChoice::kPartial);
  EXPECT_EQ(SelectRanges(text + ",50-50", 100).choice, RangeChoice::kWhole);
  EXPECT_EQ(SelectRanges("bytes=0-0,2-2", 100, 1).choice, RangeChoice::kWhole);
}

TEST(RangeTest, ManyOverlappingRangesAreTheWhole) {
  EXPECT_EQ(Choice("bytes=0-,0-,0-"), RangeChoice::kPartial);
  EXPECT_EQ(Choice("bytes=0-,0-,0-,0-"), RangeChoice::kWhole);
  EXPECT_EQ(Choice("bytes=5-9,0-9,3-4,1-2"), RangeChoice::kWhole);
  EXPECT_EQ(Choice("bytes=0-1,2-3,4-5,6-7"), RangeChoice::kPartial);
}

TEST(ContentRangeTest, ReadsAndWritesItsForms) {
  for (const char* text : {"bytes 0-4/10", "bytes 0-4/*", "bytes */10", "bytes 9-9/10"}) {
    const std::optional<ContentRange> content = ParseContentRange(text);
    ASSERT_TRUE(content) << text;
    EXPECT_EQ(content->ToString(), text);
  }
  EXPECT_EQ(ParseContentRange("bytes 2-4/10"), (ContentRange{ByteRange{2, 4}, 10}));
}

TEST(ContentRangeTest, RefusesTheImpossible) {
  for (const char* text :
       {"", "bytes", "bytes 4-9/9", "bytes 5-4/10", "bytes */*", "bytes 0-4", "bytes 0-/10",
        "bytes -4/10", "items 0-4/10", "bytes=0-4/10", "bytes 0-4/x", "bytes 0-4/", "bytes  0-4/10",
        "bytes 0-4/10 ", "bytes 0-99999999999999999999/*", "bytes 0-1/99999999999999999999"}) {
    EXPECT_EQ(ParseContentRange(text), std::nullopt) << text;
  }
}

class IfRangeTest : public ::testing::Test {
 protected:
  bool Holds(std::string_view text) { return IfRangeHolds(text, current_, kNow); }

  static constexpr WallTime kNow = WallTime(Seconds(1'700'000'000));
  Validators current_{true, EntityTag{false, "a"}, kNow - Seconds(60), kNow};
};

TEST_F(IfRangeTest, ATagMustMatchStrongly) {
  EXPECT_TRUE(Holds("\"a\""));
  EXPECT_FALSE(Holds("\"b\""));
  EXPECT_FALSE(Holds("W/\"a\""));
  current_.etag = EntityTag{true, "a"};
  EXPECT_FALSE(Holds("W/\"a\""));
  EXPECT_FALSE(Holds("\"a\""));
}

TEST_F(IfRangeTest, ADateMustBeExactlyTheSame) {
  EXPECT_TRUE(Holds(FormatDate(kNow - Seconds(60))));
  EXPECT_FALSE(Holds(FormatDate(kNow - Seconds(59))));
  EXPECT_FALSE(Holds(FormatDate(kNow - Seconds(61))));
}

TEST_F(IfRangeTest, ADateThatCouldHaveChangedWithinItsSecondIsWeak) {
  current_.last_modified = kNow;
  EXPECT_FALSE(Holds(FormatDate(kNow)));
  current_.last_modified = kNow - Seconds(60);
  current_.date.reset();
  EXPECT_FALSE(Holds(FormatDate(kNow - Seconds(60))));
}

TEST(CoalesceTest, WhatIsNearBecomesOneWhereTheFirstOfThemStood) {
  const std::vector<ByteRange> far = {{50, 59}, {0, 9}};
  EXPECT_EQ(Coalesce(far, 10), far);
  EXPECT_EQ(Coalesce(far, 40), (std::vector<ByteRange>{{0, 59}}));
  EXPECT_EQ(Coalesce({{90, 99}, {0, 1}, {100, 101}, {2, 89}}, 0),
            (std::vector<ByteRange>{{0, 101}}));
  EXPECT_EQ(Coalesce({{5, 9}, {20, 29}, {7, 8}}, 0), (std::vector<ByteRange>{{5, 9}, {20, 29}}));
  EXPECT_TRUE(Coalesce({}, 1).empty());
}

TEST_F(IfRangeTest, NothingElseHolds) {
  EXPECT_FALSE(Holds(""));
  EXPECT_FALSE(Holds("a"));
  EXPECT_FALSE(Holds("*"));
  EXPECT_FALSE(Holds("\"a\", \"b\""));
  current_.exists = false;
  EXPECT_FALSE(Holds("\"a\""));
}

}  // namespace
}  // namespace skerry::http
