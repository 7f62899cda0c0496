#include "core/config/subcommands.h"

#include <gmock/gmock.h>

#include <CLI/CLI.hpp>

namespace skerry::config {
namespace {

using testing::HasSubstr;

// What `prog WORDS…` prints when it is refused.
std::string Refused(const std::string& words) {
  CLI::App app("", "prog");
  std::string text;
  CLI::App* build = app.add_subcommand("build");
  build->add_option("SITE", text)->required();
  build->add_option("--jobs", text)->check(CLI::Range(1, 9));
  build->add_option("--out", text)->required();
  app.add_subcommand("push");
  try {
    app.parse(words);
  } catch (const CLI::ParseError& error) {
    return UsageMistakes(app, error);
  }
  return "accepted";
}

TEST(UsageMistakesTest, NamesTheNearestFlagOfTheCommand) {
  EXPECT_EQ(Refused("build site --out=o --jbos=3"),
            "prog build: --jbos: unknown flag; did you mean --jobs?\n");
}

TEST(UsageMistakesTest, AMisspeltRequiredFlagIsNamedBeforeItIsMissed) {
  EXPECT_EQ(Refused("build site --oot=o"),
            "prog build: --oot: unknown flag; did you mean --out?\n"
            "prog build: --out is required; --help tells more\n");
}

TEST(UsageMistakesTest, NamesTheNearestCommand) {
  EXPECT_EQ(Refused("bild site"), "prog: bild: unknown command; did you mean build?\n");
}

TEST(UsageMistakesTest, FarFromEverythingPointsToHelp) {
  EXPECT_EQ(Refused("build site --out=o --colour"),
            "prog build: --colour: unknown flag; --help lists all\n");
  EXPECT_EQ(Refused("build site --out=o more"),
            "prog build: more: unexpected argument; --help lists all\n");
}

TEST(UsageMistakesTest, AWrongValueKeepsItsReason) {
  EXPECT_THAT(Refused("build site --out=o --jobs=0"), HasSubstr("prog build: --jobs: Value 0"));
}

}  // namespace
}  // namespace skerry::config
