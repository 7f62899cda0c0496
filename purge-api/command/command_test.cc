#include "purge-api/command/command.h"

#include <gmock/gmock.h>

namespace skerry::purge {
namespace {

TEST(CommandTest, TheBodyNamesWhatWasAskedForAndNothingElse) {
  CommandLine line;
  line.urls = {"https://a.example/x"};
  line.tags = {"t"};
  line.soft = true;
  line.wait = "5s";
  EXPECT_EQ(BodyOf(line, {"https://a.example/y"}),
            R"({"urls":["https://a.example/x","https://a.example/y"],"tags":["t"],)"
            R"("mode":"soft","wait":"5s"})");
}

TEST(CommandTest, TheTableHasALineForEachNode) {
  Receipt receipt;
  receipt.nodes["edge-1"] = {NodeState::kApplied, 7, WallTime(Millis(1'700'000'000'000))};
  receipt.nodes["shield"] = {NodeState::kPending, 6, WallTime(Millis(1'700'000'001'500))};
  EXPECT_EQ(Table("5f3a-7", receipt),
            "purge 5f3a-7: accepted\n"
            "  NODE    STATE        SINCE\n"
            "  edge-1  applied      2023-11-14T22:13:20.000Z\n"
            "  shield  pending      2023-11-14T22:13:21.500Z\n");
  EXPECT_EQ(Table("5f3a-7", {true, {}}), "purge 5f3a-7: complete\n  no nodes\n");
}

TEST(CommandTest, ADryRunSaysWhatEachNodeWouldDrop) {
  CommandLine line;
  line.all = line.dry_run = true;
  EXPECT_EQ(BodyOf(line, {}), R"({"all":true,"dry_run":true,"wait":"10s"})");
  const auto table =
      DryRunTable(R"({"id":"dry-1","dry_run":true,"seq":7,"state":"accepted","nodes":{)"
                  R"("edge-1":{"state":"counted","at":"x","objects":3,"bytes":4096},)"
                  R"("edge-2":{"state":"pending","at":"x"}}})");
  ASSERT_TRUE(table);
  EXPECT_EQ(*table,
            "dry run dry-1: accepted; nothing was purged\n"
            "  NODE                  STATE           OBJECTS           BYTES\n"
            "  edge-1                counted               3            4096\n"
            "  edge-2                pending               -               -\n");
  EXPECT_FALSE(DryRunTable("{}"));
}

TEST(ListCommandTest, ThePathHasWhatWasAskedFor) {
  ListLine list;
  EXPECT_EQ(PathOf(list), "/v1/purges?limit=20");
  list.url = "https://a.example/x?y=1";
  list.since = "2026-11-21";
  EXPECT_EQ(PathOf(list),
            "/v1/purges?limit=20&url=https%3A%2F%2Fa.example%2Fx%3Fy%3D1&since=2026-11-21");
}

TEST(ListCommandTest, ThereIsALineForEachRecord) {
  const auto table = ListTable(
      R"({"purges":[{"id":"x-7","seq":7,"at":"2026-11-21T18:00:00.123Z","who":"0123456789ab",)"
      R"("kind":"purge","state":"complete","mode":"soft","immutable":false,)"
      R"("named":{"urls":9,"tags":0,"prefixes":0,"hosts":0,"all":false},"first":["u1","u2"]}],)"
      R"("next":7})");
  ASSERT_TRUE(table);
  EXPECT_EQ(*table,
            "SEQ       WHEN                  WHO           STATE     KIND        WHAT\n"
            "7         2026-11-21T18:00:00Z  0123456789ab  complete  soft        u1 u2 and 7 more\n"
            "more: --before 7\n");
  EXPECT_EQ(*ListTable(R"({"purges":[]})"), "none\n");
  EXPECT_FALSE(ListTable("{}"));
  EXPECT_FALSE(ListTable(R"({"purges":[{"seq":"x"}]})"));
}

}  // namespace
}  // namespace skerry::purge
