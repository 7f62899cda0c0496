#include "core/gateway/options_request.h"

#include <gtest/gtest.h>

#include "core/gateway/testing.h"

namespace skerry::gateway {
namespace {

TEST(OptionsRequestTest, TheServerItselfAnswersWhatIsAskedOfIt) {
  GatewayHarness at;
  const auto stream = at.Ask("*", {}, "OPTIONS");
  EXPECT_EQ(stream->status, 204);
  EXPECT_EQ(stream->Field("allow"), "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS");
  EXPECT_EQ(stream->Field("cache-status"), "skerry-edge; detail=options");
  EXPECT_TRUE(stream->ended);
  EXPECT_EQ(at.asked(), 0u);
}

TEST(OptionsRequestTest, OfAResourceTheOriginIsAsked) {
  GatewayHarness at;
  const auto stream = at.Ask("/a", {}, "OPTIONS");
  at.Answer(200, {{"allow", "GET"}}, "");
  EXPECT_EQ(stream->Field("allow"), "GET");
}

TEST(OptionsRequestTest, TheLastOfSoManyHopsAnswers) {
  GatewayHarness at;
  EXPECT_EQ(at.Ask("/a", {{"max-forwards", "0"}}, "OPTIONS")->status, 204);
  EXPECT_EQ(at.asked(), 0u);
  at.Ask("/a", {{"max-forwards", "2"}}, "OPTIONS");
  EXPECT_EQ(at.origin->asked.back()->request.fields.Find("max-forwards"), "1");
}

TEST(OptionsRequestTest, HopsAreCountedForNoOtherMethodAndNotWhereTheyAreNoNumber) {
  for (const char* hops : {"", "-1", "1 ", "0x0", "99999999999999999999"}) {
    http::RequestHead head{"OPTIONS", "https", "a.example", "/", {{"max-forwards", hops}}};
    EXPECT_FALSE(EndsHere(head)) << hops;
    CountHop(head);
    EXPECT_EQ(head.fields.Find("max-forwards"), hops);
  }
  GatewayHarness at;
  at.Ask("/a", {{"max-forwards", "0"}}, "POST");
  EXPECT_EQ(at.asked(), 1u);
}

}  // namespace
}  // namespace skerry::gateway
