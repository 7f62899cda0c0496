#include "core/net/fake_loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace skerry::net {
namespace {

using testing::ElementsAre;

TEST(FakeLoopTest, TimersRunInTheOrderOfTheirTimes) {
  FakeLoop loop;
  std::vector<std::string> ran;
  loop.After(Seconds(2), [&] { ran.push_back("second"); });
  loop.After(Seconds(1), [&] {
    ran.push_back("first");
    loop.Post([&] { ran.push_back("posted by the first"); });
  });
  loop.After(Seconds(3), [&] { ran.push_back("third"); });
  loop.Advance(Seconds(2));
  EXPECT_THAT(ran, ElementsAre("first", "posted by the first", "second"));
}

TEST(FakeLoopTest, ACancelledTimerDoesNotRun) {
  FakeLoop loop;
  bool ran = false;
  loop.Cancel(loop.After(Seconds(1), [&] { ran = true; }));
  loop.Advance(Seconds(2));
  EXPECT_FALSE(ran);
}

TEST(FakeLoopTest, ATimerMayDestroyItsOwner) {
  FakeLoop loop;
  auto timer = std::make_unique<Timer>(loop);
  timer->Start(Seconds(1), [&] { timer.reset(); });
  loop.Advance(Seconds(1));
  EXPECT_EQ(nullptr, timer);
}

}  // namespace
}  // namespace skerry::net
