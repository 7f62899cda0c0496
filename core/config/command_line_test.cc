#include "core/config/command_line.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <fstream>

#include "core/config/sample_table.h"

namespace skerry::config {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

void RefuseVerboseRfc(const SampleOptions& options, Problems& problems) {
  if (options.verbose && options.profile == Profile::kRfc) {
    problems.Add(options.places.Of("verbose"), "verbose excludes profile = rfc");
  }
}

class LaunchTest : public testing::Test {
 protected:
  ~LaunchTest() override {
    if (!file_.empty()) std::remove(file_.c_str());
  }

  // Starts with these words behind the program's name.
  std::optional<int> Start(const std::vector<std::string>& words) {
    std::vector<const char*> argv = {"sample"};
    for (const std::string& word : words) argv.push_back(word.c_str());
    testing::internal::CaptureStdout();
    testing::internal::CaptureStderr();
    const std::optional<int> code = launch_.Start(static_cast<int>(argv.size()), argv.data());
    out_ = testing::internal::GetCapturedStdout();
    err_ = testing::internal::GetCapturedStderr();
    return code;
  }

  std::string File(std::string_view text) {
    if (file_.empty()) file_ = testing::TempDir() + "sample-" + std::to_string(getpid()) + ".toml";
    std::ofstream(file_) << text;
    return file_;
  }

