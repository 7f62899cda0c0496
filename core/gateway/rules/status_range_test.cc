#include "core/gateway/rules/status_range.h"

#include <gtest/gtest.h>

namespace skerry::gateway {
namespace {

TEST(StatusRangeTest, IsOneStatusAClassOrFromTo) {
  EXPECT_EQ(*StatusRange::Parse("404"), (StatusRange{404, 404}));
  EXPECT_EQ(*StatusRange::Parse("5xx"), (StatusRange{500, 599}));
  EXPECT_EQ(*StatusRange::Parse("500-503"), (StatusRange{500, 503}));
  EXPECT_TRUE(StatusRange::Parse("5xx")->Has(599));
  EXPECT_FALSE(StatusRange::Parse("5xx")->Has(499));
}

TEST(StatusRangeTest, IsPrintedAsItIsWritten) {
  for (const char* text : {"404", "5xx", "500-503"}) {
    EXPECT_EQ(StatusRange::Parse(text)->ToString(), text);
  }
}

TEST(StatusRangeTest, RefusesWhatIsNoStatusOrASuccess) {
  for (const char* text : {"", "4", "200", "2xx", "600", "503-500", "4-5", "abc", "Axx", "4040"}) {
    EXPECT_FALSE(StatusRange::Parse(text)) << text;
  }
}

}  // namespace
}  // namespace skerry::gateway
