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

}  // namespace
}  // namespace skerry::purge
