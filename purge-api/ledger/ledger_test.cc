#include "purge-api/ledger/ledger.h"

#include <gmock/gmock.h>

namespace skerry::purge {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;
using ::testing::SizeIs;

constexpr Millis kLease{10'000};
constexpr Millis kServerLease{10'101};  // and 1 % and a millisecond

class LedgerTest : public ::testing::Test {
 protected:
  static Member At(std::string node, std::string incarnation = "1", bool serves = false) {
    return {std::move(node), std::move(incarnation), serves, false};
  }
  // A pull that is answered at once; what it was granted.
  Millis Pull(const Member& who, std::optional<Seq> after) {
    EXPECT_NE(ledger_.OnPull(who, after, now_, wall_), Ledger::Pulled::kBeyond);
    Store();
    return ledger_.Grant(who, ledger_.head(), now_, wall_);
  }
  void Store() { ledger_.OnMembersStored(ledger_.members_version()); }
  void Goodbye(const Member& who) {
    ledger_.OnGoodbye(who.node, who.incarnation, who.given, now_, wall_);
  }
  static Member Given(std::string node, std::string incarnation = "1", bool serves = false) {
    Member who = At(std::move(node), std::move(incarnation), serves);
    who.given = true;
    return who;
  }
  Seq Append(Needs needs = Needs::kFence) {
    const Seq seq = ledger_.head() + 1;
    ledger_.OnAppended(seq, needs, now_, wall_);
    return seq;
  }
  void Advance(Millis by) {
    now_ += by;
    wall_ += by;
    ledger_.OnTime(now_, wall_);
  }
  bool Complete(Seq seq) const { return !ledger_.Open(seq); }
  NodeState StateOf(Seq seq, const std::string& node) const {
    return ledger_.Open(seq)->nodes.at(node).state;
  }
  void Restart() { ledger_ = Ledger({kLease}, ledger_.members(), ledger_.head(), now_); }

  BootTime now_{Millis(5'000'000)};
  WallTime wall_{Millis(1'700'000'000'000)};
  Ledger ledger_{{kLease}, {}, 0, now_};
};

TEST_F(LedgerTest, WithoutNodesARecordIsCompleteAtOnce) {
  const Seq seq = Append();
  EXPECT_TRUE(Complete(seq));
  EXPECT_THAT(ledger_.TakeCompleted(), SizeIs(1));
}

TEST_F(LedgerTest, ARecordWaitsForEveryNode) {
  Pull(At("a"), 0);
  Pull(At("b"), 0);
  const Seq seq = Append();
  Pull(At("a"), seq);
  EXPECT_FALSE(Complete(seq));
  EXPECT_EQ(StateOf(seq, "a"), NodeState::kApplied);
  EXPECT_EQ(StateOf(seq, "b"), NodeState::kPending);
  Pull(At("b"), seq);
  EXPECT_TRUE(Complete(seq));
}

TEST_F(LedgerTest, TheReceiptSaysWhatEachNodeAcknowledgedAndWhen) {
  Pull(At("a"), 0);
  const Seq first = Append();
  Append();
  Advance(Millis(70));
  Pull(At("a"), first);
  const auto completed = ledger_.TakeCompleted();
  ASSERT_THAT(completed, SizeIs(1));
  EXPECT_EQ(completed[0].first, first);
  EXPECT_TRUE(completed[0].second.complete);
  EXPECT_EQ(completed[0].second.nodes.at("a"), (NodeReceipt{NodeState::kApplied, first, wall_}));
  EXPECT_THAT(ledger_.TakeCompleted(), IsEmpty());
}

TEST_F(LedgerTest, AStateKeepsTheTimeItBegan) {
  Pull(At("a"), 0);
  Pull(At("b"), 0);
  const Seq seq = Append();
  Pull(At("a"), seq);
  const WallTime then = wall_;
  Advance(Millis(50));
  Pull(At("a"), seq);
  EXPECT_EQ(ledger_.Open(seq)->nodes.at("a").at, then);
}

TEST_F(LedgerTest, ANodeWhoseLeaseHasRunOutIsFencedAndNotWaitedFor) {
  Pull(At("a"), 0);
  const Seq seq = Append();
  Advance(kServerLease - Millis(1));
  EXPECT_FALSE(Complete(seq));
  Advance(Millis(1));
  EXPECT_TRUE(Complete(seq));
  EXPECT_EQ(ledger_.TakeCompleted()[0].second.nodes.at("a").state, NodeState::kFenced);
}

TEST_F(LedgerTest, TheLeaseRunsFromAnswering) {
  ledger_.OnPull(At("a"), 0, now_, wall_);
  Store();
  Advance(Millis(3000));
  ledger_.Grant(At("a"), 0, now_, wall_);
  const Seq seq = Append();
  Advance(kServerLease - Millis(1));
  EXPECT_FALSE(Complete(seq));
  EXPECT_EQ(ledger_.NextExpiry(), now_ + Millis(1));
}

TEST_F(LedgerTest, APullWithoutAnAnswerHoldsNoLease) {
  ledger_.OnPull(At("a"), 0, now_, wall_);
  EXPECT_EQ(ledger_.NextExpiry(), std::nullopt);
  EXPECT_TRUE(Complete(Append()));
}

TEST_F(LedgerTest, AnOlderAcknowledgementTakesNothingBack) {
  Pull(At("a"), 0);
  Append();
  const Seq seq = Append();
  Pull(At("a"), seq);
  Pull(At("a"), 0);  // a duplicate that was delayed
  EXPECT_EQ(ledger_.Nodes(now_)[0].acked, seq);
}

TEST_F(LedgerTest, ANodeThatComesBackIsFencedUntilItHasAppliedTheHead) {
  Pull(At("a"), 0);
  Pull(At("b", "1", true), 0);  // keeps records open
  Advance(kServerLease);
  const Seq seq = Append();
  EXPECT_EQ(Pull(At("a"), 0), kLease);
  EXPECT_EQ(StateOf(seq, "a"), NodeState::kFenced);
  const Seq next = Append();
  EXPECT_EQ(StateOf(next, "a"), NodeState::kPending);
  Pull(At("a"), seq);
  EXPECT_EQ(StateOf(seq, "a"), NodeState::kApplied);
}

TEST_F(LedgerTest, NoLeaseOnAnAnswerThatIsBehindForANodeThatHasNone) {
  Pull(At("a"), 0);
  Advance(kServerLease);
  ledger_.OnPull(At("a"), 0, now_, wall_);
  const Seq head_of_the_answer = ledger_.head();
  EXPECT_TRUE(Complete(Append()));  // because "a" is fenced
  EXPECT_EQ(ledger_.Grant(At("a"), head_of_the_answer, now_, wall_), Millis(0));
  EXPECT_TRUE(Complete(Append()));
}

TEST_F(LedgerTest, NoLeaseOnAnAnswerThatWasOvertaken) {
  Pull(At("a"), 0);
  Advance(kServerLease);
  const Seq before = ledger_.head();
  const Seq seq = Append();
  EXPECT_TRUE(Complete(seq));
  EXPECT_EQ(ledger_.Grant(At("a"), seq, now_, wall_), kLease);
  // The first answer is lost; one that was made before the record comes late.
  EXPECT_EQ(ledger_.Grant(At("a"), before, now_, wall_), Millis(0));
  Pull(At("a"), seq);
  EXPECT_EQ(ledger_.Grant(At("a"), before, now_, wall_), kLease);
}

TEST_F(LedgerTest, WhileTwoProcessesOfANodeOverlapBothCount) {
  Pull(At("a", "1"), 0);
  Pull(At("a", "2"), 0);
  const Seq seq = Append();
  Pull(At("a", "2"), seq);
  EXPECT_EQ(StateOf(seq, "a"), NodeState::kPending);
  Pull(At("a", "1"), seq);
  EXPECT_TRUE(Complete(seq));
}

TEST_F(LedgerTest, AnExpiredProcessIsForgottenOnceALaterOneIsAlive) {
  Pull(At("a", "1"), 0);
  Advance(Millis(5000));
  Pull(At("a", "2"), 0);
  Advance(Millis(5101));
  EXPECT_THAT(ledger_.members(), ElementsAre(At("a", "2")));
}

TEST_F(LedgerTest, AnExpiredNodeWithoutASuccessorStaysKnown) {
  Pull(At("a", "1"), 0);
  Advance(kServerLease);
  EXPECT_THAT(ledger_.members(), ElementsAre(At("a", "1")));
}

TEST_F(LedgerTest, AnExpiredNodeIsForgottenAfterADay) {
  Pull(At("a"), 0);
  Advance(std::chrono::hours(24));
  Advance(Millis(1));
  EXPECT_THAT(ledger_.members(), IsEmpty());
}

TEST_F(LedgerTest, AProcessThatHasSaidGoodbyeIsNotWaitedFor) {
  Pull(At("a"), 0);
  const Seq seq = Append();
  EXPECT_FALSE(Complete(seq));
  Goodbye(At("a"));
  EXPECT_TRUE(Complete(seq));
  EXPECT_EQ(ledger_.TakeCompleted()[0].second.nodes.at("a").state, NodeState::kFenced);
  EXPECT_EQ(ledger_.NextExpiry(), std::nullopt);
}

TEST_F(LedgerTest, AGoodbyeSpeaksForOneProcessOfItsNode) {
  Pull(At("a", "1"), 0);
  Pull(At("a", "2"), 0);
  const Seq seq = Append();
  Goodbye(At("a", "1"));
  EXPECT_EQ(StateOf(seq, "a"), NodeState::kPending);
  EXPECT_THAT(ledger_.members(), ElementsAre(At("a", "2")));
  Pull(At("a", "2"), seq);
  EXPECT_TRUE(Complete(seq));
}

TEST_F(LedgerTest, APullFromBeforeTheGoodbyeBringsNothingBack) {
  Pull(At("a"), 0);
  ledger_.OnPull(At("a"), 0, now_, wall_);
  Goodbye(At("a"));
  EXPECT_EQ(ledger_.Grant(At("a"), 0, now_, wall_), Millis(0));
  EXPECT_EQ(ledger_.OnPull(At("a"), 0, now_, wall_), Ledger::Pulled::kEnded);
  Pull(At("a", "2"), 0);  // and the ended one is forgotten
  EXPECT_EQ(ledger_.OnPull(At("a"), 0, now_, wall_), Ledger::Pulled::kEnded);
  Goodbye(At("b"));  // before its first pull has come
  EXPECT_EQ(ledger_.OnPull(At("b"), 0, now_, wall_), Ledger::Pulled::kEnded);
}

TEST_F(LedgerTest, WhoHasGivenItsStoreAwayIsForgottenWithItsLease) {
  Pull(At("a", "1", true), 0);
  Pull(Given("a", "1", true), 0);
  const Seq seq = Append(Needs::kNotice);
  Advance(kServerLease - Millis(1));
  EXPECT_FALSE(Complete(seq));
  Advance(Millis(1));
  EXPECT_TRUE(Complete(seq));
  EXPECT_THAT(ledger_.members(), IsEmpty());
}

TEST_F(LedgerTest, WhoHasGivenItsStoreAwayLeavesNothingBehindItsGoodbye) {
  Pull(At("a", "2"), 0);
  Pull(At("a", "1"), 0);  // back from a partition, behind its successor
  const Seq seq = Append(Needs::kNotice);
  Goodbye(Given("a", "1"));
  EXPECT_THAT(ledger_.members(), ElementsAre(At("a", "2")));
  Pull(At("a", "2"), seq);
  EXPECT_TRUE(Complete(seq));
}

TEST_F(LedgerTest, WhoHasGivenItsStoreAwayDoesNotSpeakForTheStore) {
  Pull(At("a", "2"), 0);
  Pull(Given("a", "1"), 0);
  Goodbye(At("a", "2"));
  const Seq seq = Append(Needs::kNotice);
  Pull(Given("a", "1"), seq);
  EXPECT_EQ(StateOf(seq, "a"), NodeState::kFenced);  // who opens that store next has not heard
  Pull(At("a", "3"), seq);
  EXPECT_TRUE(Complete(seq));
}

TEST_F(LedgerTest, AGoodbyeHoldsAfterARestartOfTheService) {
  Pull(At("a"), 0);
  const uint64_t before = ledger_.members_version();
  Goodbye(At("a"));
  EXPECT_GT(ledger_.members_version(), before);
  Restart();
  EXPECT_TRUE(Complete(Append()));
  EXPECT_EQ(ledger_.OnPull(At("a"), 0, now_, wall_), Ledger::Pulled::kEnded);
}

TEST_F(LedgerTest, WhoServedOnPartitionServesNothingAfterItsGoodbye) {
  Pull(At("a", "1", true), 0);
  const Seq seq = Append();
  Goodbye(At("a"));
  EXPECT_TRUE(Complete(seq));
  Advance(std::chrono::hours(25));
  EXPECT_THAT(ledger_.members(), IsEmpty());
}

TEST_F(LedgerTest, WhatTheNextProcessServesUnaskedWaitsForItInSpiteOfAGoodbye) {
  const Member shield{"a", "1", false, true};
  Pull(shield, 0);
  const Seq immutable = Append(Needs::kNotice);
  const Seq activation = Append(Needs::kActivation);
  Goodbye(shield);
  EXPECT_EQ(StateOf(immutable, "a"), NodeState::kFenced);
  EXPECT_EQ(StateOf(activation, "a"), NodeState::kUnreachable);
  const Member next{"a", "2", false, true};
  Pull(next, 0);
  EXPECT_FALSE(Complete(immutable));
  Pull(next, activation);
  EXPECT_TRUE(Complete(immutable));
  EXPECT_TRUE(Complete(activation));
}

TEST_F(LedgerTest, ARestartedServiceLetsNoLeaseExpireForOneLeaseTime) {
  Pull(At("a"), 0);
  Advance(Millis(10'000));
  Restart();
  const Seq seq = Append();
  Advance(kServerLease - Millis(1));
  EXPECT_FALSE(Complete(seq));
  Advance(Millis(1));
  EXPECT_TRUE(Complete(seq));
}

TEST_F(LedgerTest, ARecordOfTheFormerProcessIsWaitedForAgain) {
  Pull(At("a"), 0);
  const Seq seq = Append();
  Restart();
  ledger_.Reopen(seq, Needs::kFence, now_, wall_);
  EXPECT_EQ(StateOf(seq, "a"), NodeState::kPending);
  Pull(At("a"), seq);
  EXPECT_TRUE(Complete(seq));
}

TEST_F(LedgerTest, ANodeThatServesOnPartitionShowsUnreachableAndIsWaitedFor) {
  Pull(At("a", "1", true), 0);
  const Seq seq = Append();
  EXPECT_EQ(StateOf(seq, "a"), NodeState::kPending);
  Advance(kServerLease);
  EXPECT_EQ(StateOf(seq, "a"), NodeState::kUnreachable);
  Pull(At("a", "1", true), 0);
  EXPECT_EQ(StateOf(seq, "a"), NodeState::kPending);
  Pull(At("a", "1", true), seq);
  EXPECT_TRUE(Complete(seq));
}

TEST_F(LedgerTest, ADeclarationToServeIsAChangeOfMembership) {
  Pull(At("a"), 0);
  EXPECT_EQ(ledger_.OnPull(At("a", "1", true), 0, now_, wall_), Ledger::Pulled::kJoined);
  Store();
  EXPECT_EQ(ledger_.OnPull(At("a", "1", true), 0, now_, wall_), Ledger::Pulled::kKnown);
}

TEST_F(LedgerTest, AnImmutablePurgeCompletesByAcknowledgementOnly) {
  Pull(At("a"), 0);
  const Seq seq = Append(Needs::kNotice);
  Advance(kServerLease);
  EXPECT_EQ(StateOf(seq, "a"), NodeState::kFenced);
  EXPECT_FALSE(Complete(seq));
  Pull(At("a"), 0);
  EXPECT_EQ(StateOf(seq, "a"), NodeState::kPending);
  Pull(At("a"), seq);
  EXPECT_TRUE(Complete(seq));
}

TEST_F(LedgerTest, AnActivationNeedsTheAcknowledgementOfNodesThatServeReleases) {
  const Member shield{"s", "1", false, true};
  Pull(shield, 0);
  Pull(At("a"), 0);
  const Seq purge = Append();
  const Seq activation = Append(Needs::kActivation);
  Advance(kServerLease);
  EXPECT_TRUE(Complete(purge));
  EXPECT_EQ(StateOf(activation, "a"), NodeState::kFenced);
  EXPECT_EQ(StateOf(activation, "s"), NodeState::kUnreachable);
  Pull(shield, activation);
  EXPECT_TRUE(Complete(activation));
}

TEST_F(LedgerTest, ANodeThatServesOnPartitionIsNeverForgottenByTime) {
  Pull(At("a", "1", true), 0);
  Advance(std::chrono::hours(48));
  EXPECT_FALSE(Complete(Append()));
}

TEST_F(LedgerTest, ANewNodeHoldsNothingUpThatItMustApplyFirst) {
  Pull(At("b", "1", true), 0);  // keeps records open
  const Seq seq = Append();
  Pull(At("a"), std::nullopt);
  EXPECT_EQ(StateOf(seq, "a"), NodeState::kFenced);
}

TEST_F(LedgerTest, APositionBeyondTheHeadIsNotOurLog) {
  EXPECT_EQ(ledger_.OnPull(At("a"), 1, now_, wall_), Ledger::Pulled::kBeyond);
  EXPECT_THAT(ledger_.members(), IsEmpty());
}

TEST_F(LedgerTest, JoiningIsToldUntilItIsDurable) {
  const uint64_t version = ledger_.members_version();
  EXPECT_EQ(ledger_.OnPull(At("a"), 0, now_, wall_), Ledger::Pulled::kJoined);
  EXPECT_NE(ledger_.members_version(), version);
  EXPECT_EQ(ledger_.OnPull(At("a"), 0, now_, wall_), Ledger::Pulled::kJoined);
  Store();
  EXPECT_EQ(ledger_.OnPull(At("a"), 0, now_, wall_), Ledger::Pulled::kKnown);
}

TEST_F(LedgerTest, NoLeaseIsGrantedThatARestartedServiceWouldNotKnowOf) {
  ledger_.OnPull(At("a"), 0, now_, wall_);
  const uint64_t with_a = ledger_.members_version();
  ledger_.OnPull(At("b"), 0, now_, wall_);
  EXPECT_EQ(ledger_.Grant(At("a"), 0, now_, wall_), Millis(0));
  ledger_.OnMembersStored(with_a);
  EXPECT_EQ(ledger_.Grant(At("a"), 0, now_, wall_), kLease);
  EXPECT_EQ(ledger_.Grant(At("b"), 0, now_, wall_), Millis(0));
}

TEST_F(LedgerTest, ARestartedServiceNeedNotStoreItsMembersAgain) {
  Pull(At("a"), 0);
  Restart();
  EXPECT_EQ(ledger_.OnPull(At("a"), 0, now_, wall_), Ledger::Pulled::kKnown);
  EXPECT_EQ(ledger_.Grant(At("a"), 0, now_, wall_), kLease);
}

TEST_F(LedgerTest, ARemovedNodeIsWaitedForNoLonger) {
  Pull(At("a", "1", true), 0);
  const Seq seq = Append();
  EXPECT_FALSE(ledger_.Remove("b", now_, wall_));
  EXPECT_TRUE(ledger_.Remove("a", now_, wall_));
  EXPECT_TRUE(Complete(seq));
}

}  // namespace
}  // namespace skerry::purge
