#include "purge-api/adapt/shape.h"

#include <gmock/gmock.h>

#include <nlohmann/json.hpp>

namespace skerry::purge {
namespace {

using nlohmann::json;
using ::testing::HasSubstr;

const std::vector<Zone> kZones = {{"z1", {"www.example.com", "img.example.com"}}};

Request Post(std::string path, std::string body = "", http::Fields fields = {}) {
  return {"POST", std::move(path), "", std::move(fields), std::move(body)};
}
json BodyOf(const Request& request) {
  const auto adapted = Adapt(request, kZones);
  if (!adapted) return "not adapted";
  if (adapted->refused) return adapted->refused->title;
  return json::parse(adapted->request.body);
}

TEST(FastlyTest, AKeyIsATagAndSoftStaysSoft) {
  EXPECT_EQ(BodyOf(Post("/service/z1/purge/product-7")), json({{"tags", {"product-7"}}}));
  EXPECT_EQ(BodyOf(Post("/service/z1/purge/t", "", {{"fastly-soft-purge", "1"}})),
            json({{"tags", {"t"}}, {"mode", "soft"}}));
}

TEST(FastlyTest, SeveralKeysComeInAFieldOrInTheBodyAndAreAnsweredByName) {
  const Request by_field = Post("/service/z1/purge", "", {{"surrogate-key", "a  b"}});
  EXPECT_EQ(BodyOf(by_field), json({{"tags", {"a", "b"}}}));
  EXPECT_EQ(BodyOf(Post("/service/z1/purge", R"({"surrogate_keys":["c"]})")),
            json({{"tags", {"c"}}}));
  const Answer answer = Dress(*Adapt(by_field, kZones), {202, "", R"({"id":"x-1"})", {}});
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(json::parse(answer.body), json({{"a", "x-1"}, {"b", "x-1"}}));
}

TEST(FastlyTest, PurgeAllIsTheHostsOfTheService) {
  EXPECT_EQ(BodyOf(Post("/service/z1/purge_all")),
            json({{"hosts", {"www.example.com", "img.example.com"}}}));
}

TEST(FastlyTest, AUrlStandsInThePath) {
  Request request = Post("/purge/www.example.com/a/b");
  request.query = "c=1";
  EXPECT_EQ(BodyOf(request), json({{"urls", {"https://www.example.com/a/b?c=1"}}}));
  EXPECT_EQ(BodyOf(Post("/purge/other.example/a")), "not found");
}

TEST(FastlyTest, TheKeyIsTheToken) {
  const auto adapted = Adapt(Post("/service/z1/purge_all", "", {{"fastly-key", "secret"}}), kZones);
  EXPECT_EQ(adapted->request.fields.Find("authorization"), "Bearer secret");
}

TEST(FastlyTest, ARefusalHasItsWords) {
  const auto adapted = Adapt(Post("/service/other/purge_all"), kZones);
  ASSERT_TRUE(adapted->refused);
  const Answer answer = Dress(*adapted, Answer::Of(*adapted->refused));
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(json::parse(answer.body)["msg"], "not found");
}

TEST(CloudflareTest, EachWayOfNamingBecomesItsSelector) {
  const std::string path = "/client/v4/zones/z1/purge_cache";
  EXPECT_EQ(BodyOf(Post(path, R"({"files":["https://www.example.com/a",
                                   {"url":"https://img.example.com/b","headers":{}}]})")),
            json({{"urls", {"https://www.example.com/a", "https://img.example.com/b"}}}));
  EXPECT_EQ(BodyOf(Post(path, R"({"tags":["a","b"]})")), json({{"tags", {"a", "b"}}}));
  EXPECT_EQ(BodyOf(Post(path, R"({"hosts":["www.example.com"]})")),
            json({{"hosts", {"www.example.com"}}}));
  EXPECT_EQ(BodyOf(Post(path, R"({"prefixes":["www.example.com/dir","img.example.com"]})")),
            json({{"prefixes", {"https://www.example.com/dir*"}}, {"hosts", {"img.example.com"}}}));
  EXPECT_EQ(BodyOf(Post(path, R"({"purge_everything":true})")),
            json({{"hosts", {"www.example.com", "img.example.com"}}}));
}

TEST(CloudflareTest, WhatIsOfAnotherZoneIsRefusedWhole) {
  const std::string path = "/client/v4/zones/z1/purge_cache";
  for (const char* body :
       {R"({"files":["https://www.example.com/a","https://other.example/b"]})",
        R"({"hosts":["other.example"]})", R"({"prefixes":["other.example/x"]})", R"({"files":[7]})",
        R"({"purge_everything":false})", R"({"colour":"red"})"}) {
    EXPECT_EQ(BodyOf(Post(path, body)), "invalid request") << body;
  }
  EXPECT_EQ(BodyOf(Post("/client/v4/zones/z2/purge_cache", "{}")), "not found");
  EXPECT_EQ(BodyOf(Post(path, "{")), "malformed JSON");
}

TEST(CloudflareTest, AnswersInItsShape) {
  const auto adapted = Adapt(Post("/client/v4/zones/z1/purge_cache", R"({"tags":["t"]})"), kZones);
  const json fine = json::parse(Dress(*adapted, {202, "", R"({"id":"x-1"})", {}}).body);
  EXPECT_EQ(fine["success"], true);
  EXPECT_EQ(fine["result"]["id"], "x-1");
  const Answer refused = Dress(*adapted, Answer::Of({403, "wrong token", "no line", ""}));
  EXPECT_EQ(refused.status, 403);
  EXPECT_EQ(json::parse(refused.body)["success"], false);
  EXPECT_THAT(refused.body, HasSubstr("wrong token"));
}

TEST(ShapeTest, OtherRequestsAndServicesWithoutZonesAreLeftAlone) {
  EXPECT_FALSE(Adapt(Post("/v1/purges"), kZones));
  EXPECT_FALSE(Adapt(Post("/client/v4/zones/purge_cache"), kZones));
  EXPECT_FALSE(Adapt({"GET", "/service/z1/purge_all", "", {}, ""}, kZones));
  EXPECT_FALSE(Adapt(Post("/service/z1/purge_all"), {}));
}

TEST(ZoneTest, ReadsWhatItWritesAndRefusesTheRest) {
  const auto zone = Zone::Parse("z1: www.example.com,IMG.example.com");
  ASSERT_TRUE(zone);
  EXPECT_EQ(*zone, kZones[0]);
  EXPECT_EQ(zone->ToString(), "z1: www.example.com, img.example.com");
  for (const char* text : {"", "z1", "z1:", ": a.example", "a/b: a.example", "z1: a b"}) {
    EXPECT_FALSE(Zone::Parse(text)) << text;
  }
}

}  // namespace
}  // namespace skerry::purge
