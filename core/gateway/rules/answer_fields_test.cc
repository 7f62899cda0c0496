#include "core/gateway/rules/answer_fields.h"

#include <gtest/gtest.h>

namespace skerry::gateway {
namespace {

const auto kStored = std::make_shared<const http::Fields>(
    http::Fields{{"content-type", "text/html"}, {"server", "app"}, {"x-frame-options", "DENY"}});

http::Fields Added(const AnswerFields& changes, bool https = true, http::Fields own = {}) {
  AddAnswerFields(changes, *kStored, https, own);
  return own;
}

TEST(AnswerFieldsTest, WhatNoRuleTouchesIsShared) {
  AnswerFields changes;
  changes.set = {{"x-new", "1"}};
  changes.remove = {"x-powered-by"};
  EXPECT_EQ(WithoutReplaced(changes, kStored), kStored);
}

TEST(AnswerFieldsTest, WhatIsSetOrRemovedGoes) {
  AnswerFields changes;
  changes.set = {{"x-frame-options", "SAMEORIGIN"}};
  changes.remove = {"server"};
  EXPECT_EQ(*WithoutReplaced(changes, kStored), (http::Fields{{"content-type", "text/html"}}));
  EXPECT_EQ(Added(changes), (http::Fields{{"x-frame-options", "SAMEORIGIN"}}));
}

TEST(AnswerFieldsTest, ADefaultYieldsToWhatTheAnswerSays) {
  AnswerFields changes;
  changes.defaults = {{"x-frame-options", "SAMEORIGIN"}, {"x-content-type-options", "nosniff"}};
  EXPECT_EQ(Added(changes), (http::Fields{{"x-content-type-options", "nosniff"}}));
}

TEST(AnswerFieldsTest, ADefaultYieldsToWhatTheRuleSets) {
  AnswerFields changes;
  changes.set = {{"referrer-policy", "origin"}};
  changes.defaults = {{"referrer-policy", "no-referrer"}};
  EXPECT_EQ(Added(changes), (http::Fields{{"referrer-policy", "origin"}}));
}

TEST(AnswerFieldsTest, ANameMayBeSetSeveralTimes) {
  AnswerFields changes;
  changes.set = {{"link", "</a>; rel=preload"}, {"link", "</b>; rel=preload"}};
  EXPECT_EQ(Added(changes).size(), 2u);
}

TEST(AnswerFieldsTest, FieldsOfOurOwnStay) {
  AnswerFields changes;
  changes.set = {{"cache-control", "max-age=60"}};
  const http::Fields error = {{"cache-control", "no-store"}};
  EXPECT_EQ(Added(changes, true, error), error);
}

TEST(AnswerFieldsTest, StrictTransportSecurityIsOnlySaidOverTls) {
  AnswerFields changes;
  changes.defaults = {{"strict-transport-security", "max-age=31536000"}};
  EXPECT_TRUE(Added(changes).Has("strict-transport-security"));
  EXPECT_FALSE(Added(changes, /*https=*/false).Has("strict-transport-security"));
}

}  // namespace
}  // namespace skerry::gateway
