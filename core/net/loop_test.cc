#include "core/net/loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <string>
#include <thread>
#include <vector>

namespace skerry::net {
namespace {

using testing::ElementsAre;

TEST(LoopTest, TasksOfOneThreadKeepTheirOrder) {
  const auto loop = Loop::Make();
  std::vector<int> ran;
  for (int i = 0; i < 3; ++i) loop->Post([&, i] { ran.push_back(i); });
  loop->Post([&] { loop->Stop(); });
  loop->Run();
  EXPECT_THAT(ran, ElementsAre(0, 1, 2));
}

TEST(LoopTest, APostedTaskRunsAfterThePostHasReturned) {
  const auto loop = Loop::Make();
  std::vector<std::string> ran;
  loop->Post([&] {
    loop->Post([&] {
      ran.push_back("inner");
      loop->Stop();
    });
    ran.push_back("outer");
  });
  loop->Run();
  EXPECT_THAT(ran, ElementsAre("outer", "inner"));
}

TEST(LoopTest, TasksComeFromOtherThreads) {
  const auto loop = Loop::Make();
  int count = 0;
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([&] {
      for (int i = 0; i < 1000; ++i) {
        loop->Post([&] {
          if (++count == 4000) loop->Stop();
        });
      }
    });
  }
  loop->Run();
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(4000, count);
}

TEST(LoopTest, TimersRunInOrderAndNotBeforeTheirTime) {
  const auto loop = Loop::Make();
  const SteadyTime begun = loop->clock().Steady();
  std::vector<int> ran;
  loop->After(Millis(20), [&] {
    ran.push_back(20);
    EXPECT_GE(loop->clock().Steady() - begun, Millis(20));
    loop->Stop();
  });
  loop->After(Millis(5), [&] {
    ran.push_back(5);
    EXPECT_GE(loop->clock().Steady() - begun, Millis(5));
  });
  loop->Run();
  EXPECT_THAT(ran, ElementsAre(5, 20));
}

TEST(LoopTest, ACancelledTimerDoesNotRun) {
  const auto loop = Loop::Make();
  bool ran = false;
  const Loop::TimerId id = loop->After(Millis(1), [&] { ran = true; });
  loop->After(Millis(10), [&] { loop->Stop(); });
  loop->Cancel(id);
  loop->Cancel(id);
  loop->Cancel(12345);
  loop->Run();
  EXPECT_FALSE(ran);
}

TEST(LoopTest, AfterStopTasksAreDroppedUnrun) {
  const auto loop = Loop::Make();
  bool ran = false;
  loop->Post([&] {
    loop->Post([&] { ran = true; });
    loop->Stop();
    loop->Post([&] { ran = true; });
  });
  loop->Run();
  EXPECT_FALSE(ran);
}

TEST(LoopTest, DroppedTasksMayOwnTimers) {
  auto loop = Loop::Make();
  auto posted = std::make_shared<Timer>(*loop);
  posted->Start(Seconds(100), [] {});
  auto waiting = std::make_shared<Timer>(*loop);
  waiting->Start(Seconds(100), [] {});
  loop->Post([posted] {});
  loop->After(Seconds(100), [waiting] {});
  posted.reset();
  waiting.reset();
  loop.reset();
}

TEST(LoopTest, IsCurrentOnlyOnItsThread) {
  const auto loop = Loop::Make();
  bool inside = false;
  std::thread thread([&] {
    loop->Post([&] {
      inside = loop->IsCurrent();
      loop->Stop();
    });
    loop->Run();
  });
  thread.join();
  EXPECT_TRUE(inside);
  EXPECT_FALSE(loop->IsCurrent());
}

}  // namespace
}  // namespace skerry::net
