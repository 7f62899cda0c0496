#include "core/asset/media_type.h"

#include <gtest/gtest.h>

namespace skerry::asset {
namespace {

TEST(MediaTypeTest, ComesFromTheLastExtensionWhateverItsCase) {
  EXPECT_EQ(MediaTypeOf("/a/app.9f2c0a1b.css"), "text/css");
  EXPECT_EQ(MediaTypeOf("/a/LOGO.SVG"), "image/svg+xml");
  EXPECT_EQ(MediaTypeOf("site.webmanifest"), "application/manifest+json");
  EXPECT_EQ(MediaTypeOf("/x.js.map"), "application/json");
}

TEST(MediaTypeTest, UnknownOrMissingExtensionIsOctetStream) {
  EXPECT_EQ(MediaTypeOf("/v1.2/LICENSE"), "application/octet-stream");
  EXPECT_EQ(MediaTypeOf("/a.unheard-of"), "application/octet-stream");
  EXPECT_EQ(MediaTypeOf("/a."), "application/octet-stream");
}

TEST(CompressibleTest, TextLikeTypesAreWithParametersAndInAnyCase) {
  EXPECT_TRUE(IsCompressible("Text/HTML; charset=utf-8"));
  EXPECT_TRUE(IsCompressible(" application/json ;v=1"));
  EXPECT_TRUE(IsCompressible("application/problem+json"));
  EXPECT_TRUE(IsCompressible("image/svg+xml"));
  EXPECT_TRUE(IsCompressible("application/wasm"));
  EXPECT_TRUE(IsCompressible("font/ttf"));
}

TEST(CompressibleTest, CompressedFormatsAndStreamsOfEventsAreNot) {
  EXPECT_FALSE(IsCompressible("image/jpeg"));
  EXPECT_FALSE(IsCompressible("font/woff2"));
  EXPECT_FALSE(IsCompressible("application/zip"));
  EXPECT_FALSE(IsCompressible("text/event-stream"));
  EXPECT_FALSE(IsCompressible("application/octet-stream"));
  EXPECT_FALSE(IsCompressible(""));
}

}  // namespace
}  // namespace skerry::asset