  Launch<SampleOptions> launch_{{"sample", "a program for tests"}, SampleTable(), RefuseVerboseRfc};
  std::string out_, err_, file_;
};

TEST_F(LaunchTest, FlagsAreReadInEverySpelling) {
  EXPECT_EQ(Start({"--https=a:1", "-ram_cache", "64MiB", "--verbose", "--peers=b:2,c:3"}),
            std::nullopt);
  EXPECT_EQ(err_, "");
  EXPECT_EQ(launch_.options().https.port, 1);
  EXPECT_EQ(launch_.options().ram_cache, 64_MiB);
  EXPECT_TRUE(launch_.options().verbose);
  EXPECT_EQ(launch_.options().peers.size(), 2u);
}

TEST_F(LaunchTest, AFlagMayNegateOrSpellOutATruth) {
  const std::string config = "--config=" + File("https = \"a:1\"\nverbose = true");
  EXPECT_EQ(Start({config, "--noverbose"}), std::nullopt);
  EXPECT_FALSE(launch_.options().verbose);
  EXPECT_EQ(Start({config, "--verbose=false"}), std::nullopt);
  EXPECT_FALSE(launch_.options().verbose);
}

TEST_F(LaunchTest, FlagsOverrideTheFile) {
  const std::string file = File("https = \"a:1\"\nram_cache = \"64MiB\"\ncache_dir = \"/x\"");
  EXPECT_EQ(Start({"--config", file, "--ram_cache=32MiB"}), std::nullopt);
  EXPECT_EQ(launch_.options().ram_cache, 32_MiB);
  EXPECT_EQ(launch_.options().cache_dir, "/x");
}

TEST_F(LaunchTest, AFlagWithItsDefaultValueStillOverridesTheFile) {
  const std::string file = File("https = \"a:1\"\nram_cache = \"64MiB\"");
  EXPECT_EQ(Start({"--config", file, "--ram_cache=512MiB"}), std::nullopt);
  EXPECT_EQ(launch_.options().ram_cache, 512_MiB);
}

TEST_F(LaunchTest, OneStartDoesNotSeeTheFlagsOfAnother) {
  EXPECT_EQ(Start({"--https=a:1", "--ram_cache=64MiB"}), std::nullopt);
  EXPECT_EQ(Start({"--https=a:1"}), std::nullopt);
  EXPECT_EQ(launch_.options().ram_cache, 512_MiB);
}

TEST_F(LaunchTest, AnUnknownFlagExits2AndNamesTheNearest) {
  EXPECT_EQ(Start({"--https=a:1", "--ram_cahe=1GiB"}), 2);
  EXPECT_EQ(err_, "sample: --ram_cahe: unknown flag; did you mean --ram_cache?\n");
  EXPECT_EQ(out_, "");
}

TEST_F(LaunchTest, FlagsOfGflagsItselfAreUnknown) {
  EXPECT_EQ(Start({"--https=a:1", "--undefok=frobnicate", "--frobnicate"}), 2);
  EXPECT_THAT(err_, HasSubstr("--undefok: unknown flag"));
  EXPECT_THAT(err_, HasSubstr("--frobnicate: unknown flag"));
}

TEST_F(LaunchTest, AWrongValueExits2AndNamesTheFlag) {
  EXPECT_EQ(Start({"--https=a:1", "--ram_cache=512"}), 2);
  EXPECT_THAT(err_, HasSubstr("sample: --ram_cache: expected a size such as \"512MiB\""));
  EXPECT_EQ(Start({"--https=a:1", "--verbose=maybe"}), 2);
  EXPECT_THAT(err_, HasSubstr("--verbose: expected true or false"));
}

TEST_F(LaunchTest, AMissingValueAStrayWordAndARepetitionExit2) {
  EXPECT_EQ(Start({"--https=a:1", "--ram_cache"}), 2);
  EXPECT_THAT(err_, HasSubstr("--ram_cache: needs a value"));
  EXPECT_EQ(Start({"--https=a:1", "serve"}), 2);
  EXPECT_THAT(err_, HasSubstr("serve: unexpected argument"));
  EXPECT_EQ(Start({"--https=a:1", "--https=b:1"}), 2);
  EXPECT_THAT(err_, HasSubstr("--https: given twice"));
}

TEST_F(LaunchTest, AMissingRequiredFlagExits2) {
  EXPECT_EQ(Start({}), 2);
  EXPECT_THAT(err_, HasSubstr("https is required (HOST:PORT)"));
}

TEST_F(LaunchTest, AFileOnlyOptionAsAFlagIsToldWhereItBelongs) {
  EXPECT_EQ(Start({"--https=a:1", "--limits_streams=3"}), 2);
  EXPECT_THAT(err_, HasSubstr("can only be set in the configuration file, as limits.streams"));
}

TEST_F(LaunchTest, AMistakeInTheFileExits2WithItsPlace) {
  const std::string file = File("https = \"a:1\"\nram_cahe = 1\n");
  EXPECT_EQ(Start({"--config=" + file}), 2);
  EXPECT_EQ(err_,
            "sample: " + file + ":2:1: unknown key \"ram_cahe\"; did you mean \"ram_cache\"?\n");
}

TEST_F(LaunchTest, AMissingFileExits2AndIsNamed) {
  EXPECT_EQ(Start({"--config=/nonexistent.toml"}), 2);
  EXPECT_EQ(err_, "sample: --config: /nonexistent.toml: No such file or directory\n");
}

TEST_F(LaunchTest, TheProgramsOwnCheckSeesTheWholeAndItsPlaces) {
  const std::string file = File("https = \"a:1\"\nprofile = \"rfc\"\n");
  EXPECT_EQ(Start({"--config=" + file, "--verbose"}), 2);
  EXPECT_EQ(err_, "sample: --verbose: verbose excludes profile = rfc\n");
}

TEST_F(LaunchTest, CheckConfigExits0OrTwoAndDoesNotGoOn) {
  const std::string file = File("https = \"a:1\"\n");
  EXPECT_EQ(Start({"--check_config", "--config=" + file}), 0);
  EXPECT_EQ(out_, "sample: " + file + ": ok\n");
  File("https = 1\n");
  EXPECT_EQ(Start({"--check_config", "--config=" + file}), 2);
  EXPECT_EQ(Start({"--check_config", "--https=a:1"}), 0);
}

TEST_F(LaunchTest, HelpListsEveryFlagWithRangeAndDefaultAndExits0) {
  EXPECT_EQ(Start({"--help"}), 0);
  EXPECT_THAT(
      out_,
      HasSubstr("--ram_cache=<size>  (16MiB to 1TiB; default 512MiB)\n      Kept in memory.\n"));
  EXPECT_THAT(out_, HasSubstr("--profile=default|rfc"));
  EXPECT_THAT(out_, HasSubstr("--https=<HOST:PORT>  (required)"));
  EXPECT_THAT(out_, HasSubstr("--check_config\n"));
  EXPECT_THAT(out_, testing::Not(HasSubstr("limits")));
}

TEST_F(LaunchTest, VersionExits0) {
  EXPECT_EQ(Start({"--version"}), 0);
  EXPECT_THAT(out_, testing::MatchesRegex("sample [0-9]+\\.[0-9]+\\.[0-9]+\n"));
}

TEST_F(LaunchTest, DumpOptionsPrintsTheManualOrTheSchema) {
  EXPECT_EQ(Start({"--dump_options=markdown"}), 0);
  EXPECT_THAT(out_, HasSubstr("## sample\n"));
  EXPECT_EQ(Start({"--dump_options=schema"}), 0);
  EXPECT_THAT(out_, HasSubstr("\"$schema\""));
  EXPECT_EQ(Start({"--dump_options=html"}), 2);
}

TEST_F(LaunchTest, ReloadReadsTheFileAgainUnderTheSameFlags) {
  File("https = \"a:1\"\nram_cache = \"64MiB\"");
  ASSERT_EQ(Start({"--config=" + file_, "--verbose"}), std::nullopt);
  File("https = \"a:1\"\nram_cache = \"128MiB\"");
  Problems problems;
  const SampleOptions fresh = launch_.Reload(problems);
  EXPECT_TRUE(problems.empty());
  EXPECT_EQ(fresh.ram_cache, 128_MiB);
  EXPECT_TRUE(fresh.verbose);
  EXPECT_EQ(launch_.options().ram_cache, 64_MiB) << "what the process was started with";
  EXPECT_THAT(NeedRestart(SampleTable().shape(), &launch_.options(), &fresh),
              ElementsAre("ram_cache"));
}

TEST_F(LaunchTest, ReloadOfABrokenFileReportsAndKeepsTheOptions) {
  File("https = \"a:1\"");
  ASSERT_EQ(Start({"--config=" + file_}), std::nullopt);
  File("https = \"a:1\"\nfoo = 1");
  Problems problems;
  launch_.Reload(problems);
  EXPECT_FALSE(problems.empty());
  EXPECT_FALSE(launch_.ReadAgain().has_value());
  EXPECT_EQ(launch_.options().https.port, 1);
}

}  // namespace
}  // namespace skerry::config
