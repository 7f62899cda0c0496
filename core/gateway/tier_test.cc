#include "core/gateway/tier.h"

#include <gtest/gtest.h>

namespace skerry::gateway {
namespace {

Tier Shield() {
  Tier tier;
  tier.is_shield = true;
  tier.tokens = {"token-of-edge"};
  return tier;
}

Tier EdgeTier() {
  Tier tier;
  tier.node = "edge-1";
  tier.token = "token-of-edge";
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
