#include "purge-api/accept/request.h"

#include <gmock/gmock.h>

#include "purge-api/accept/problem.h"

namespace skerry::purge {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

Problem Refused(std::string_view body) {
  const Checked<Accepted> accepted = ParsePurge(body);
  EXPECT_FALSE(accepted) << body;
  return accepted ? Problem{} : accepted.error();
}

std::string Repeat(const std::string& element, int count) {
  std::string list;
  for (int i = 0; i < count; ++i) list += (i == 0 ? "" : ",") + element;
  return list;
}

TEST(ParsePurgeTest, ReadsEveryMember) {
  const auto accepted = ParsePurge(
      R"({"urls":["https://a.example/x?q=1"],"tags":["t 1"],"prefixes":["https://a.example/dir/*"],)"
      R"("hosts":["b.example:8443"],"all":true,"mode":"soft","immutable":true,"wait":"5s"})");
  ASSERT_TRUE(accepted) << accepted.error().detail;
  const cache::Selectors& named = accepted->record.selectors;
  EXPECT_THAT(named.urls, ElementsAre("https://a.example/x?q=1"));
  EXPECT_THAT(named.tags, ElementsAre("t 1"));
  EXPECT_THAT(named.prefixes, ElementsAre("https://a.example/dir/"));
  EXPECT_THAT(named.hosts, ElementsAre("b.example:8443"));
  EXPECT_TRUE(named.all);
  EXPECT_EQ(accepted->record.mode, cache::PurgeMode::kSoft);
  EXPECT_TRUE(accepted->record.immutable);
  EXPECT_EQ(accepted->wait, Millis(5000));
}

TEST(ParsePurgeTest, IsHardAndDoesNotWaitUnlessTold) {
  const auto accepted = ParsePurge(R"({"tags":["a"]})");
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->record.mode, cache::PurgeMode::kHard);
  EXPECT_EQ(accepted->wait, Millis(0));
}

TEST(ParsePurgeTest, MalformedJsonIsRefusedWithItsPlace) {
  const Problem problem = Refused("{\"tags\": [\"a\",\n  \"b\" oops]}");
  EXPECT_EQ(problem.status, 400);
  EXPECT_EQ(problem.title, "malformed JSON");
  EXPECT_THAT(problem.detail, HasSubstr("line 2, column 7"));
  EXPECT_EQ(Refused("").status, 400);
  EXPECT_EQ(Refused("[]").status, 400);
  EXPECT_EQ(Refused("{\"tags\":[\"\xff\"]}").status, 400);
}

