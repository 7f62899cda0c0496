#include "core/config/nearest.h"

#include <gtest/gtest.h>

namespace skerry::config {
namespace {

const std::vector<std::string> kWords = {"ram_cache", "disk_cache", "cache_dir",
                                         "http",      "https",      "cert"};

TEST(NearestTest, FindsAMissingAnExtraAWrongAndASwappedLetter) {
  EXPECT_EQ(Nearest("ram_cahe", kWords), "ram_cache");
  EXPECT_EQ(Nearest("ram_caache", kWords), "ram_cache");
  EXPECT_EQ(Nearest("ram-cache", kWords), "ram_cache");
  EXPECT_EQ(Nearest("ecrt", kWords), "cert");
}

TEST(NearestTest, PrefersTheNearerOfTwo) { EXPECT_EQ(Nearest("htps", kWords), "https"); }

TEST(NearestTest, IsSilentRatherThanWild) {
  EXPECT_EQ(Nearest("frobnicate", kWords), "");
  EXPECT_EQ(Nearest("x", {"ab"}), "");
  EXPECT_EQ(Nearest(std::string(10'000, 'a'), kWords), "");
}

}  // namespace
}  // namespace skerry::config
