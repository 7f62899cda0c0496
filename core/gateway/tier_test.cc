#include "core/gateway/tier.h"

#include <gtest/gtest.h>

namespace skerry::gateway {
namespace {

const auto kTokens =
    std::make_shared<Secrets>(std::vector<std::string>{"token-of-edge", "another-token"});

Tier Shield() {
  Tier tier;
  tier.is_shield = true;
  tier.tokens = kTokens;
  return tier;
}

Tier EdgeTier() {
  Tier tier;
  tier.node = "edge-1";
  tier.tokens = kTokens;
  return tier;
}

TEST(TierTest, AShieldBelievesWhatAnEdgeSaysWithItsToken) {
  http::Fields fields;
  AddTierFields(fields, EdgeTier(), "http", {42, "10a"});
  const FromEdge from = ReadTierFields(fields, Shield());
  EXPECT_TRUE(from.trusted);
  EXPECT_EQ(from.node, "edge-1");
  EXPECT_EQ(from.scheme, "http");
  EXPECT_EQ(from.applied, (cache::AppliedAt{42, "10a"}));
}

TEST(TierTest, WhoHasNoTokensSendsNoneAndBelievesNobody) {
  Tier edge = EdgeTier();
  Tier shield = Shield();
  edge.tokens = shield.tokens = nullptr;
  http::Fields fields;
  AddTierFields(fields, edge, "http", {42, "10a"});
  EXPECT_FALSE(fields.Has("skerry-node-token"));
  EXPECT_FALSE(fields.Has("skerry-purge-seq"));
  EXPECT_TRUE(ReadTierFields({{"skerry-node-token", ""}}, shield).bad);
}

TEST(TierTest, ATokenIsReplacedWhileItIsInUse) {
  Tier edge = EdgeTier();
  const auto tokens = std::make_shared<Secrets>(std::vector<std::string>{"token-of-edge"});
  edge.tokens = tokens;
  tokens->Set({"another-token"});
  http::Fields fields;
  AddTierFields(fields, edge, "http", {42, "10a"});
  EXPECT_EQ(fields.Find("skerry-node-token"), "another-token");
  EXPECT_TRUE(ReadTierFields(fields, Shield()).trusted);
}

TEST(TierTest, AShieldRefusesTierFieldsWithoutAKnownToken) {
  EXPECT_TRUE(ReadTierFields({{"skerry-purge-seq", "9"}}, Shield()).bad);
  EXPECT_TRUE(ReadTierFields({{"skerry-node-token", "guess"}}, Shield()).bad);
  EXPECT_FALSE(ReadTierFields({{"accept", "*/*"}}, Shield()).bad);
}

TEST(TierTest, APositionThatCannotBeReadIsRefusedNotGuessed) {
  http::Fields fields;
  AddTierFields(fields, EdgeTier(), "https", {1, ""});
  fields.Set("skerry-purge-seq", "soon");
  EXPECT_TRUE(ReadTierFields(fields, Shield()).bad);
}

TEST(TierTest, AShieldLearnsTheEdgesKeyOrRefusesTheRequest) {
  const std::vector<Dimension> dimensions = {{"country", "DE", "x-country"}};
  http::Fields fields;
  AddTierFields(fields, EdgeTier(), "https", {1, ""}, dimensions);
  EXPECT_EQ(ReadTierFields(fields, Shield()).dimensions, dimensions);
  fields.Set("skerry-key", "no list \"");
  EXPECT_TRUE(ReadTierFields(fields, Shield()).bad);
}

TEST(TierTest, AnEdgeBelievesNobody) {
  http::Fields fields;
  AddTierFields(fields, EdgeTier(), "https", {1, ""});
  EXPECT_FALSE(ReadTierFields(fields, EdgeTier()).trusted);
  StripTierFields(fields);
  EXPECT_TRUE(fields.empty());
}

TEST(TierTest, WithoutATokenThePositionIsNotSent) {
  http::Fields fields;
  AddTierFields(fields, Tier{}, "https", {1, ""});
  EXPECT_TRUE(fields.empty());
}

}  // namespace
}  // namespace skerry::gateway
