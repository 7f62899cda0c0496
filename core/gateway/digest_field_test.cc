#include "core/gateway/digest_field.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace skerry::gateway {
namespace {

using ::testing::ElementsAre;
using ::testing::IsEmpty;

std::string Field(std::string_view of) { return "sha-256=:" + ToBase64(Sha256(of).raw()) + ":"; }

TEST(DigestFieldTest, BothFieldsCount) {
  EXPECT_THAT(BodyDigests({{"repr-digest", Field("a")}}), ElementsAre(Sha256("a")));
  EXPECT_THAT(BodyDigests({{"content-digest", Field("a")}}), ElementsAre(Sha256("a")));
  EXPECT_THAT(BodyDigests({{"content-digest", Field("a")}, {"repr-digest", Field("b")}}),
              ElementsAre(Sha256("a"), Sha256("b")));
}

TEST(DigestFieldTest, OfAPartOnlyItsOwnDigestCounts) {
  EXPECT_THAT(BodyDigests({{"content-range", "bytes 0-1/9"},
                           {"content-digest", Field("a")},
                           {"repr-digest", Field("b")}}),
              ElementsAre(Sha256("a")));
}

TEST(DigestFieldTest, WhatCannotBeReadSaysNothing) {
  for (const char* odd : {"", "sha-256=x", "sha-256=:AAAA:", "md5=:AAAA:", "sha-256", "=:"}) {
    EXPECT_THAT(BodyDigests({{"repr-digest", odd}}), IsEmpty()) << odd;
  }
}

TEST(DigestFieldTest, ALengthIsDigitsAndNothingElse) {
  EXPECT_EQ(ContentLength({{"content-length", "42"}}), 42u);
  EXPECT_EQ(ContentLength({{"content-length", "4 2"}}), std::nullopt);
  EXPECT_EQ(ContentLength({}), std::nullopt);
}

}  // namespace
}  // namespace skerry::gateway
