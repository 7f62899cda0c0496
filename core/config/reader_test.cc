#include "core/config/reader.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>

#include "core/config/sample_table.h"

namespace skerry::config {
namespace {

using namespace std::chrono_literals;
using testing::ElementsAre;
using testing::HasSubstr;

class ReaderTest : public testing::Test {
 protected:
  // A complete file: what is required, and `text`.
  SampleOptions Read(std::string_view text) {
    return ReadAll("https = \"a:1\"\n" + std::string(text));
  }

  SampleOptions ReadAll(std::string_view text) {
    problems_ = {};
    return ReadToml(text, "edge.toml", SampleTable(), problems_);
  }

  // All problems of a file, a line each. The first line of `text` is line 2.
  std::string Refusal(std::string_view text) {
    Read(text);
    return problems_.ToString();
  }

  Problems problems_;
};

TEST_F(ReaderTest, SetsEveryKindOfValue) {
  const SampleOptions options = Read(R"(
peers = ["b:2", "c:3"]
ram_cache = "64MiB"
profile = "rfc"
cache_dir = "/tmp/x"
verbose = true
[limits]
streams = 5
idle = "90s"
grace = "2m"
[images]
widths = [320]
)");
  EXPECT_EQ(problems_.ToString(), "");
  EXPECT_EQ(options.peers.at(1).port, 3);
  EXPECT_EQ(options.ram_cache, 64_MiB);
  EXPECT_EQ(options.profile, Profile::kRfc);
  EXPECT_EQ(options.cache_dir, "/tmp/x");
  EXPECT_TRUE(options.verbose);
  EXPECT_EQ(options.streams, 5);
  EXPECT_EQ(options.idle, 90s);
  EXPECT_EQ(options.grace, 2min);
  EXPECT_THAT(options.widths, ElementsAre(320));
}

TEST_F(ReaderTest, WhatIsLeftOutHasItsDefault) {
  const SampleOptions options = Read("");
  EXPECT_EQ(problems_.ToString(), "");
  EXPECT_EQ(options.ram_cache, 512_MiB);
  EXPECT_EQ(options.idle, 60s);
  EXPECT_THAT(options.widths, ElementsAre(640, 1280));
  EXPECT_TRUE(options.sites.empty());
}

TEST_F(ReaderTest, DottedKeysAndInlineTablesAreTheSameAsTables) {
  EXPECT_EQ(Read("limits.streams = 7").streams, 7);
  EXPECT_EQ(Read("limits = { streams = 8 }").streams, 8);
}

TEST_F(ReaderTest, ReadsSectionsInSectionsInTheirOrder) {
  const SampleOptions options = Read(R"(
[[site]]
hosts = ["a.example"]
[[site.rule]]
match = ["/assets/*"]
edge_ttl = "1d"
[[site.rule]]
match = ["/api/*"]
bypass = true
[[site]]
hosts = ["b.example"]
)");
  EXPECT_EQ(problems_.ToString(), "");
  ASSERT_EQ(options.sites.size(), 2u);
  ASSERT_EQ(options.sites[0].rules.size(), 2u);
  EXPECT_EQ(options.sites[0].rules[0].edge_ttl, Seconds(86400));
  EXPECT_EQ(options.sites[0].rules[1].edge_ttl, std::nullopt);
  EXPECT_TRUE(options.sites[0].rules[1].bypass);
  EXPECT_THAT(options.sites[1].hosts, ElementsAre("b.example"));
}

TEST_F(ReaderTest, KeepsThePlacesOfWhatWasSet) {
  const SampleOptions options =
      Read("[[site]]\nhosts = [\"a\"]\n\n[[site.rule]]\nmatch = [\"/\"]\n");
  const Places& places = options.sites.at(0).rules.at(0).places;
  EXPECT_TRUE(places.Has("match"));
  EXPECT_FALSE(places.Has("edge_ttl"));
  EXPECT_EQ(places.Of("match").ToString(), "edge.toml:6:9");
  EXPECT_EQ(places.Of("edge_ttl").ToString(), "edge.toml:5:1") << "the start of its section";
  EXPECT_TRUE(options.places.Has("https"));
}

TEST_F(ReaderTest, AnUnknownKeyIsRefusedWithItsPlaceAndTheNearest) {
  EXPECT_EQ(Refusal("ram_cahe = \"1GiB\""),
            "edge.toml:2:1: unknown key \"ram_cahe\"; did you mean \"ram_cache\"?");
  EXPECT_EQ(Refusal("[limits]\n  stream = 1"),
            "edge.toml:3:3: unknown key \"limits.stream\"; did you mean \"limits.streams\"?");
  EXPECT_EQ(Refusal("[[site]]\nhosts = [\"a\"]\norigins = \"b\""),
            "edge.toml:4:1: unknown key \"origins\"; did you mean \"origin\"?");
}

TEST_F(ReaderTest, AnUnknownTableIsRefused) {
  EXPECT_EQ(Refusal("[limit]\nstreams = 1"), "edge.toml:2:2: unknown key \"limit\"");
  EXPECT_EQ(Refusal("[[sites]]\nhosts = [\"a\"]"),
            "edge.toml:2:3: unknown key \"sites\"; did you mean \"site\"?");
}

TEST_F(ReaderTest, AKeyInTheWrongTableIsToldWhereItBelongs) {
  EXPECT_EQ(Refusal("streams = 9"),
            "edge.toml:2:1: unknown key \"streams\"; there is \"streams\" in [limits]");
}

TEST_F(ReaderTest, AWrongUnitIsRefusedAtItsValue) {
  EXPECT_THAT(Refusal("ram_cache = 512"),
              HasSubstr("edge.toml:2:13: ram_cache: expected a size such as \"512MiB\""));
  EXPECT_THAT(Refusal("[limits]\nidle = \"10MiB\""),
              HasSubstr("edge.toml:3:8: limits.idle: unknown unit \"MiB\""));
}

TEST_F(ReaderTest, OutOfRangeIsRefusedNotClipped) {
  EXPECT_EQ(Refusal("limits.streams = 1001"),
            "edge.toml:2:18: limits.streams: out of range: 1001; allowed is 1 to 1000");
}

TEST_F(ReaderTest, FractionsDatesTablesAndMixedListsAreRefused) {
  EXPECT_THAT(Refusal("limits.streams = 1.5"),
              HasSubstr("expected number, found a number with a fraction"));
  EXPECT_THAT(Refusal("cache_dir = 2020-01-01"), HasSubstr("found a date or time"));
  EXPECT_THAT(Refusal("cache_dir = {}"), HasSubstr("found a table"));
  EXPECT_THAT(Refusal("images.widths = [1, \"2\"]"), HasSubstr("found a list of mixed values"));
  EXPECT_THAT(Refusal("limits = 3"), HasSubstr("limits is a table: write [limits]"));
}

TEST_F(ReaderTest, ASectionWithSingleBracketsIsRefused) {
  EXPECT_THAT(Refusal("[site]\nhosts = [\"a\"]"), HasSubstr("write [[site]]"));
  EXPECT_THAT(Refusal("site = [1]"), HasSubstr("write [[site]]"));
}

TEST_F(ReaderTest, AFlagOnlyOptionInAFileIsRefused) {
  EXPECT_EQ(Refusal("ready_file = \"r\""),
            "edge.toml:2:1: ready_file is a flag only: --ready_file");
}

TEST_F(ReaderTest, RequiredOptionsMustBeThereInSectionsToo) {
  ReadAll("");
  EXPECT_EQ(problems_.ToString(), "edge.toml:1:1: https is required (HOST:PORT): Where to listen.");
  EXPECT_EQ(Refusal("[[site]]\norigin = \"b\""),
            "edge.toml:2:1: hosts is required (list of texts): Names of the site.");
}

TEST_F(ReaderTest, ARequiredOptionWithABadValueIsOneProblem) {
  ReadAll("https = 5");
  EXPECT_EQ(problems_.list().size(), 1u);
}

TEST_F(ReaderTest, ReportsEveryProblemInTheOrderOfTheFile) {
  Read("ram_cahe = 1\nverbose = 3\n[limits]\nstreams = 0\n");
  ASSERT_EQ(problems_.list().size(), 3u);
  EXPECT_EQ(problems_.list()[0].place.line, 2u);
  EXPECT_EQ(problems_.list()[1].place.line, 3u);
  EXPECT_EQ(problems_.list()[2].place.line, 5u);
}

TEST_F(ReaderTest, MalformedTomlIsOneProblemWithItsPlace) {
  Read("ram_cache = \n");
  ASSERT_EQ(problems_.list().size(), 1u);
  EXPECT_EQ(problems_.list()[0].place.line, 2u);
  EXPECT_THAT(Refusal("verbose = true\nverbose = false"), HasSubstr("edge.toml:3:"));
}

TEST_F(ReaderTest, AHeaderWithoutANameIsAProblemAtItsLine) {
  for (const char* header : {"[[", "[", "[ ", "[[\t", "[[\nverbose = true", "[\x01]"}) {
    const std::string problem = Refusal("verbose = true\n" + std::string(header));
    EXPECT_THAT(problem, HasSubstr("edge.toml:3:")) << header;
  }
}

TEST_F(ReaderTest, LettersOutsideAsciiAreProblemsInKeysAndFineInTexts) {
  EXPECT_THAT(Refusal("\u00e9t\u00e9 = 1"), HasSubstr("edge.toml:2:"));
  EXPECT_THAT(Refusal("k\u013c = 1"), HasSubstr("edge.toml:2:"));
  EXPECT_EQ(Read("cache_dir = \"/\u00e9t\u00e9\"").cache_dir, "/\u00e9t\u00e9");
}

TEST_F(ReaderTest, DeepNestingIsAProblemNotACrash) {
  EXPECT_NE(Refusal("peers = " + std::string(10'000, '[') + std::string(10'000, ']')), "");
}

TEST_F(ReaderTest, SectionsOfTheTextReplaceEarlierOnes) {
  SampleOptions options = Read("[[site]]\nhosts = [\"a\"]");
  Given given;
  ReadToml("[[site]]\nhosts = [\"b\"]", "second.toml", SampleTable().shape(), &options, given,
           problems_);
  ASSERT_EQ(options.sites.size(), 1u);
  EXPECT_THAT(options.sites[0].hosts, ElementsAre("b"));
}

TEST(ReadFileTest, AMissingFileAndAFolderAreErrorsThatNameThem) {
  EXPECT_EQ(ReadFile("/nonexistent/x.toml").error().context,
            "/nonexistent/x.toml: No such file or directory");
  EXPECT_EQ(ReadFile("/").error().context, "/: Is a directory");
}

TEST(ReadFileTest, AFileWithoutEndIsRefused) {
  EXPECT_THAT(ReadFile("/dev/zero").error().context, HasSubstr("larger than 16 MiB"));
}

}  // namespace
}  // namespace skerry::config
