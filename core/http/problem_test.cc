#include "core/http/problem.h"

#include <gtest/gtest.h>

namespace skerry::http {
namespace {

TEST(ProblemTest, SaysTypeTitleStatusAndDetail) {
  const Problem problem{
      .status = 404, .type = "", .title = "", .detail = "no site", .instance = ""};
  EXPECT_EQ(problem.ToJson(),
            R"({"type":"about:blank","title":"Not Found","status":404,"detail":"no site"})");
}

TEST(ProblemTest, FurtherMembersDoNotReplaceStandardOnes) {
  const Problem problem{.status = 400,
                        .type = "https://e/t",
                        .title = "T",
                        .detail = "",
                        .instance = "/i",
                        .more = {{"field", "urls"}, {"status", "x"}}};
  EXPECT_EQ(problem.ToJson(),
            R"({"type":"https://e/t","title":"T","status":400,"instance":"/i","field":"urls"})");
}

TEST(ProblemTest, AnyBytesGiveJson) {
  const Problem problem{
      .status = 299, .type = "", .title = "", .detail = "a\"\n\xff", .instance = ""};
  EXPECT_EQ(problem.ToJson(),
            "{\"type\":\"about:blank\",\"title\":\"\",\"status\":299,"
            "\"detail\":\"a\\\"\\n\xef\xbf\xbd\"}");
}

}  // namespace
}  // namespace skerry::http
