#include "core/base/secrets.h"

#include <gtest/gtest.h>

namespace skerry {
namespace {

TEST(SecretsTest, TheFirstIsShownAndAllAreKnown) {
  const Secrets secrets({"one", "two"});
  EXPECT_EQ(secrets.first(), "one");
  EXPECT_TRUE(secrets.Knows("one"));
  EXPECT_TRUE(secrets.Knows("two"));
  EXPECT_FALSE(secrets.Knows("tw"));
  EXPECT_FALSE(secrets.Knows(""));
}

TEST(SecretsTest, WithoutAnyNothingIsShownNorKnown) {
  EXPECT_EQ(Secrets().first(), "");
  EXPECT_FALSE(Secrets().Knows(""));
}

TEST(SecretsTest, AreReplacedAllAtOnce) {
  Secrets secrets({"one", "two"});
  secrets.Set({"two", "three"});
  EXPECT_EQ(secrets.first(), "two");
  EXPECT_FALSE(secrets.Knows("one"));
  EXPECT_TRUE(secrets.Knows("three"));
}

}  // namespace
}  // namespace skerry
