#include "pipeline/steps/cycles.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace skerry::pipeline {
namespace {

using testing::ElementsAre;

TEST(ComponentsTest, WhatIsReferredToComesFirst) {
  EXPECT_THAT(Components({{1}, {2}, {}}),
              ElementsAre(ElementsAre(2), ElementsAre(1), ElementsAre(0)));
}

TEST(ComponentsTest, AFullCircleIsOneComponent) {
  EXPECT_THAT(Components({{1}, {2}, {0}, {1}}), ElementsAre(ElementsAre(0, 1, 2), ElementsAre(3)));
}

TEST(ComponentsTest, TwoCirclesThatTouchAreOneAndNeighboursStayApart) {
  EXPECT_THAT(Components({{1}, {0, 2}, {1, 3}, {}}),
              ElementsAre(ElementsAre(3), ElementsAre(0, 1, 2)));
}

TEST(ComponentsTest, LongChainsDoNotOverflowTheStack) {
  std::vector<std::vector<int>> chain(500'000);
  for (size_t i = 0; i + 1 < chain.size(); ++i) chain[i] = {static_cast<int>(i + 1)};
  EXPECT_EQ(Components(chain).size(), chain.size());
}

}  // namespace
}  // namespace skerry::pipeline
