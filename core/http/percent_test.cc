#include "core/http/percent.h"

#include <gtest/gtest.h>

namespace skerry::http {
namespace {

TEST(PercentTest, EscapesBecomeTheirBytes) {
  EXPECT_EQ(PercentDecoded("a%20b%2Fc%2f"), "a b/c/");
  EXPECT_EQ(PercentDecoded("%ff+"), "\xff+");
}

TEST(PercentTest, APercentSignThatBeginsNoEscapeStays) {
  EXPECT_EQ(PercentDecoded("100%"), "100%");
  EXPECT_EQ(PercentDecoded("%2"), "%2");
  EXPECT_EQ(PercentDecoded("%zz%2"), "%zz%2");
}

TEST(PercentTest, WhatIsEncodedIsPlainAndComesBack) {
  EXPECT_EQ(PercentEncoded("edge 1/a-b._~%\xff"), "edge%201%2Fa-b._~%25%FF");
  EXPECT_EQ(PercentDecoded(PercentEncoded("edge 1/\xff&=%20")), "edge 1/\xff&=%20");
}

}  // namespace
}  // namespace skerry::http
