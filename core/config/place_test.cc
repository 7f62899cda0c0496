#include "core/config/place.h"

#include <gtest/gtest.h>

namespace skerry::config {
namespace {

TEST(ProblemTest, SaysAFlagsNameOnce) {
  EXPECT_EQ((Problem{{"--admin"}, "admin: clear text"}.ToString()), "--admin: clear text");
  EXPECT_EQ((Problem{{"--admin"}, "unknown flag"}.ToString()), "--admin: unknown flag");
  EXPECT_EQ((Problem{{"e.toml", 3, 1}, "admin: clear text"}.ToString()),
            "e.toml:3:1: admin: clear text");
}

TEST(ProblemTest, ADefaultHasNoPlace) {
  EXPECT_EQ((Problem{{}, "nothing to serve"}.ToString()), "nothing to serve");
}

TEST(PlacesTest, TitleIsWhereAnOptionWasSetAndItsName) {
  Places places;
  places.Set("cert", {"--cert"});
  places.Set("key", {"e.toml", 3, 1});
  EXPECT_EQ(places.Title("cert"), "--cert");
  EXPECT_EQ(places.Title("key"), "e.toml:3:1: key");
  EXPECT_EQ(places.Title("cache_dir"), "cache_dir");
}

}  // namespace
}  // namespace skerry::config
