#include "core/http/cache_status.h"

#include <gtest/gtest.h>

#include "core/http/structured.h"

namespace skerry::http {
namespace {

TEST(CacheStatusTest, AHitSaysSo) {
  EXPECT_EQ((CacheStatus{.cache = "skerry-edge"}).ToString(), "skerry-edge; hit");
  EXPECT_EQ((CacheStatus{.cache = "skerry-edge", .ttl = Seconds(-5)}).ToString(),
            "skerry-edge; hit; ttl=-5");
}

TEST(CacheStatusTest, AForwardedRequestSaysWhyAndWhatCameOfIt) {
  const CacheStatus status{.cache = "skerry-shield",
                           .forward = Forward::kUriMiss,
                           .forward_status = 200,
                           .ttl = Seconds(60),
                           .stored = true,
                           .collapsed = true,
                           .key = "https://a/\"b\"",
                           .detail = "fenced"};
  EXPECT_EQ(status.ToString(),
            "skerry-shield; fwd=uri-miss; fwd-status=200; ttl=60; stored; collapsed; "
            "key=\"https://a/\\\"b\\\"\"; detail=fenced");
}

TEST(CacheStatusTest, NamesOfReasonsAreThoseOfTheStandard) {
  EXPECT_EQ(Name(Forward::kBypass), "bypass");
  EXPECT_EQ(Name(Forward::kMethod), "method");
  EXPECT_EQ(Name(Forward::kUriMiss), "uri-miss");
  EXPECT_EQ(Name(Forward::kVaryMiss), "vary-miss");
  EXPECT_EQ(Name(Forward::kMiss), "miss");
  EXPECT_EQ(Name(Forward::kRequest), "request");
  EXPECT_EQ(Name(Forward::kStale), "stale");
  EXPECT_EQ(Name(Forward::kPartial), "partial");
}

TEST(CacheStatusTest, EveryByteGivesAListThatParses) {
  for (int byte = 0; byte < 256; ++byte) {
    const std::string text = "a" + std::string(1, static_cast<char>(byte)) + "b";
    const CacheStatus status{.cache = text, .key = text, .detail = text};
    EXPECT_TRUE(structured::ParseList(status.ToString())) << byte;
  }
}

}  // namespace
}  // namespace skerry::http
