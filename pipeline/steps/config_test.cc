#include "pipeline/steps/config.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace skerry::pipeline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string Fault(std::string_view toml) {
  const auto config = ParseConfig("skerry.toml", toml);
  EXPECT_FALSE(config.has_value());
  return config ? "" : config.error().context;
}

TEST(ConfigTest, EveryKeyHasADefault) {
  const auto config = ParseConfig("skerry.toml", "");
  ASSERT_TRUE(config.has_value()) << config.error().context;
  EXPECT_EQ(config->base, "/");
  EXPECT_THAT(config->image_formats, ElementsAre("avif", "webp", "fallback"));
  EXPECT_THAT(config->codings, ElementsAre("br", "gzip"));
  EXPECT_EQ(config->budget_page, 1_MiB);
}

TEST(ConfigTest, ReadsTheKeysOfTheContract) {
  const auto config = ParseConfig("skerry.toml",
                                  "[images]\ninclude=[\"a/**\"]\nwidths=[400]\nformats=[\"webp\"]\n"
                                  "picture=[\"b/**\"]\ntarget=80\n[budgets]\nscript=\"150KiB\"\n"
                                  "[codings]\ninclude=[\"br\"]\n");
  ASSERT_TRUE(config.has_value()) << config.error().context;
  EXPECT_THAT(config->image_widths, ElementsAre(400));
  EXPECT_EQ(config->image_target, 80);
  EXPECT_EQ(config->budget_script, 150_KiB);
}

TEST(ConfigTest, MistakesAreNamedWithTheirLine) {
  EXPECT_THAT(Fault("[images]\nwidht=[1]"), HasSubstr("skerry.toml:2"));
  EXPECT_THAT(Fault("[budgets]\nscript=\"150 parsecs\""), HasSubstr("skerry.toml:2"));
  EXPECT_THAT(Fault("[images]\ntarget=200"), HasSubstr("target"));
  EXPECT_THAT(Fault("[images]\nformats=[\"gif\"]"),
              HasSubstr("names \"gif\"; known are avif, webp"));
  EXPECT_THAT(Fault("[codings]\ninclude=[\"dcb\"]"), HasSubstr("known are br, gzip, zstd"));
  EXPECT_THAT(Fault("[site]\nbase=\"blog\""), HasSubstr("begin and end with '/'"));
  EXPECT_THAT(Fault("[site]\nurl=\"https://x/y\""), HasSubstr("must be an origin"));
  EXPECT_THAT(Fault("nonsense"), HasSubstr("skerry.toml:1"));
}

}  // namespace
}  // namespace skerry::pipeline
