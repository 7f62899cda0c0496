// The side of the process that makes way; a shell plays the other one. Both sides of the
// real programs: tests/e2e/handover_test.py.
#include "core/daemon/handover.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <thread>

#include "core/net/listener.h"

namespace skerry::daemon {
namespace {

using namespace std::chrono_literals;

class HandoverTest : public testing::Test {
 protected:
  void Start(const std::string& script) {
    Successor::Options options;
    options.program = "/bin/sh";
    options.arguments = {"sh", "-c", script};
    options.sockets = sockets_;
    options.on_prepared = [this] {
      said_ += "prepared;";
      if (free_) successor_->StoreIsFree();
      if (stop_at_prepared_) loop_->Stop();
    };
    options.on_serving = [this] { End("serving"); };
    options.on_failed = [this](const std::string& how) { End(how); };
    auto started = Successor::Start(*loop_, std::move(options));
    ASSERT_TRUE(started) << started.error().context;
    successor_ = std::move(*started);
    loop_->After(30s, [this] { End("nothing in 30 s"); });
    loop_->Run();
  }
  void End(const std::string& how) {
    said_ += how;
    loop_->Stop();
  }

  std::unique_ptr<net::Loop> loop_ = net::Loop::Make();
  std::unique_ptr<Successor> successor_;
  std::vector<std::pair<std::string, int>> sockets_;
  bool free_ = true;
  bool stop_at_prepared_ = false;
  std::string said_;
};

TEST_F(HandoverTest, TheNewProcessGoesOnOnceTheStoreIsFree) {
  Start("printf P >&3; test \"$(head -c 1 <&3)\" = G && printf S >&3");
  EXPECT_EQ(said_, "prepared;serving");
}

TEST_F(HandoverTest, OneThatEndsBeforeItIsPreparedIsAFailure) {
  Start("exit 2");
  EXPECT_EQ(said_, "exit code 2");
}

TEST_F(HandoverTest, OneThatEndsBeforeItServesIsAFailure) {
  Start("printf P >&3; head -c 1 <&3 >/dev/null; kill -9 $$");
  EXPECT_EQ(said_, "prepared;signal 9");
}

TEST_F(HandoverTest, WhatCannotBeStartedIsAnError) {
  Successor::Options options;
  options.program = "/no/such/program";
  auto started = Successor::Start(*loop_, std::move(options));
  ASSERT_FALSE(started);
  EXPECT_NE(started.error().context.find("/no/such/program"), std::string::npos);
}

TEST_F(HandoverTest, SocketsFollowTheChannelAndAreNamedInOrder) {
  net::ListenOptions listen;
  listen.address = {"127.0.0.1", 0};
  auto first = net::Listener::Open(*loop_, listen, [](auto) {});
  auto second = net::Listener::Open(*loop_, listen, [](auto) {});
  ASSERT_TRUE(first && second);
  sockets_ = {{"https", (*first)->socket()}, {"admin", (*second)->socket()}};
  // Sockets, and nothing else of ours.
  Start(
      "test \"$SKERRY_HANDOVER\" = https,admin && test -S /proc/self/fd/4 && "
      "test -S /proc/self/fd/5 && ! test -e /proc/self/fd/6 && printf S >&3");
  EXPECT_EQ(said_, "serving");
}

// A shield or a purge service frees its store by ending.
TEST_F(HandoverTest, TheOneThatMakesWaySaysNothingByGoing) {
  free_ = false;
  stop_at_prepared_ = true;
  const std::string mark = testing::TempDir() + "handover-" + std::to_string(getpid());
  Start("printf P >&3; head -c 1 <&3 >/dev/null; touch " + mark);
  EXPECT_EQ(said_, "prepared;");
  successor_.reset();  // the channel stays with the process, which goes on
  std::this_thread::sleep_for(200ms);
  EXPECT_FALSE(std::filesystem::exists(mark)) << "it went on although the store is in use";
}

TEST(InheritanceTest, AProcessThatNobodyStartedHasNone) {
  Inheritance nothing = Inheritance::Take();
  EXPECT_TRUE(nothing.Sockets("https", {"127.0.0.1", 0}).empty());
  nothing.AwaitStore();  // returns
  nothing.Serving();
}

}  // namespace
}  // namespace skerry::daemon
