#include "core/base/thread.h"

#include <gtest/gtest.h>

#include <chrono>
#include <thread>
#include <vector>

namespace skerry {
namespace {

TEST(PoolTest, OneThreadKeepsTheOrderOfTasks) {
  std::vector<int> order;
  {
    Pool pool("order", 1);
    for (int i = 0; i < 100; ++i) pool.Run([&order, i] { order.push_back(i); });
  }
  ASSERT_EQ(order.size(), 100u);
  for (int i = 0; i < 100; ++i) EXPECT_EQ(order[i], i);
}

TEST(PoolTest, TheEndRunsWhatIsQueued) {
  std::atomic<int> ran{0};
  {
    Pool pool("end", 2);
    for (int i = 0; i < 50; ++i) pool.Run([&ran] { ++ran; });
  }
  EXPECT_EQ(ran, 50);
}

TEST(PoolTest, TwoThreadsRunTwoTasksAtOnce) {
  Mutex mutex;
  ConditionVariable both;
  int inside = 0;
  const auto meet = [&] {
    MutexLock lock(mutex);
    ++inside;
    both.NotifyAll();
    while (inside < 2) both.Wait(mutex);
  };
  {
    Pool pool("pair", 2);
    pool.Run(meet);
    pool.Run(meet);
  }
  EXPECT_EQ(inside, 2);
}

TEST(PoolTest, QueuedCountsWhatWaits) {
  Mutex gate;
  Pool pool("queue", 1);
  std::atomic<bool> begun{false};
  {
    MutexLock closed(gate);
    pool.Run([&] {
      begun = true;
      MutexLock wait(gate);
    });
    while (!begun) std::this_thread::yield();
    pool.Run([] {});
    pool.Run([] {});
    EXPECT_EQ(pool.queued(), 2u);
  }
}

TEST(ConditionVariableTest, WaitForEndsWithoutANotice) {
  Mutex mutex;
  ConditionVariable never;
  MutexLock lock(mutex);
  // It may wake without reason: then it waits again.
  while (never.WaitFor(mutex, std::chrono::milliseconds(1))) {
  }
}

}  // namespace
}  // namespace skerry
