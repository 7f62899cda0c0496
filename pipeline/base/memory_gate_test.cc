#include "pipeline/base/memory_gate.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace skerry::pipeline {
namespace {

using testing::ElementsAre;

class MemoryGateTest : public testing::Test {
 protected:
  void Enter(ByteCount bytes, const std::string& name) {
    gate_.Enter(bytes, [this, name] { begun_.push_back(name); });
  }
  MemoryGate gate_{100};
  std::vector<std::string> begun_;
};

TEST_F(MemoryGateTest, WhatFitsBeginsAtOnceAndTheRestWaits) {
  Enter(60, "a");
  Enter(50, "b");
  Enter(40, "c");
  EXPECT_THAT(begun_, ElementsAre("a", "c"));
  gate_.Leave(60);
  EXPECT_THAT(begun_, ElementsAre("a", "c", "b"));
}

TEST_F(MemoryGateTest, WhatIsLargerThanTheLimitIsAlone) {
  Enter(10, "a");
  Enter(500, "b");
  EXPECT_THAT(begun_, ElementsAre("a"));
  gate_.Leave(10);
  EXPECT_THAT(begun_, ElementsAre("a", "b"));
  Enter(1, "c");
  EXPECT_THAT(begun_, ElementsAre("a", "b"));
  gate_.Leave(500);
  EXPECT_THAT(begun_, ElementsAre("a", "b", "c"));
}

TEST_F(MemoryGateTest, TheLargestOfThoseThatWaitGoesFirst) {
  Enter(100, "a");
  Enter(20, "b");
  Enter(90, "c");
  gate_.Leave(100);
  EXPECT_THAT(begun_, ElementsAre("a", "c"));
}

}  // namespace
}  // namespace skerry::pipeline
