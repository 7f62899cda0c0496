#include "core/http/conditional.h"

#include <gtest/gtest.h>

#include "core/http/date.h"

namespace skerry::http {
namespace {

constexpr WallTime kNow = WallTime(Seconds(1'700'000'000));
const WallTime kModified = kNow - Seconds(3600);

class ConditionTest : public ::testing::Test {
 protected:
  Condition Ask(Fields request, std::string_view method = "GET") {
    return Evaluate(method, request, current_, kNow);
  }

  Validators current_{true, EntityTag{false, "a"}, kModified, kNow};
  const std::string before_ = FormatDate(kModified - Seconds(1));
  const std::string same_ = FormatDate(kModified);
  const std::string after_ = FormatDate(kModified + Seconds(1));
};

TEST_F(ConditionTest, NothingAskedMeansProceed) { EXPECT_EQ(Ask({}), Condition::kProceed); }

TEST_F(ConditionTest, IfNoneMatchThatMatchesIsNotModifiedForReads) {
  const Fields request{{"if-none-match", "\"x\", \"a\""}};
  EXPECT_EQ(Ask(request, "GET"), Condition::kNotModified);
  EXPECT_EQ(Ask(request, "HEAD"), Condition::kNotModified);
  EXPECT_EQ(Ask(request, "PUT"), Condition::kPreconditionFailed);
}

TEST_F(ConditionTest, IfNoneMatchComparesWeakly) {
  EXPECT_EQ(Ask({{"if-none-match", "W/\"a\""}}), Condition::kNotModified);
  current_.etag = EntityTag{true, "a"};
  EXPECT_EQ(Ask({{"if-none-match", "\"a\""}}), Condition::kNotModified);
}

TEST_F(ConditionTest, IfNoneMatchOverSeveralLinesIsOneList) {
  EXPECT_EQ(Ask({{"if-none-match", "\"x\""}, {"if-none-match", "\"a\""}}), Condition::kNotModified);
}

TEST_F(ConditionTest, IfNoneMatchStarMatchesWhatExists) {
  EXPECT_EQ(Ask({{"if-none-match", "*"}}), Condition::kNotModified);
  current_.exists = false;
  EXPECT_EQ(Ask({{"if-none-match", "*"}}, "PUT"), Condition::kProceed);
}

TEST_F(ConditionTest, IfNoneMatchWinsOverIfModifiedSince) {
  EXPECT_EQ(Ask({{"if-none-match", "\"x\""}, {"if-modified-since", after_}}), Condition::kProceed);
  EXPECT_EQ(Ask({{"if-none-match", "\"a\""}, {"if-modified-since", before_}}),
            Condition::kNotModified);
}

TEST_F(ConditionTest, AnInvalidIfNoneMatchStillHidesIfModifiedSince) {
  EXPECT_EQ(Ask({{"if-none-match", "a"}, {"if-modified-since", after_}}), Condition::kProceed);
}

// Applications send hashes without quotes, and browsers send them back as they are.
TEST_F(ConditionTest, AMalformedETagMatchesTheSameBytesInIfNoneMatchOfAReadAndNothingElse) {
  for (const char* odd : {"abc", "w/\"abc\"", "W\"abc\"", "\"abc"}) {
    current_ = ValidatorsOf({{"etag", odd}}, kNow);
    EXPECT_EQ(Ask({{"if-none-match", odd}}), Condition::kNotModified) << odd;
    EXPECT_EQ(Ask({{"if-none-match", odd}}, "PUT"), Condition::kProceed) << odd;
    EXPECT_EQ(Ask({{"if-none-match", std::string("x, ") + odd}}), Condition::kProceed) << odd;
    EXPECT_EQ(Ask({{"if-none-match", "\"abc\""}}), Condition::kProceed) << odd;
    EXPECT_EQ(Ask({{"if-match", odd}}), Condition::kPreconditionFailed) << odd;
    current_.exists = false;
    EXPECT_EQ(Ask({{"if-none-match", odd}}), Condition::kProceed) << odd;
  }
  current_ = ValidatorsOf({{"etag", "\"a\""}, {"etag", "\"b\""}}, kNow);
  EXPECT_EQ(Ask({{"if-none-match", "\"a\", \"b\""}}), Condition::kProceed);
}

TEST_F(ConditionTest, IfModifiedSinceCountsUntilTheSameSecond) {
  EXPECT_EQ(Ask({{"if-modified-since", before_}}), Condition::kProceed);
  EXPECT_EQ(Ask({{"if-modified-since", same_}}), Condition::kNotModified);
  EXPECT_EQ(Ask({{"if-modified-since", after_}}), Condition::kNotModified);
  EXPECT_EQ(Ask({{"if-modified-since", after_}}, "POST"), Condition::kProceed);
}

TEST_F(ConditionTest, IfModifiedSinceIsIgnoredWhenItCannotBeCompared) {
  EXPECT_EQ(Ask({{"if-modified-since", "yesterday"}}), Condition::kProceed);
  EXPECT_EQ(Ask({{"if-modified-since", after_}, {"if-modified-since", after_}}),
            Condition::kProceed);
  current_.last_modified.reset();
  EXPECT_EQ(Ask({{"if-modified-since", after_}}), Condition::kProceed);
}

TEST_F(ConditionTest, WhatStandsInForLastModifiedCountsForIfModifiedSinceAlone) {
  current_.last_modified = std::nullopt;
  current_.not_modified_since = kModified;
  EXPECT_EQ(Ask({{"if-modified-since", same_}}), Condition::kNotModified);
  EXPECT_EQ(Ask({{"if-modified-since", before_}}), Condition::kProceed);
  EXPECT_EQ(Ask({{"if-unmodified-since", before_}}), Condition::kProceed);
  current_.last_modified = kModified + Seconds(1);
  EXPECT_EQ(Ask({{"if-modified-since", same_}}), Condition::kProceed);
}

TEST_F(ConditionTest, IfMatchThatFailsIsPreconditionFailedForAnyMethod) {
  EXPECT_EQ(Ask({{"if-match", "\"x\""}}), Condition::kPreconditionFailed);
  EXPECT_EQ(Ask({{"if-match", "\"x\""}}, "PUT"), Condition::kPreconditionFailed);
  EXPECT_EQ(Ask({{"if-match", "\"x\", \"a\""}}), Condition::kProceed);
}

TEST_F(ConditionTest, IfMatchComparesStrongly) {
  EXPECT_EQ(Ask({{"if-match", "W/\"a\""}}), Condition::kPreconditionFailed);
  current_.etag = EntityTag{true, "a"};
  EXPECT_EQ(Ask({{"if-match", "W/\"a\""}}), Condition::kPreconditionFailed);
}

TEST_F(ConditionTest, IfMatchStarNeedsSomethingThatExists) {
  EXPECT_EQ(Ask({{"if-match", "*"}}, "PUT"), Condition::kProceed);
  current_.exists = false;
  EXPECT_EQ(Ask({{"if-match", "*"}}, "PUT"), Condition::kPreconditionFailed);
}

TEST_F(ConditionTest, IfMatchHidesIfUnmodifiedSince) {
  EXPECT_EQ(Ask({{"if-match", "\"a\""}, {"if-unmodified-since", before_}}), Condition::kProceed);
}

TEST_F(ConditionTest, IfUnmodifiedSinceFailsOnlyForLaterChanges) {
  EXPECT_EQ(Ask({{"if-unmodified-since", before_}}), Condition::kPreconditionFailed);
  EXPECT_EQ(Ask({{"if-unmodified-since", same_}}), Condition::kProceed);
  EXPECT_EQ(Ask({{"if-unmodified-since", "x"}}), Condition::kProceed);
}

TEST_F(ConditionTest, BothKindsAreEvaluatedInTurn) {
  EXPECT_EQ(Ask({{"if-match", "\"a\""}, {"if-none-match", "\"a\""}}), Condition::kNotModified);
  EXPECT_EQ(Ask({{"if-match", "\"x\""}, {"if-none-match", "\"a\""}}),
            Condition::kPreconditionFailed);
  EXPECT_EQ(Ask({{"if-unmodified-since", after_}, {"if-modified-since", after_}}),
            Condition::kNotModified);
}

TEST(ValidatorsTest, InvalidFieldsCountAsAbsent) {
  const Validators good = ValidatorsOf(
      {{"etag", "W/\"a\""}, {"last-modified", FormatDate(kModified)}, {"date", FormatDate(kNow)}},
      kNow);
  EXPECT_EQ(good.etag, (EntityTag{true, "a"}));
  EXPECT_EQ(good.last_modified, kModified);
  EXPECT_EQ(good.date, kNow);
  const Validators bad = ValidatorsOf({{"etag", "a"}, {"last-modified", "x"}, {"date", ""}}, kNow);
  EXPECT_EQ(bad.etag, std::nullopt);
  EXPECT_EQ(bad.last_modified, std::nullopt);
  EXPECT_EQ(bad.date, std::nullopt);
}

TEST(ValidatorsTest, DatesAreReadWhereTheRequestComparesThem) {
  const Fields response = {{"etag", "\"a\""}, {"last-modified", FormatDate(kModified)}};
  const auto compares = [&](const Fields& request) {
    const Validators validators = ValidatorsFor(request, response, kNow);
    EXPECT_EQ(validators.etag, (EntityTag{false, "a"}));
    return validators.last_modified == kModified;
  };
  EXPECT_TRUE(compares({{"if-modified-since", "x"}}));
  EXPECT_TRUE(compares({{"if-unmodified-since", "x"}}));
  EXPECT_TRUE(compares({{"if-range", "x"}, {"if-none-match", "x"}}));
  EXPECT_TRUE(compares({{"if-modified-since", "x"}, {"if-match", "x"}}));
  EXPECT_FALSE(compares({{"if-modified-since", "x"}, {"if-none-match", "x"}}));
  EXPECT_FALSE(compares({{"if-unmodified-since", "x"}, {"if-match", "x"}}));
}

TEST(ValidatorsTest, ARequestAsksOnConditionByPreconditionsAndRanges) {
  EXPECT_TRUE(AsksOnCondition({{"accept", "*/*"}, {"if-none-match", "x"}}));
  EXPECT_TRUE(AsksOnCondition({{"range", "bytes=0-"}}));
  EXPECT_FALSE(AsksOnCondition({{"accept", "*/*"}, {"via", "x"}}));
}

TEST(ValidatorsTest, TwoTagsAreNone) {
  EXPECT_EQ(ValidatorsOf({{"etag", "\"a\""}, {"etag", "\"b\""}}, kNow).etag, std::nullopt);
}

}  // namespace
}  // namespace skerry::http
