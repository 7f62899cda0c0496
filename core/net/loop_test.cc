#include "core/net/loop.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/socket.h>

#include <atomic>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include "core/net/readiness.h"

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

TEST(LoopTest, ATaskWakesALoopThatSleeps) {
  const auto loop = Loop::Make();
  std::atomic<bool> ran{false};
  std::thread thread([&] { loop->Run(); });
  for (int i = 0; i < 200; ++i) {
    ran = false;
    loop->Post([&] { ran = true; });
    while (!ran) std::this_thread::yield();
  }
  loop->Stop();
  thread.join();
}

TEST(LoopTest, TasksThatPostThemselvesLeaveTimersTheirTurn) {
  const auto loop = Loop::Make();
  std::function<void()> again = [&] { loop->Post(again); };
  loop->Post(again);
  loop->After(Millis(5), [&] { loop->Stop(); });
  loop->Run();
}

// Two ends of a stream; ours is watched and notes what it hears.
class Watcher : public Readiness::Events {
 public:
  explicit Watcher(Loop& loop) {
    int ends[2];
    EXPECT_EQ(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, ends), 0);
    far = ScopedFd(ends[1]);
    near = SocketLoop::From(loop).Watch(ScopedFd(ends[0]), this);
  }
  void OnReadable() override {
    ++reads;
    if (on_read) on_read();
  }
  void OnWritable() override { ++writes; }
  void Say() { EXPECT_EQ(send(far.get(), "x", 1, 0), 1); }

  ScopedFd far;
  std::unique_ptr<Readiness> near;
  std::function<void()> on_read;
  int reads = 0;
  int writes = 0;
};

void RunFor(Loop& loop, Micros time) {
  loop.After(time, [&] { loop.Stop(); });
  loop.Run();
}

TEST(ReadinessTest, OneEventForEachWantWhetherReadOrNot) {
  const auto loop = Loop::Make();
  Watcher one(*loop);
  one.Say();
  one.near->WantRead();
  one.near->WantRead();
  one.on_read = [&] {
    if (one.reads < 3) one.near->WantRead();
  };
  RunFor(*loop, Millis(20));
  EXPECT_EQ(one.reads, 3);
  EXPECT_EQ(one.writes, 0);
}

TEST(ReadinessTest, WritingAndReadingAreAskedForApart) {
  const auto loop = Loop::Make();
  Watcher one(*loop);
  one.near->WantWrite();
  loop->After(Millis(10), [&] {
    EXPECT_EQ(one.writes, 1);
    EXPECT_EQ(one.reads, 0);
    one.near->WantRead();
    one.Say();
  });
  RunFor(*loop, Millis(20));
  EXPECT_EQ(one.writes, 1);
  EXPECT_EQ(one.reads, 1);
}

TEST(ReadinessTest, WhatNobodyWantsCostsNothing) {
  const auto loop = Loop::Make();
  Watcher readable(*loop);
  Watcher ended(*loop);
  for (Watcher* one : {&readable, &ended}) one->near->WantRead();
  readable.Say();
  ended.far = ScopedFd();
  const std::clock_t begun = std::clock();
  RunFor(*loop, Millis(200));
  EXPECT_EQ(readable.reads, 1);
  EXPECT_EQ(ended.reads, 1);
  EXPECT_LT(std::clock() - begun, CLOCKS_PER_SEC / 10);
}

TEST(ReadinessTest, AnEndThatNobodyWantedIsToldToWhoWantsItLater) {
  const auto loop = Loop::Make();
  Watcher one(*loop);
  one.near->WantRead();
  one.far = ScopedFd();
  loop->After(Millis(10), [&] { one.near->WantRead(); });
  RunFor(*loop, Millis(30));
  EXPECT_EQ(one.reads, 2);
}

TEST(ReadinessTest, OneEventMayDestroyAnothers) {
  const auto loop = Loop::Make();
  Watcher first(*loop);
  Watcher second(*loop);
  for (Watcher* one : {&first, &second}) {
    one->Say();
    one->near->WantRead();
    one->on_read = [&] {
      first.near.reset();
      second.near.reset();
    };
  }
  RunFor(*loop, Millis(10));
  EXPECT_EQ(first.reads + second.reads, 1);
}

TEST(ReadinessTest, WhatIsReleasedStaysOpenAndHearsNothing) {
  const auto loop = Loop::Make();
  Watcher one(*loop);
  one.near->WantRead();
  const ScopedFd kept = one.near->Release();
  one.Say();
  RunFor(*loop, Millis(10));
  EXPECT_EQ(one.reads, 0);
  char byte = 0;
  EXPECT_EQ(recv(kept.get(), &byte, 1, 0), 1);
}

}  // namespace
}  // namespace skerry::net
