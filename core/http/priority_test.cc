#include "core/http/priority.h"

#include <gtest/gtest.h>

namespace skerry::http {
namespace {

TEST(PriorityTest, ReadsUrgencyAndIncremental) {
  EXPECT_EQ(ParsePriority("u=0"), (Priority{0, false}));
  EXPECT_EQ(ParsePriority("i, u=7"), (Priority{7, true}));
  EXPECT_EQ(ParsePriority("u=5, i=?0, x=1"), (Priority{5, false}));
}

TEST(PriorityTest, WhatIsOutOfRangeIsIgnoredAlone) {
  EXPECT_EQ(ParsePriority("u=8, i"), (Priority{3, true}));
  EXPECT_EQ(ParsePriority("u=-1"), Priority{});
  EXPECT_EQ(ParsePriority("u=a, i=1"), Priority{});
}

TEST(PriorityTest, WhatDoesNotParseIsTheDefault) {
  EXPECT_EQ(ParsePriority(""), Priority{});
  EXPECT_EQ(ParsePriority("u=1,,i"), Priority{});
}

}  // namespace
}  // namespace skerry::http
