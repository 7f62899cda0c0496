#include "core/net/address_range.h"

#include <gtest/gtest.h>

namespace skerry::net {
namespace {

bool In(const char* range, const char* host) {
  const auto parsed = AddressRange::Parse(range);
  EXPECT_TRUE(parsed) << range;
  return parsed && parsed->Contains(host);
}

TEST(AddressRangeTest, HoldsItsBlockAndNothingElse) {
  EXPECT_TRUE(In("10.0.0.0/8", "10.255.0.1"));
  EXPECT_FALSE(In("10.0.0.0/8", "11.0.0.1"));
  EXPECT_TRUE(In("192.0.2.7", "192.0.2.7"));
  EXPECT_FALSE(In("192.0.2.7", "192.0.2.8"));
  EXPECT_TRUE(In("192.0.2.128/25", "192.0.2.200"));
  EXPECT_FALSE(In("192.0.2.128/25", "192.0.2.100"));
  EXPECT_TRUE(In("2001:db8::/33", "2001:db8:7fff::1"));
  EXPECT_FALSE(In("2001:db8::/33", "2001:db8:8000::1"));
  EXPECT_TRUE(In("0.0.0.0/0", "203.0.113.1"));
  EXPECT_FALSE(In("0.0.0.0/0", "2001:db8::1"));
  EXPECT_TRUE(In("::/0", "203.0.113.1"));
}

TEST(AddressRangeTest, AnAddressOfIPv4IsTheSameInBothForms) {
  EXPECT_TRUE(In("127.0.0.0/8", "::ffff:127.0.0.1"));
  EXPECT_TRUE(In("::ffff:127.0.0.1", "127.0.0.1"));
}

TEST(AddressRangeTest, WhatIsNoAddressIsInNoRange) {
  EXPECT_FALSE(In("::/0", "localhost"));
  EXPECT_FALSE(In("::/0", ""));
}

TEST(AddressRangeTest, MistakesAreRefused) {
  for (const char* text : {"", "10.0.0.0/33", "10.0.0.0/", "10.0.0.0/x", "10.1.2.3/8", "::1/129",
                           "localhost", "10.0.0/8", "10.0.0.0/-1", "10.0.0.0/8 "}) {
    EXPECT_FALSE(AddressRange::Parse(text)) << text;
  }
}

}  // namespace
}  // namespace skerry::net
