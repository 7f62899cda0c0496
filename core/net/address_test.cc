#include "core/net/address.h"

#include <gtest/gtest.h>

namespace skerry::net {
namespace {

TEST(AddressTest, ReadsWhatItPrints) {
  for (const char* text : {"127.0.0.1:8443", "[::1]:8443", "0.0.0.0:0", "[2001:db8::7]:65535"}) {
    const auto address = Address::Parse(text);
    ASSERT_TRUE(address) << text;
    EXPECT_EQ(text, address->ToString());
  }
}

TEST(AddressTest, NoHostMeansAllAddresses) {
  const auto address = Address::Parse(":8443");
  ASSERT_TRUE(address);
  EXPECT_EQ("::", address->host);
  EXPECT_EQ(8443, address->port);
}

TEST(AddressTest, LocalhostIsTheLoopbackAddress) {
  const auto address = Address::Parse("localhost:80");
  ASSERT_TRUE(address);
  EXPECT_EQ("127.0.0.1", address->host);
  EXPECT_TRUE(address->IsLoopback());
}

TEST(AddressTest, RefusesAnythingElseAndSaysWhatWasExpected) {
  for (const char* text :
       {"", "8443", "127.0.0.1", "127.0.0.1:", "127.0.0.1:65536", "127.0.0.1:-1", "127.0.0.1:8x",
        "::1:80", "[::1:80", "[127.0.0.1]:80", "example.com:80", "1.2.3:4", " 1.2.3.4:5"}) {
    const auto address = Address::Parse(text);
    ASSERT_FALSE(address) << text;
    EXPECT_EQ(Side::kConfig, address.error().side);
    EXPECT_NE(std::string::npos, address.error().context.find("expected")) << text;
  }
}

TEST(AddressTest, OnlyLoopbackIsLoopback) {
  EXPECT_TRUE((Address{"127.9.9.9", 1}).IsLoopback());
  EXPECT_TRUE((Address{"::1", 1}).IsLoopback());
  EXPECT_FALSE((Address{"::", 1}).IsLoopback());
  EXPECT_FALSE((Address{"10.0.0.1", 1}).IsLoopback());
}

}  // namespace
}  // namespace skerry::net
