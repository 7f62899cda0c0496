#include "core/config/manual.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "core/config/sample_table.h"

namespace skerry::config {
namespace {

using testing::HasSubstr;

TEST(MarkdownTest, HasARowForEveryOptionWithFlagRangeDefaultAndReload) {
  const std::string text = Markdown("sample", SampleTable().shape());
  EXPECT_THAT(text, HasSubstr("| `ram_cache` | `--ram_cache` | size, 16MiB to 1TiB | `512MiB` | "
                              "restart | Kept in memory. |\n"));
  EXPECT_THAT(text, HasSubstr("| `limits.streams` | – | number, 1 to 1000 | `128` | yes |"));
  EXPECT_THAT(text, HasSubstr("| – | `--ready_file` |"));
  EXPECT_THAT(text, HasSubstr("| required |"));
}

TEST(MarkdownTest, SectionsHaveTheirOwnTables) {
  const std::string text = Markdown("sample", SampleTable().shape());
  EXPECT_THAT(text, HasSubstr("### `[[site]]`"));
  EXPECT_THAT(text, HasSubstr("### `[[site.rule]]`"));
  EXPECT_THAT(text, HasSubstr("| `edge_ttl` | duration, 0 to 365d | – |"));
}

struct Plain {
  std::string name;
};

TEST(MarkdownTest, LeavesOutColumnsThatSayNothing) {
  const Table<Plain> table = {{"name", &Plain::name, Text("x"), "Of an <img>."}};
  EXPECT_EQ(Markdown("plain", table.shape()),
            "## plain\n\n| key | value | default | |\n|---|---|---|---|\n"
            "| `name` | text | `x` | Of an \\<img>. |\n");
}

TEST(MarkdownTest, BarsInTextsDoNotEndACell) {
  EXPECT_THAT(Markdown("sample", SampleTable().shape()), HasSubstr("How careful \\| or literal."));
}

class SchemaTest : public testing::Test {
 protected:
  const nlohmann::json schema_ = nlohmann::json::parse(JsonSchema("sample", SampleTable().shape()));
};

TEST_F(SchemaTest, AllowsNothingUnknownAtAnyDepth) {
  EXPECT_EQ(schema_["additionalProperties"], false);
  EXPECT_EQ(schema_["properties"]["limits"]["additionalProperties"], false);
  EXPECT_EQ(schema_["properties"]["site"]["items"]["additionalProperties"], false);
}

TEST_F(SchemaTest, HasRangesWordsAndUnits) {
  const auto& properties = schema_["properties"];
  EXPECT_EQ(properties["limits"]["properties"]["streams"]["maximum"], 1000);
  EXPECT_EQ(properties["profile"]["enum"], nlohmann::json({"default", "rfc"}));
  EXPECT_EQ(properties["ram_cache"]["anyOf"][0]["pattern"], "^(0|[0-9]+(B|KiB|MiB|GiB|TiB))$");
  EXPECT_EQ(properties["images"]["properties"]["widths"]["items"]["minimum"], 16);
}

TEST_F(SchemaTest, LeavesOutFlagsAndRequiresWhatOnlyAFileCanSet) {
  EXPECT_FALSE(schema_["properties"].contains("ready_file"));
  EXPECT_FALSE(schema_.contains("required")) << "--https may give it";
  EXPECT_EQ(schema_["properties"]["site"]["items"]["required"], nlohmann::json({"hosts"}));
}

}  // namespace
}  // namespace skerry::config
