#include "core/gateway/forward.h"

#include <gtest/gtest.h>

namespace skerry::gateway {
namespace {

http::RequestHead Get(http::Fields fields) {
  return {"GET", "https", "example.com", "/a?b=c", std::move(fields)};
}

Forwarded Shared(const http::RequestHead& request, Route route = {}) {
  return ForwardShared(request, *cache::NormalizeTarget(request), route);
}

TEST(ForwardTest, UnkeyedFieldsChangeNothingThatTheOriginSees) {
  const http::RequestHead plain = Get({});
  for (const char* name : {"cookie", "x-api-key", "user-agent", "referer", "x-forwarded-host",
                           "x-original-url", "forwarded", "origin", "range", "if-none-match",
                           "cache-control", "pragma", "x-http-method-override", "te"}) {
    EXPECT_EQ(Shared(Get({{name, "value"}})).head, Shared(plain).head) << name;
  }
}

TEST(ForwardTest, TellsWhenWhatWasLeftOutMayDecideWhoTheAnswerIsFor) {
  EXPECT_TRUE(Shared(Get({{"cookie", "session=1"}})).lost);
  EXPECT_TRUE(Shared(Get({{"x-api-key", "k"}})).lost);
  EXPECT_FALSE(Shared(Get({{"user-agent", "x"}, {"sec-fetch-mode", "navigate"}})).lost);
  EXPECT_FALSE(Shared(Get({{"if-none-match", "\"a\""}})).lost);
}

TEST(ForwardTest, SpellingsOfAcceptEncodingAreAHandful) {
  const auto normal = [](const char* value) {
    const Forwarded forwarded = Shared(Get({{"accept-encoding", value}}));
    return std::string(forwarded.head.fields.Find("accept-encoding").value_or("none"));
  };
  EXPECT_EQ(normal("gzip, deflate, br, zstd"), "br, zstd, gzip");
  EXPECT_EQ(normal("*"), "br, zstd, gzip");
  EXPECT_EQ(normal("br;q=0.5,GZIP"), "br, gzip");
  EXPECT_EQ(normal("gzip;q=0, br"), "br");
  EXPECT_EQ(normal("deflate, compress"), "none");
  EXPECT_EQ(normal("identity"), "none");
}

TEST(ForwardTest, OnlyAShieldHearsOfADictionaryAndOnlyOfOneThatCanBeUsed) {
  const std::string hash = ":" + std::string(43, 'A') + "=:";
  const auto sent = [&](const std::string& dictionary, const char* codings, bool to_shield) {
    const http::RequestHead request =
        Get({{"accept-encoding", codings}, {"available-dictionary", dictionary}});
    const http::Fields fields =
        ForwardShared(request, *cache::NormalizeTarget(request), {}, to_shield).head.fields;
    return std::string(fields.Find("accept-encoding").value_or("")) + " " +
           std::string(fields.Find("available-dictionary").value_or("-"));
  };
  EXPECT_EQ(sent(hash, "gzip, br, dcb, dcz", true), "br, gzip, dcz " + hash);
  EXPECT_EQ(sent(hash, "gzip, br, dcb, dcz", false), "br, gzip -");
  EXPECT_EQ(sent(hash, "gzip, br", true), "br, gzip -");
  for (const char* odd : {"", "x", ":AAAA:", "\"text\""}) {
    EXPECT_EQ(sent(odd, "br, dcz", true), "br -") << odd;
  }
}

TEST(ForwardTest, ImagesAreNegotiatedByFormatAndOtherAcceptFieldsStay) {
  const auto normal = [](const char* value) {
    return std::string(
        Shared(Get({{"accept", value}})).head.fields.Find("accept").value_or("none"));
  };
  EXPECT_EQ(normal("image/avif,image/webp,image/apng,*/*;q=0.8"), "image/avif,image/webp,*/*");
  EXPECT_EQ(normal("image/webp,*/*;q=0.5"), "image/webp,*/*");
  EXPECT_EQ(normal("application/json"), "application/json");
}

TEST(ForwardTest, ProfileRfcForwardsEveryEndToEndFieldButConditions) {
  Route route;
  route.policy = cache::Policy::Rfc();
  const Forwarded forwarded = Shared(
      Get({{"cookie", "a=b"}, {"if-none-match", "\"x\""}, {"connection", "x-hop"}, {"x-hop", "1"}}),
      route);
  EXPECT_EQ(forwarded.head.fields, (http::Fields{{"cookie", "a=b"}}));
  EXPECT_FALSE(forwarded.lost);
}

TEST(ForwardTest, AloneKeepsTheClientsFieldsButNotItsPretences) {
  const http::RequestHead head = ForwardAlone(Get({{"cookie", "a=b"},
                                                   {"x-forwarded-for", "10.0.0.1"},
                                                   {"x-original-url", "/admin"},
                                                   {"skerry-node-token", "stolen"}}),
                                              {"192.0.2.7", 5000}, {});
  EXPECT_EQ(head.fields, (http::Fields{{"cookie", "a=b"},
                                       {"x-forwarded-for", "192.0.2.7"},
                                       {"x-forwarded-proto", "https"}}));
}

TEST(ForwardTest, AnAuthorizedRequestIsNotSharedByDefault) {
  EXPECT_EQ(Classify(Get({{"authorization", "Basic x"}}), {}), Cacheability::kAuthorized);
  Route rfc;
  rfc.policy = cache::Policy::Rfc();
  EXPECT_EQ(Classify(Get({{"authorization", "Basic x"}}), rfc), Cacheability::kShared);
}

TEST(ForwardTest, OnlyGetAndHeadAreShared) {
  http::RequestHead request = Get({});
  EXPECT_EQ(Classify(request, {}), Cacheability::kShared);
  request.method = "POST";
  EXPECT_EQ(Classify(request, {}), Cacheability::kMethod);
}

}  // namespace
}  // namespace skerry::gateway
