#include "core/cache/purge/node.h"

#include <gtest/gtest.h>

namespace skerry::cache {
namespace {

constexpr Millis kLease{10'000};

class PurgeNodeTest : public ::testing::Test {
 protected:
  static Record At(Seq seq) {
    Record record;
    record.seq = seq;
    record.id = "p" + std::to_string(seq);
    record.selectors.tags = {"t"};
    return record;
  }
  static PullAnswer Answer(Seq head, std::vector<Seq> records = {}, std::string log = "aa") {
    PullAnswer answer{std::move(log), head, kLease, {}, {}};
    for (const Seq seq : records) answer.records.push_back(At(seq));
    return answer;
  }
  void Advance(Millis by) { now_ += by; }
  void Send() { node_.OnSent(now_); }
  // Sent and answered at once; applied unless told otherwise.
  PurgeNode::Work Exchange(PullAnswer answer, bool apply = true) {
    Send();
    Result<PurgeNode::Work> work = node_.OnAnswer(std::move(answer));
    EXPECT_TRUE(work);
    if (!work) return {};
    if (apply) node_.OnApplied(work->position);
    return *work;
  }
  bool Fenced() const { return node_.fenced(now_); }

  BootTime now_{Millis(1'000'000)};
  PurgeNode node_{{"aa", 5}};
};

TEST_F(PurgeNodeTest, BeginsFencedAndNotReadyAndAsksWithoutWaiting) {
  EXPECT_TRUE(Fenced());
  EXPECT_FALSE(node_.ready());
  const PurgeNode::Pull pull = node_.NextPull(now_);
  EXPECT_EQ(pull.log_id, "aa");
  EXPECT_EQ(pull.after, 5u);
  EXPECT_EQ(pull.wait, Millis(0));
}

TEST_F(PurgeNodeTest, ALeaseWithTheHeadAppliedEndsTheFence) {
  Exchange(Answer(5));
  EXPECT_FALSE(Fenced());
  EXPECT_TRUE(node_.ready());
}

TEST_F(PurgeNodeTest, ALeaseCountsOnlyOnceItsHeadIsApplied) {
  const PurgeNode::Work work = Exchange(Answer(7, {6, 7}), false);
  EXPECT_EQ(work.records.size(), 2u);
  EXPECT_TRUE(Fenced());
  node_.OnApplied(6);
  EXPECT_TRUE(Fenced());
  EXPECT_FALSE(node_.ready());
  node_.OnApplied(7);
  EXPECT_FALSE(Fenced());
}

TEST_F(PurgeNodeTest, APartOfTheLogIsNotItsHead) {
  Exchange(Answer(9, {6, 7}));
  EXPECT_TRUE(Fenced());
  EXPECT_EQ(node_.NextPull(now_).after, 7u);
  Exchange(Answer(9, {8, 9}));
  EXPECT_FALSE(Fenced());
}

TEST_F(PurgeNodeTest, TheLeaseCountsFromSending) {
  Send();
  Advance(Millis(3000));
  ASSERT_TRUE(node_.OnAnswer(Answer(5)));
  node_.OnApplied(5);
  Advance(Millis(6999));
  EXPECT_FALSE(Fenced());
  Advance(Millis(1));
  EXPECT_TRUE(Fenced());
}

TEST_F(PurgeNodeTest, AnAnswerOlderThanTheLeaseGivesNone) {
  Send();
  Advance(kLease);
  ASSERT_TRUE(node_.OnAnswer(Answer(5)));
  node_.OnApplied(5);
  EXPECT_TRUE(Fenced());
}

TEST_F(PurgeNodeTest, AHeldLeaseGoesOnWhileNewRecordsAreApplied) {
  Exchange(Answer(5));
  Advance(Millis(2000));
  Exchange(Answer(6, {6}), false);
  EXPECT_FALSE(Fenced());
  Advance(Millis(8000));
  EXPECT_TRUE(Fenced());  // the renewal does not count yet
  node_.OnApplied(6);
  EXPECT_FALSE(Fenced());
}

TEST_F(PurgeNodeTest, WaitsAThirdOfTheLeaseOnceItHoldsOne) {
  Exchange(Answer(5));
  EXPECT_EQ(node_.NextPull(now_).wait, kLease / 3);
  Advance(kLease);
  EXPECT_EQ(node_.NextPull(now_).wait, Millis(0));
}

TEST_F(PurgeNodeTest, WithoutALogItStartsAtTheHeadAndEverythingIsUnknown) {
  PurgeNode fresh({});
  EXPECT_EQ(fresh.NextPull(now_).log_id, "");
  fresh.OnSent(now_);
  const Result<PurgeNode::Work> work = fresh.OnAnswer(Answer(42));
  ASSERT_TRUE(work);
  EXPECT_TRUE(work->reset);
  EXPECT_EQ(work->reset_head, 42u);
  EXPECT_TRUE(fresh.fenced(now_));
  fresh.OnApplied(work->position);
  EXPECT_FALSE(fresh.fenced(now_));
  EXPECT_EQ(fresh.NextPull(now_).after, 42u);
  EXPECT_EQ(fresh.NextPull(now_).log_id, "aa");
}

TEST_F(PurgeNodeTest, AnotherLogInAnAnswerFencesUntilTheResetIsDone) {
  Exchange(Answer(5));
  const PurgeNode::Work work = Exchange(Answer(3, {}, "bb"), false);
  EXPECT_TRUE(work.reset);
  EXPECT_TRUE(Fenced());
  node_.OnApplied(work.position);
  EXPECT_FALSE(Fenced());
  EXPECT_EQ(node_.log_id(), "bb");
  EXPECT_EQ(node_.applied(), 3u);
}

TEST_F(PurgeNodeTest, RecordsNoLongerKeptAreAGap) {
  Exchange(Answer(5));
  const PurgeNode::Work work = Exchange(Answer(900), false);
  EXPECT_TRUE(work.reset);
  EXPECT_TRUE(Fenced());
}

TEST_F(PurgeNodeTest, ALogThatHasBecomeShorterIsAGap) {
  const PurgeNode::Work work = Exchange(Answer(4), false);
  EXPECT_TRUE(work.reset);
  EXPECT_EQ(work.reset_head, 4u);
}

TEST_F(PurgeNodeTest, AWrongLogFencesAtOnceAndTheNextPullNamesNone) {
  Exchange(Answer(5));
  Send();
  node_.OnWrongLog();
  EXPECT_TRUE(Fenced());
  EXPECT_EQ(node_.NextPull(now_).log_id, "");
  EXPECT_EQ(node_.NextPull(now_).after, 0u);
}

TEST_F(PurgeNodeTest, WorkThatFailedIsAskedForAgain) {
  Exchange(Answer(3, {}, "bb"), false);
  node_.OnFailed();
  EXPECT_EQ(node_.NextPull(now_).log_id, "aa");
  EXPECT_EQ(node_.NextPull(now_).after, 5u);
  EXPECT_TRUE(Fenced());
}

TEST_F(PurgeNodeTest, TheFenceTellsWhatTheLogKnowsOfThisNode) {
  EXPECT_EQ(node_.fence(now_), Fence::kStart);
  Exchange(Answer(5));
  EXPECT_EQ(node_.fence(now_), Fence::kNone);
  Advance(kLease);
  EXPECT_EQ(node_.fence(now_), Fence::kPartition);
  Send();
  node_.OnWrongLog();
  EXPECT_EQ(node_.fence(now_), Fence::kFull);
}

TEST_F(PurgeNodeTest, AStoreThatMayLackSomethingIsBelievedWithTheFirstLease) {
  node_ = PurgeNode({"aa", 5, true});
  EXPECT_EQ(node_.fence(now_), Fence::kFull);
  Exchange(Answer(5));
  EXPECT_EQ(node_.fence(now_), Fence::kNone);
  Advance(kLease);
  EXPECT_EQ(node_.fence(now_), Fence::kPartition);
}

TEST_F(PurgeNodeTest, WhoHasGivenItsStoreAwayUsesNothingWithoutALease) {
  node_.OnStoreGivenAway();
  EXPECT_EQ(node_.fence(now_), Fence::kFull);
  Exchange(Answer(5));
  EXPECT_EQ(node_.fence(now_), Fence::kNone);
  Advance(kLease);
  EXPECT_EQ(node_.fence(now_), Fence::kFull);
}

TEST(FenceTest, RulesThatServeOnPartitionNeedALeaseOfThisProcessBefore) {
  EXPECT_FALSE(Holds(Fence::kNone, false, false));
  EXPECT_TRUE(Holds(Fence::kPartition, false, false));
  EXPECT_FALSE(Holds(Fence::kPartition, true, false));
  EXPECT_TRUE(Holds(Fence::kStart, true, false));
}

TEST(FenceTest, ContentHashedObjectsAreServedByANodeThatTheLogKnows) {
  EXPECT_FALSE(Holds(Fence::kPartition, false, true));
  EXPECT_FALSE(Holds(Fence::kStart, false, true));
  EXPECT_TRUE(Holds(Fence::kFull, true, true));
}

TEST_F(PurgeNodeTest, AGapFencesUntilTheResetIsDone) {
  Exchange(Answer(5));
  const PurgeNode::Work work = Exchange(Answer(900), false);
  EXPECT_EQ(node_.fence(now_), Fence::kStart);
  node_.OnApplied(work.position);
  EXPECT_EQ(node_.fence(now_), Fence::kNone);
}

TEST_F(PurgeNodeTest, AFailedPullLeavesTheLeaseToRunOut) {
  Exchange(Answer(5));
  Send();
  node_.OnFailed();
  EXPECT_FALSE(Fenced());
  Advance(kLease);
  EXPECT_TRUE(Fenced());
}

TEST_F(PurgeNodeTest, RetriesSlowDownToASecondAndStartOverAfterSuccess) {
  EXPECT_EQ(node_.OnFailed(), Millis(50));
  EXPECT_EQ(node_.OnFailed(), Millis(100));
  for (int i = 0; i < 40; ++i) node_.OnFailed();
  EXPECT_EQ(node_.OnFailed(), Millis(1000));
  Exchange(Answer(5));
  EXPECT_EQ(node_.OnFailed(), Millis(50));
}

TEST_F(PurgeNodeTest, RefusesAnswersThatContradictThemselvesOrThePull) {
  EXPECT_FALSE(node_.OnAnswer(Answer(5)));  // nothing was asked
  Send();
  EXPECT_FALSE(node_.OnAnswer(Answer(8, {7, 8})));
  EXPECT_FALSE(node_.OnAnswer(Answer(8, {6, 8})));
  EXPECT_FALSE(node_.OnAnswer(Answer(6, {6, 7})));
  EXPECT_FALSE(node_.OnAnswer(Answer(5, {}, "")));
  EXPECT_TRUE(Fenced());
}

TEST_F(PurgeNodeTest, NoLeaseInAnAnswerIsNoLease) {
  PullAnswer answer = Answer(5);
  answer.lease = Millis(0);
  Exchange(answer);
  EXPECT_TRUE(Fenced());
  EXPECT_FALSE(node_.ready());
}

TEST(PullAnswerTest, ReadsWhatItWrites) {
  PullAnswer answer{"aa", 9, kLease, {}, {}};
  Record record;
  record.seq = 9;
  record.id = "x";
  answer.records = {record};
  record.kind = RecordKind::kActivation;
  record.site = "s";
  record.release = "r";
  answer.releases = {record};
  const Result<PullAnswer> read = PullAnswerFromJson(ToJson(answer));
  ASSERT_TRUE(read) << read.error().ToString();
  EXPECT_EQ(*read, answer);
}

TEST(PullAnswerTest, RefusesLeasesAboveAnHourAndWrongTypes) {
  EXPECT_TRUE(PullAnswerFromJson(R"({"log":"a","head":1,"lease_ms":3600000})"));
  EXPECT_FALSE(PullAnswerFromJson(R"({"log":"a","head":1,"lease_ms":3600001})"));
  EXPECT_FALSE(PullAnswerFromJson(R"({"log":"a","head":1})"));
  EXPECT_FALSE(PullAnswerFromJson(R"({"log":"a","head":1,"lease_ms":1,"records":[{}]})"));
  EXPECT_FALSE(PullAnswerFromJson("[]"));
}

}  // namespace
}  // namespace skerry::cache
