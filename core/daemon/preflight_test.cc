#include "core/daemon/preflight.h"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

#include "core/net/listener.h"
#include "core/net/loop.h"

namespace skerry::daemon {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

std::string Said(const Status& status) { return status ? "fine" : status.error().context; }

class PreflightTest : public testing::Test {
 protected:
  void SetUp() override {
    folder_ = testing::TempDir() + "preflight-" + std::to_string(getpid());
    std::filesystem::create_directories(folder_);
    std::ofstream(folder_ + "/file") << "x";
  }
  void TearDown() override { std::filesystem::remove_all(folder_); }

  std::string folder_;
};

TEST_F(PreflightTest, APortThatIsSharedWithReusePortIsNotFree) {
  auto loop = net::Loop::Make();
  net::ListenOptions options;
  options.address = {"127.0.0.1", 0};
  options.reuse_port = true;
  auto held = net::Listener::Open(*loop, options, [](auto) {});
  ASSERT_TRUE(held);
  const net::Address address = (*held)->address();
  EXPECT_THAT(Said(CheckListen("--https", address)), StartsWith("--https: cannot listen on 127."));
  EXPECT_THAT(Said(CheckListen("--https", address)), HasSubstr("choose another port"));
  held->reset();
  EXPECT_EQ(Said(CheckListen("--https", address)), "fine");
  EXPECT_EQ(Said(CheckListen("--https", address)), "fine") << "looking holds nothing";
}

TEST_F(PreflightTest, NothingToListenOnIsFine) {
  EXPECT_EQ(Said(CheckListen("--admin", std::nullopt)), "fine");
}

TEST_F(PreflightTest, AFileNeedsAFolderThatIsThere) {
  EXPECT_EQ(Said(CheckFile("--ready_file", "")), "fine");
  EXPECT_EQ(Said(CheckFile("--ready_file", folder_ + "/new")), "fine");
  EXPECT_EQ(Said(CheckFile("--ready_file", folder_ + "/file")), "fine");
  EXPECT_EQ(Said(CheckFile("--ready_file", "in-the-working-folder")), "fine");
  EXPECT_THAT(Said(CheckFile("--ready_file", folder_ + "/none/new")), HasSubstr("no folder"));
  EXPECT_THAT(Said(CheckFile("--ready_file", folder_)), HasSubstr("is a folder"));
}

TEST_F(PreflightTest, AFolderMayBeMadeWithItsParentsButNotBelowAFile) {
  EXPECT_EQ(Said(CheckFolder("--data_dir", folder_)), "fine");
  EXPECT_EQ(Said(CheckFolder("--data_dir", folder_ + "/a/b")), "fine");
  EXPECT_THAT(Said(CheckFolder("--data_dir", folder_ + "/file")), HasSubstr("is no folder"));
  EXPECT_THAT(Said(CheckFolder("--data_dir", folder_ + "/file/b")),
              HasSubstr("/file is no folder"));
  EXPECT_FALSE(std::filesystem::exists(folder_ + "/a"));
}

}  // namespace
}  // namespace skerry::daemon
