#include "core/http/server/glitch_budget.h"

#include <gtest/gtest.h>

namespace skerry::http {
namespace {

TEST(GlitchBudgetTest, EndsWhenItIsUsedUp) {
  GlitchBudget budget(3, 8);
  EXPECT_TRUE(budget.Spend());
  EXPECT_TRUE(budget.Spend(2));
  EXPECT_FALSE(budget.Spend());
}

TEST(GlitchBudgetTest, AnsweredRequestsRefillItUpToItsLimit) {
  GlitchBudget budget(10, 4);
  EXPECT_TRUE(budget.Spend(10));
  budget.Answered();
  EXPECT_EQ(4u, budget.left());
  for (int i = 0; i < 5; ++i) budget.Answered();
  EXPECT_EQ(10u, budget.left());
}

TEST(GlitchBudgetTest, AKibibyteOfBodyIsWorthOneUnitHoweverItCame) {
  GlitchBudget budget(10, 4);
  EXPECT_TRUE(budget.Spend(10));
  for (int i = 0; i < 1023; ++i) budget.Transferred(1);
  EXPECT_EQ(0u, budget.left());
  budget.Transferred(1);
  EXPECT_EQ(1u, budget.left());
  budget.Transferred(2048);
  EXPECT_EQ(3u, budget.left());
}

TEST(GlitchBudgetTest, TimeRefillsIt) {
  GlitchBudget budget(10, 4);
  EXPECT_TRUE(budget.Spend(10));
  budget.SecondsPassed(3);
  EXPECT_EQ(3u, budget.left());
}

TEST(GlitchBudgetTest, WhatIsTooDearTakesAllThatIsLeft) {
  GlitchBudget budget(3, 8);
  EXPECT_FALSE(budget.Spend(5));
  EXPECT_FALSE(budget.Spend(1));
}

}  // namespace
}  // namespace skerry::http
