#include "core/config/table.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/config/reader.h"
#include "core/config/sample_table.h"

namespace skerry::config {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;

SampleOptions Read(std::string_view text) {
  Problems problems;
  SampleOptions options =
      ReadToml("https = \"a:1\"\n" + std::string(text), "edge.toml", SampleTable(), problems);
  EXPECT_EQ(problems.ToString(), "");
  return options;
}

std::vector<std::string> Restart(std::string_view running, std::string_view fresh) {
  const SampleOptions a = Read(running);
  const SampleOptions b = Read(fresh);
  return NeedRestart(SampleTable().shape(), &a, &b);
}

TEST(NeedRestartTest, NothingForTheSameConfigurationWrittenDifferently) {
  EXPECT_THAT(Restart("ram_cache = \"1GiB\"", "ram_cache = \"1024MiB\""), IsEmpty());
}

TEST(NeedRestartTest, NamesWhatHupCannotChange) {
  EXPECT_THAT(Restart("", "ram_cache = \"1GiB\"\nlimits.idle = \"5s\""),
              ElementsAre("ram_cache", "limits.idle"));
}

TEST(NeedRestartTest, ReloadableOptionsAndSectionsAreFine) {
  EXPECT_THAT(Restart("", "verbose = true\n[[site]]\nhosts = [\"a\"]"), IsEmpty());
}

struct Fixed {
  std::vector<RuleOptions> rules;
};

TEST(NeedRestartTest, ASectionThatIsNotReloadableIsComparedInDepth) {
  static const Table<RuleOptions> rules = {{"bypass", &RuleOptions::bypass, Bool(false), "b"}};
  static const Table<Fixed> table = {{"rule", &Fixed::rules, rules, "r"}};
  Fixed a, b;
  a.rules.resize(1);
  b.rules.resize(1);
  EXPECT_THAT(NeedRestart(table.shape(), &a, &b), IsEmpty());
  b.rules[0].bypass = true;
  EXPECT_THAT(NeedRestart(table.shape(), &a, &b), ElementsAre("rule"));
  b.rules.clear();
  EXPECT_THAT(NeedRestart(table.shape(), &a, &b), ElementsAre("rule"));
}

TEST(TableTest, ResetBringsBackDefaultsAndEmptiesSections) {
  SampleOptions options = Read("verbose = true\n[[site]]\nhosts = [\"a\"]");
  SampleTable().shape().Reset(&options);
  EXPECT_FALSE(options.verbose);
  EXPECT_TRUE(options.sites.empty());
  EXPECT_EQ(options.ram_cache, 512_MiB);
}

TEST(TableTest, FlagNamesHaveUnderscoresAndOnlyFlagsAreFound) {
  const Shape& shape = SampleTable().shape();
  EXPECT_EQ(shape.FindOption("limits.streams")->FlagName(), "limits_streams");
  EXPECT_EQ(shape.FindFlag("limits_streams"), nullptr) << "it is for files only";
  EXPECT_NE(shape.FindFlag("ram_cache"), nullptr);
}

TEST(TableTest, ATableIsAPrefixThatEndsAtADot) {
  const Shape& shape = SampleTable().shape();
  EXPECT_TRUE(shape.IsTable("limits"));
  EXPECT_FALSE(shape.IsTable("limit"));
  EXPECT_FALSE(shape.IsTable("https"));
}

}  // namespace
}  // namespace skerry::config
