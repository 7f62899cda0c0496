#include "origin-shield/activation/activation.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/cache/purge/scopes.h"

namespace skerry::shield {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;
using State = Activation::State;

Receipt Of(Seq seq, bool complete) {
  return {.id = "r" + std::to_string(seq), .seq = seq, .complete = complete, .nodes = {}};
}

class ActivationTest : public testing::Test {
 protected:
  static Difference Pages() {
    Difference difference;
    difference.tags = {"page"};
    return difference;
  }
  Activation activation_{"demo", "new", "old", Pages()};
};

TEST_F(ActivationTest, PostsTheDifference) {
  EXPECT_EQ(activation_.state(), State::kPosting);
  EXPECT_THAT(activation_.tags(), ElementsAre("page"));
}

TEST_F(ActivationTest, IsCompleteWhenTheReceiptIsAndWeHaveAppliedIt) {
  activation_.OnPosted(Of(7, false));
  activation_.OnApplied(7, "old");
  EXPECT_EQ(activation_.state(), State::kPosted);
  activation_.OnPosted(Of(7, true));
  EXPECT_EQ(activation_.state(), State::kComplete);
  EXPECT_TRUE(activation_.receipt().complete);
}

TEST_F(ActivationTest, AReceiptThatIsCompleteWithoutUsIsNotPassedOn) {
  activation_.OnPosted(Of(7, true));
  EXPECT_EQ(activation_.state(), State::kPosted);
  EXPECT_FALSE(activation_.receipt().complete);
  activation_.OnApplied(7, "old");
  EXPECT_EQ(activation_.state(), State::kComplete);
}

TEST_F(ActivationTest, TheLogMayBeFasterThanTheAnswerToThePost) {
  activation_.OnApplied(7, "old");
  EXPECT_FALSE(activation_.applied());
  activation_.OnPosted(Of(7, true));
  EXPECT_EQ(activation_.state(), State::kComplete);
}

TEST_F(ActivationTest, AnotherRecordIsNotOurs) {
  activation_.OnPosted(Of(7, true));
  activation_.OnApplied(6, "old");
  EXPECT_EQ(activation_.state(), State::kPosted);
}

TEST_F(ActivationTest, AnActivationThatCameBetweenMakesItNameTheWholeSite) {
  activation_.OnPosted(Of(7, true));
  activation_.OnApplied(7, "between");
  EXPECT_EQ(activation_.state(), State::kPosting);
  EXPECT_EQ(activation_.round(), 1);
  EXPECT_THAT(activation_.tags(), Contains(cache::SiteTag("demo")));
  activation_.OnPosted(Of(9, true));
  activation_.OnApplied(9, "new");
  EXPECT_EQ(activation_.state(), State::kComplete);
  EXPECT_EQ(activation_.receipt().seq, 9u);
}

TEST_F(ActivationTest, TheWholeSiteIsRightOnAnyBase) {
  activation_.OnPosted(Of(7, true));
  activation_.OnApplied(7, "between");
  activation_.OnPosted(Of(9, true));
  activation_.OnApplied(9, "yet another");
  EXPECT_EQ(activation_.state(), State::kComplete);
}

TEST_F(ActivationTest, ARedeliveredRecordIsJudgedAsItCameFirst) {
  activation_.OnApplied(7, "old");
  activation_.OnApplied(7, "new");
  activation_.OnPosted(Of(7, true));
  EXPECT_EQ(activation_.state(), State::kComplete);
}

TEST_F(ActivationTest, ARefusalEndsIt) {
  activation_.OnRefused({Code::kDenied, Side::kUpstream, false, "wrong token"});
  EXPECT_EQ(activation_.state(), State::kRefused);
  EXPECT_EQ(activation_.error().context, "wrong token");
  activation_.OnPosted(Of(7, true));
  EXPECT_EQ(activation_.state(), State::kRefused);
}

TEST(ReceiptTest, ComesBackFromItsJson) {
  const Receipt receipt{"abc", 42, true, {{"edge-1", {"applied", 42, "2026-03-01T10:00:00.123Z"}}}};
  EXPECT_EQ(*Receipt::FromJson(receipt.ToJson()), receipt);
  EXPECT_EQ(receipt.ToJson(), R"({"id":"abc","seq":42,"state":"complete","nodes":{"edge-1":)"
                              R"({"state":"applied","seq":42,"at":"2026-03-01T10:00:00.123Z"}}})");
}

TEST(ReceiptTest, SaysWhatIsMissing) {
  EXPECT_THAT(Receipt::FromJson("[]").error().context, HasSubstr("JSON object"));
  EXPECT_THAT(Receipt::FromJson(R"({"seq":1,"state":"complete"})").error().context,
              HasSubstr("id"));
  EXPECT_THAT(Receipt::FromJson(R"({"id":"a","state":"complete"})").error().context,
              HasSubstr("seq"));
  EXPECT_THAT(Receipt::FromJson(R"({"id":"a","seq":1,"state":"x"})").error().context,
              HasSubstr("state"));
  EXPECT_TRUE(Receipt::FromJson(R"({"id":"a","seq":1,"state":"accepted"})").has_value());
}

}  // namespace
}  // namespace skerry::shield
