#include "core/base/log.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace skerry {
namespace {

using ::testing::HasSubstr;
using ::testing::MatchesRegex;

class LogTest : public ::testing::Test {
 protected:
  ~LogTest() override { SetLogLevel(LogLevel::kInfo); }

  template <class Do>
  static std::string Printed(Do what) {
    ::testing::internal::CaptureStderr();
    what();
    return ::testing::internal::GetCapturedStderr();
  }
};

TEST_F(LogTest, ALineHasTimeLevelMessageAndFields) {
  const std::string line = Printed([] {
    LogInfo("listener: ready", {{"address", "127.0.0.1:8443"}, {"n", 3}});
  });
  EXPECT_THAT(line, MatchesRegex("[0-9]+-[0-9]+-[0-9]+T[0-9:.]+Z info +listener: ready "
                                 "address=127.0.0.1:8443 n=3\n"));
}

TEST_F(LogTest, ValuesCannotForgeFieldsOrLines) {
  const std::string line = Printed([] { LogError("a", {{"url", "x y=\"z\"\nerror b"}}); });
  EXPECT_EQ(std::count(line.begin(), line.end(), '\n'), 1);
  EXPECT_THAT(line, HasSubstr("url=\"x y=\\\"z\\\""));
}

TEST_F(LogTest, LinesBelowTheLevelAreDropped) {
  SetLogLevel(LogLevel::kWarning);
  EXPECT_EQ(Printed([] { LogInfo("quiet"); }), "");
  EXPECT_THAT(Printed([] { LogWarning("loud"); }), HasSubstr("loud"));
}

}  // namespace
}  // namespace skerry
