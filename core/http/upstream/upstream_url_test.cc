#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/http/upstream/upstream.h"

namespace skerry::http {
namespace {

using ::testing::HasSubstr;

TEST(UpstreamUrlTest, ReadsSchemeHostPortAndBase) {
  const Result<UpstreamUrl> url = UpstreamUrl::Parse("HTTPS://Origin.test:8443/a/b/");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->scheme, "https");
  EXPECT_EQ(url->host, "origin.test");
  EXPECT_EQ(url->port, 8443);
  EXPECT_EQ(url->base_path, "/a/b");
  EXPECT_EQ(url->authority(), "origin.test:8443");
}

TEST(UpstreamUrlTest, TheRootHasNoBaseAndTheSchemeItsPort) {
  const Result<UpstreamUrl> url = UpstreamUrl::Parse("http://origin.test");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->port, 80);
  EXPECT_EQ(url->base_path, "");
  EXPECT_EQ(url->authority(), "origin.test");
  EXPECT_EQ(UpstreamUrl::Parse("https://a:443/")->authority(), "a");
  EXPECT_EQ(UpstreamUrl::Parse("http://a:443/")->authority(), "a:443");
}

TEST(UpstreamUrlTest, Ipv6AddressesLoseTheirBracketsForDialling) {
  const Result<UpstreamUrl> url = UpstreamUrl::Parse("http://[::1]:8080");
  ASSERT_TRUE(url);
  EXPECT_EQ(url->host, "::1");
  EXPECT_EQ(url->authority(), "[::1]:8080");
}

TEST(UpstreamUrlTest, ErrorsSayWhatAnUpstreamLooksLike) {
  for (const char* text : {"", "origin.test", "origin.test:80", "ftp://a", "http://", "http://u@a/",
                           "http://a/?q", "http://a/#f", "http://a:0", "http://a:99999", "//a"}) {
    const Result<UpstreamUrl> url = UpstreamUrl::Parse(text);
    ASSERT_FALSE(url) << text;
    EXPECT_EQ(url.error().code, Code::kInvalid);
    EXPECT_EQ(url.error().side, Side::kConfig);
    EXPECT_THAT(url.error().context, HasSubstr("https://HOST[:PORT][/PATH]"));
  }
}

}  // namespace
}  // namespace skerry::http
