#include "core/gateway/digest_field.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace skerry::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Field(std::string_view of) { return "sha-256=:" + ToBase64(Sha256(of).raw()) + ":"; }

BodyDigest Of(std::string_view of) {
  return {BodyDigest::Algorithm::kSha256, std::string(Sha256(of).raw())};
}

TEST(DigestFieldTest, BothFieldsCount) {
  EXPECT_THAT(BodyDigests({{"repr-digest", Field("a")}}), ElementsAre(Of("a")));
  EXPECT_THAT(BodyDigests({{"content-digest", Field("a")}}), ElementsAre(Of("a")));
  EXPECT_THAT(BodyDigests({{"content-digest", Field("a")}, {"repr-digest", Field("b")}}),
              ElementsAre(Of("a"), Of("b")));
}

TEST(DigestFieldTest, OfAPartOnlyItsOwnDigestCounts) {
  EXPECT_THAT(BodyDigests({{"content-range", "bytes 0-1/9"},
                           {"content-digest", Field("a")},
                           {"repr-digest", Field("b")}}),
              ElementsAre(Of("a")));
}

TEST(DigestFieldTest, WhatCannotBeReadSaysNothing) {
  for (const char* odd : {"", "sha-256=x", "sha-256=:AAAA:", "md5=:AAAA:", "sha-256",
                          "=:", "sha-512=:AAAA:", "SHA-256=:AAAA:"}) {
    EXPECT_THAT(BodyDigests({{"repr-digest", odd}}), IsEmpty()) << odd;
  }
}

TEST(BodyCheckTest, NothingSaidNorAnnouncedIsNothingToCheck) {
  EXPECT_FALSE(BodyCheck::Of({{"trailer", "x-digest"}, {"repr-digest", "md5=:AAAA:"}}));
  EXPECT_TRUE(BodyCheck::Of({{"trailer", "x, Repr-Digest"}}));
}

TEST(BodyCheckTest, AComparisonBeginsAnewBehindEachBody) {
  std::optional<BodyCheck> check = BodyCheck::Of({{"repr-digest", Field("abc")}});
  ASSERT_TRUE(check);
  check->Update("ab");
  check->Update("X");
  EXPECT_FALSE(check->Matches({}));
  check->Update("abc");
  EXPECT_TRUE(check->Matches({}));
}

TEST(BodyCheckTest, OfAPartTheTrailersReprDigestSaysNothing) {
  std::optional<BodyCheck> check =
      BodyCheck::Of({{"content-range", "bytes 0-1/9"}, {"trailer", "content-digest"}});
  check->Update("ab");
  EXPECT_TRUE(check->Matches({{"repr-digest", Field("x")}, {"content-digest", Field("ab")}}));
  check->Update("ab");
  EXPECT_FALSE(check->Matches({{"content-digest", Field("x")}}));
}

TEST(DigestFieldTest, ALengthIsDigitsAndNothingElse) {
  EXPECT_EQ(ContentLength({{"content-length", "42"}}), 42u);
  EXPECT_EQ(ContentLength({{"content-length", "4 2"}}), std::nullopt);
  EXPECT_EQ(ContentLength({}), std::nullopt);
}

}  // namespace
}  // namespace skerry::gateway
