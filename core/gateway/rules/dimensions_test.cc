#include "core/gateway/rules/dimensions.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace skerry::gateway {
namespace {

using testing::ElementsAre;

class OneCountry : public Countries {
 public:
  std::string Of(const net::Address&) const override { return "DE"; }
};

const net::Address kClient{"192.0.2.7", 1};

std::string_view DeviceOfAgent(std::string agent) {
  return Name(DeviceOf({{"user-agent", std::move(agent)}}));
}

TEST(DeviceTest, RecognisesWhatPeopleUse) {
  EXPECT_EQ(DeviceOfAgent("Mozilla/5.0 (Windows NT 10.0; Win64; x64) Chrome/120 Safari/537.36"),
            "desktop");
  EXPECT_EQ(DeviceOfAgent("Mozilla/5.0 (Linux; Android 10; K) Chrome/120 Mobile Safari/537.36"),
            "mobile");
  EXPECT_EQ(DeviceOfAgent("Mozilla/5.0 (iPhone; CPU iPhone OS 17_0 like Mac OS X) Mobile/15E148"),
            "mobile");
  EXPECT_EQ(DeviceOfAgent("Mozilla/5.0 (iPad; CPU OS 12_0 like Mac OS X) Mobile/15E148"), "tablet");
  EXPECT_EQ(DeviceOfAgent("Mozilla/5.0 (Linux; Android 13; SM-X200) Chrome/120 Safari/537.36"),
            "tablet");
  EXPECT_EQ(DeviceOfAgent("Mozilla/5.0 (compatible; Googlebot/2.1; +http://google.com/bot.html)"),
            "bot");
  EXPECT_EQ(DeviceOfAgent("AdsBot-Google-Mobile Mozilla/5.0 (iPhone) Mobile"), "bot");
  EXPECT_EQ(DeviceOfAgent("Baiduspider/2.0"), "bot");
}

TEST(DeviceTest, WhatIsNotRecognisedIsADesktop) {
  EXPECT_EQ(Name(DeviceOf({})), "desktop");
  EXPECT_EQ(DeviceOfAgent("curl/8.0"), "desktop");
}

TEST(DeviceTest, APhoneCalledCubotIsNoBot) {
  EXPECT_EQ(DeviceOfAgent("Mozilla/5.0 (Linux; Android 9; CUBOT X19) Mobile Safari"), "mobile");
  EXPECT_EQ(DeviceOfAgent("Mozilla/5.0 (Robotics Lab)"), "desktop");
}

TEST(DeviceTest, TheClientHintSaysMobileWhateverTheAgentSays) {
  EXPECT_EQ(Name(DeviceOf({{"sec-ch-ua-mobile", "?1"}, {"user-agent", "X11"}})), "mobile");
  EXPECT_EQ(Name(DeviceOf({{"sec-ch-ua-mobile", "?0"}, {"user-agent", "X11"}})), "desktop");
}

TEST(TierSourceTest, OnlyListedValuesCount) {
  const TierSource cookie{"plan", "", {"gold", "silver"}};
  EXPECT_EQ(cookie.Of({{"cookie", "a=b; plan=gold"}}), "gold");
  EXPECT_EQ(cookie.Of({{"cookie", "plan=made-up"}}), "default");
  EXPECT_EQ(cookie.Of({{"plan", "gold"}}), "default");
  const TierSource field{"", "x-plan", {"gold"}};
  EXPECT_EQ(field.Of({{"x-plan", "gold"}}), "gold");
  EXPECT_EQ(field.Of({}), "default");
}

KeySpec AllOfThem() {
  KeySpec spec;
  spec.countries = std::make_shared<OneCountry>();
  spec.country_as = "x-country";
  spec.device = true;
  spec.tier = TierSource{"plan", "", {"gold"}};
  spec.tier_as = "x-tier";
  spec.fields = {{"save-data", {"on"}}, {"x-tenant", {}}};
  return spec;
}

TEST(DimensionsTest, AreInAFixedOrderWhateverTheRequestsOrder) {
  const http::Fields request = {
      {"x-tenant", "a,b"}, {"save-data", "on"}, {"cookie", "plan=gold"}, {"user-agent", "x"}};
  EXPECT_THAT(DimensionsOf(AllOfThem(), request, kClient),
              ElementsAre(Dimension{"country", "DE", "x-country"},
                          Dimension{"device", "desktop", ""}, Dimension{"tier", "gold", "x-tier"},
                          Dimension{"field save-data", "on", "save-data"},
                          Dimension{"field x-tenant", "a, b", "x-tenant"}));
}

TEST(DimensionsTest, AFieldThatIsAbsentOrHasAnotherValueAddsNothing) {
  KeySpec spec;
  spec.fields = {{"save-data", {"on"}}, {"x-tenant", {}}};
  EXPECT_THAT(DimensionsOf(spec, {{"save-data", "maybe"}}, kClient), ElementsAre());
}

TEST(DimensionsTest, TheOriginIsToldInPlaceOfWhatTheClientSaid) {
  http::Fields fields = {{"x-country", "US"}, {"x-country", "FR"}};
  TellOrigin({{"country", "DE", "x-country"}, {"device", "mobile", ""}}, fields);
  EXPECT_EQ(fields, (http::Fields{{"x-country", "DE"}}));
}

TEST(DimensionsTest, ComeBackFromAShieldsField) {
  const std::vector<Dimension> dimensions = {{"country", "DE", "x-country"},
                                             {"field x-tenant", "a \"b\", \\c", "x-tenant"},
                                             {"device", "mobile", ""}};
  EXPECT_EQ(ParseDimensions(ToFieldValue(dimensions)), dimensions);
}

TEST(DimensionsTest, AShieldRefusesWhatIsNoListAndFieldsThatNoRuleMaySet) {
  for (const char* text :
       {"country", "\"country\"", "\"a\";v=1", "(\"a\");v=\"b\"", "\"a\";v=\"b\";f=\"host\"",
        "\"a\";v=\"b\";f=\"skerry-scheme\"", "\"a"}) {
    EXPECT_FALSE(ParseDimensions(text)) << text;
  }
}

}  // namespace
}  // namespace skerry::gateway
