#include "core/daemon/ready.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <fstream>
#include <sstream>

namespace skerry::daemon {
namespace {

TEST(ReadyTest, NamesTheProcessAndItsListeners) {
  const std::string path = testing::TempDir() + "/ready-" + std::to_string(getpid());
  ASSERT_TRUE(WriteReady(path, {{"https", "127.0.0.1:8443"}, {"admin", "127.0.0.1:9"}}));
  std::stringstream text;
  text << std::ifstream(path).rdbuf();
  EXPECT_EQ(text.str(), "{\"pid\":" + std::to_string(getpid()) +
                            ",\"https\":\"127.0.0.1:8443\",\"admin\":\"127.0.0.1:9\"}\n");
}

TEST(ReadyTest, SaysWhichFileCannotBeWritten) {
  const Status status = WriteReady("/nowhere/ready", {});
  ASSERT_FALSE(status);
  EXPECT_THAT(status.error().context, testing::HasSubstr("/nowhere/ready"));
}

TEST(ReadyTest, WhatAnEarlierProcessLeftIsRemoved) {
  const std::string path = testing::TempDir() + "/left-" + std::to_string(getpid());
  std::ofstream(path) << "{}";
  RemoveReady(path);
  EXPECT_FALSE(std::ifstream(path).good());
  RemoveReady(path);  // nothing there is fine
  RemoveReady("");
}

TEST(ReadyTest, AnEmptyPathWritesNothing) { EXPECT_TRUE(WriteReady("", {})); }

}  // namespace
}  // namespace skerry::daemon
