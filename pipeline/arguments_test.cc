#include "pipeline/arguments.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/base/test_folder.h"

namespace skerry::pipeline {
namespace {

using testing::HasSubstr;

class PushArgumentsTest : public testing::Test {
 protected:
  PushArgumentsTest() {
    folder_.Write("token", "# the deploy token\n\n  s3cret \nsecond\n");
    arguments_.folder = "out";
    arguments_.to = "https://shield.example";
    arguments_.site = "main";
    arguments_.token_file = (folder_ / "token").string();
  }
  std::string Fault() {
    const auto options = CheckPush(arguments_);
    EXPECT_FALSE(options.has_value());
    if (options) return "";
    EXPECT_EQ(options.error().exit, Exit::kUsage);
    return options.error().message;
  }

  TestFolder folder_;
  PushArguments arguments_;
};

TEST_F(PushArgumentsTest, TheTokenIsTheFirstLineThatIsNoComment) {
  const auto options = CheckPush(arguments_);
  ASSERT_TRUE(options.has_value()) << options.error().message;
  EXPECT_EQ(options->token, "s3cret");
  EXPECT_EQ(options->wait, std::chrono::seconds(10));
}

TEST_F(PushArgumentsTest, ATokenInClearTextStaysOnThisMachine) {
  arguments_.to = "http://shield.example:8080";
  EXPECT_THAT(Fault(), HasSubstr("in clear text"));
  for (const char* loopback : {"http://127.0.0.1:80", "http://localhost", "http://[::1]:1/"}) {
    arguments_.to = loopback;
    EXPECT_TRUE(CheckPush(arguments_).has_value()) << loopback;
  }
  arguments_.to = "http://127.0.0.1@evil.example";
  EXPECT_THAT(Fault(), HasSubstr("in clear text"));
  arguments_.to = "http://127.evil.example";
  EXPECT_THAT(Fault(), HasSubstr("in clear text"));
}

TEST_F(PushArgumentsTest, EveryBadValueIsNamed) {
  arguments_.to = "shield";
  EXPECT_THAT(Fault(), HasSubstr("--to=shield is no URL"));
  arguments_.to = "https://shield.example";
  arguments_.site = "a/b";
  EXPECT_THAT(Fault(), HasSubstr("--site=a/b"));
  arguments_.site = "main";
  arguments_.wait = "soon";
  EXPECT_THAT(Fault(), HasSubstr("--wait=soon"));
  arguments_.wait = "6m";
  EXPECT_THAT(Fault(), HasSubstr("--wait=6m"));
  arguments_.wait = "10s";
  arguments_.token_file = "/nowhere";
  EXPECT_THAT(Fault(), HasSubstr("/nowhere"));
  folder_.Write("empty", "# nothing\n");
  arguments_.token_file = (folder_ / "empty").string();
  EXPECT_THAT(Fault(), HasSubstr("holds no token"));
}

TEST(BuildArgumentsTest, TheCacheCanBeTurnedOff) {
  BuildArguments arguments;
  arguments.site = "s";
  arguments.out = "o";
  arguments.cache = "off";
  EXPECT_TRUE(CheckBuild(arguments)->cache.empty());
  arguments.cache = "here";
  EXPECT_EQ(CheckBuild(arguments)->cache, "here");
  EXPECT_GE(CheckBuild(arguments)->jobs, 1u);
}

TEST(BuildArgumentsTest, FormerReleasesComeFromFoldersOrFromAShield) {
  BuildArguments arguments;
  arguments.previous = {"old"};
  arguments.deployed.to = "https://shield.example";
  EXPECT_FALSE(CheckBuild(arguments).has_value());
  arguments.deployed.to = "off";
  EXPECT_TRUE(CheckBuild(arguments).has_value());
}

}  // namespace
}  // namespace skerry::pipeline
