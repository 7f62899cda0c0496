#include "purge-api/options.h"

#include <gmock/gmock.h>

#include "core/config/reader.h"

namespace skerry::purge {
namespace {

using ::testing::HasSubstr;

std::string ProblemsOf(const std::string& more) {
  config::Problems problems;
  const std::string text = "data_dir = \"d\"\ntoken_file = \"t\"\n" + more;
  const Options options = config::ReadToml(text, "purge.toml", OptionTable(), problems);
  if (problems.empty()) CheckOptions(options, problems);
  return problems.ToString();
}

TEST(OptionsTest, ClearTextIsForLoopbackOnly) {
  EXPECT_EQ(ProblemsOf("listen = \"127.0.0.1:8444\""), "");
  EXPECT_THAT(ProblemsOf("listen = \"0.0.0.0:8444\""), HasSubstr("give --cert and --key"));
  EXPECT_EQ(ProblemsOf("listen = \"0.0.0.0:8444\"\ncert = \"c\"\nkey = \"k\""), "");
  EXPECT_THAT(ProblemsOf("listen = \"[::1]:0\"\nadmin = \"10.0.0.1:1\""), HasSubstr("admin"));
}

TEST(OptionsTest, ACertificateNeedsItsKey) {
  EXPECT_THAT(ProblemsOf("listen = \"[::1]:0\"\ncert = \"c\""), HasSubstr("both or neither"));
}

TEST(OptionsTest, TheLeaseHasBounds) {
  EXPECT_THAT(ProblemsOf("listen = \"[::1]:0\"\nlease = \"100ms\""), HasSubstr("lease"));
  EXPECT_THAT(ProblemsOf("listen = \"[::1]:0\"\nlease = \"1h\""), HasSubstr("lease"));
}

}  // namespace
}  // namespace skerry::purge