TEST(ParsePurgeTest, TenThousandUrlsAreTakenAndOneMoreIsRefused) {
  const std::string url = R"("https://a.example/x")";
  EXPECT_TRUE(ParsePurge("{\"urls\":[" + Repeat(url, 10'000) + "]}"));
  const Problem problem = Refused("{\"urls\":[" + Repeat(url, 10'001) + "]}");
  EXPECT_EQ(problem.status, 422);
  EXPECT_EQ(problem.member, "urls");
  EXPECT_THAT(problem.detail, HasSubstr("10001"));
  EXPECT_THAT(problem.detail, HasSubstr("10000"));
}

TEST(ParsePurgeTest, NamesTheMemberThatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {R"({"url":["https://a.example/"]})", "url"},
      {R"({"tags":["a"],"regex":".*"})", "regex"},
      {R"({"tags":"a"})", "tags"},
      {R"({"tags":["a",""]})", "tags[1]"},
      {R"({"tags":["a",7]})", "tags[1]"},
      {R"({"tags":[" a"]})", "tags[0]"},
      {R"({"tags":["a\nb"]})", "tags[0]"},
      {R"({"urls":["/path"]})", "urls[0]"},
      {R"({"urls":["ftp://a.example/"]})", "urls[0]"},
      {R"({"urls":["https://user@a.example/"]})", "urls[0]"},
      {R"({"urls":["https://a.example/ x"]})", "urls[0]"},
      {R"({"urls":["https://a.example/%zz"]})", "urls[0]"},
      {R"({"urls":["https://a.example/*"]})", "urls[0]"},
      {R"({"prefixes":["https://a.example/x"]})", "prefixes[0]"},
      {R"({"prefixes":["https://a.example/*/x*"]})", "prefixes[0]"},
      {R"({"prefixes":["https://a.example/x?q=*"]})", "prefixes[0]"},
      {R"({"prefixes":["https://a.example/%4*"]})", "prefixes[0]"},
      {R"({"prefixes":["https://a.example*"]})", "prefixes[0]"},
      {R"({"hosts":["https://a.example"]})", "hosts[0]"},
      {R"({"hosts":[""]})", "hosts[0]"},
      {R"({"all":1})", "all"},
      {R"({"all":true,"mode":"medium"})", "mode"},
      {R"({"all":true,"mode":1})", "mode"},
      {R"({"all":true,"immutable":"yes"})", "immutable"},
      {R"({"all":true,"wait":5})", "wait"},
      {R"({"all":true,"wait":"5"})", "wait"},
      {R"({"all":true,"wait":"2m"})", "wait"},
      {R"({"all":true,"all":false})", "all"},
  };
  for (const auto& [body, member] : cases) {
    const Problem problem = Refused(body);
    EXPECT_EQ(problem.status, 422) << body;
    EXPECT_EQ(problem.member, member) << body << ": " << problem.detail;
  }
}

TEST(ParsePurgeTest, AnOverlongTagOrUrlIsRefused) {
  EXPECT_TRUE(ParsePurge(R"({"tags":[")" + std::string(1024, 't') + R"("]})"));
  const Problem tag = Refused(R"({"tags":[")" + std::string(300 << 10, 't') + R"("]})");
  EXPECT_THAT(tag.detail, HasSubstr("307200 bytes; at most 1024"));
  const Problem url =
      Refused(R"({"urls":["https://a.example/)" + std::string(17 << 10, 'u') + R"("]})");
  EXPECT_EQ(url.member, "urls[0]");
}

TEST(ParsePurgeTest, APurgeOfNothingIsRefused) {
  EXPECT_THAT(Refused("{}").detail, HasSubstr("names nothing"));
  EXPECT_THAT(Refused(R"({"urls":[],"all":false,"wait":"1s"})").detail, HasSubstr("names nothing"));
}

TEST(ParseActivationTest, ReadsEveryMember) {
  const auto accepted =
      ParseActivation(R"({"site":"shop","release":"r2","tags":["skerry-path:1"],"wait":"500ms"})");
  ASSERT_TRUE(accepted);
  EXPECT_EQ(accepted->record.kind, cache::RecordKind::kActivation);
  EXPECT_EQ(accepted->record.site, "shop");
  EXPECT_EQ(accepted->record.release, "r2");
  EXPECT_THAT(accepted->record.selectors.tags, ElementsAre("skerry-path:1"));
  EXPECT_EQ(accepted->wait, Millis(500));
}

TEST(ParseActivationTest, NeedsSiteAndRelease) {
  EXPECT_EQ(ParseActivation(R"({"release":"r"})").error().member, "site");
  EXPECT_EQ(ParseActivation(R"({"site":"s"})").error().member, "release");
  EXPECT_EQ(ParseActivation(R"({"site":"s","release":"r","urls":[]})").error().member, "urls");
}

TEST(ParseDurationTest, NeedsAUnitExceptForZero) {
  EXPECT_EQ(ParseDuration("0"), Millis(0));
  EXPECT_EQ(ParseDuration("250ms"), Millis(250));
  EXPECT_EQ(ParseDuration("10s"), Millis(10'000));
  EXPECT_EQ(ParseDuration("2m"), Millis(120'000));
  for (const char* text : {"", "5", "-1s", "1h", "1.5s", "s", "99999999999999999999s", "5 s"}) {
    EXPECT_FALSE(ParseDuration(text)) << text;
  }
}

TEST(ParseLogQueryTest, ReadsWhatANodeSends) {
  const auto asked =
      ParseLogQuery("after=7&wait=3333ms&node=edge%201&incarnation=0a&log=5f3a&serves=1");
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->node, "edge 1");
  EXPECT_EQ(asked->incarnation, "0a");
  EXPECT_EQ(asked->after, 7u);
  EXPECT_EQ(asked->log_id, "5f3a");
  EXPECT_EQ(asked->wait, Millis(3333));
  EXPECT_TRUE(asked->serves_on_partition);
  EXPECT_FALSE(asked->serves_releases);
}

TEST(ParseLogQueryTest, WithoutALogThereIsNoPosition) {
  const auto asked = ParseLogQuery("after=7&node=e&incarnation=0a");
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->after, std::nullopt);
}

TEST(ParseLogQueryTest, NamesThePartThatIsWrong) {
  const std::pair<const char*, const char*> cases[] = {
      {"incarnation=0a", "node"},
      {"node=e", "incarnation"},
      {"node=e&incarnation=XY", "incarnation"},
      {"node=e&incarnation=0a&log=aa", "after"},
      {"node=e&incarnation=0a&log=aa&after=-1", "after"},
      {"node=e&incarnation=0a&log=aa&after=1x", "after"},
      {"node=e&incarnation=0a&wait=5", "wait"},
      {"node=%zz&incarnation=0a", "node"},
      {"node=e&incarnation=0a&since=1", "since"},
  };
  for (const auto& [query, part] : cases) {
    const auto asked = ParseLogQuery(query);
    ASSERT_FALSE(asked) << query;
    EXPECT_EQ(asked.error().member, part) << query;
    EXPECT_EQ(asked.error().status, 400);
  }
}

TEST(ProblemTest, IsProblemJson) {
  const Problem problem{422, "invalid request", "a \"tag\"", "tags[0]"};
  EXPECT_EQ(problem.ToJson(),
            "{\"type\":\"about:blank\",\"title\":\"invalid request\",\"status\":"
            "422,\"detail\":\"a \\\"tag\\\"\",\"member\":\"tags[0]\"}\n");
}

TEST(ListQueryTest, TakesEachPartOnceItFits) {
  const auto asked =
      ParseListQuery("before=7&limit=20&url=https%3A%2F%2Fa.example%2Fx&since=2026-11-21");
  ASSERT_TRUE(asked);
  EXPECT_EQ(asked->before, 7u);
  EXPECT_EQ(asked->limit, 20u);
  EXPECT_EQ(asked->url, "https://a.example/x");
  EXPECT_TRUE(ParseListQuery(""));
  EXPECT_TRUE(ParseListQuery("until=2026-11-21T18:00:00Z"));
}

TEST(ListQueryTest, NamesWhatDoesNotFit) {
  for (const char* query :
       {"limit=0", "limit=1001", "limit=x", "before=0", "since=yesterday",
        "since=2026-11-21T18:00:00+01:00", "until=2026", "tag=", "colour=red"}) {
    const auto asked = ParseListQuery(query);
    ASSERT_FALSE(asked) << query;
    EXPECT_EQ(asked.error().status, 400);
    EXPECT_EQ(asked.error().member, std::string(query).substr(0, std::string(query).find('=')));
  }
}

}  // namespace
}  // namespace skerry::purge
