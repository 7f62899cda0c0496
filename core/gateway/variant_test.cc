#include "core/gateway/variant.h"

#include <gtest/gtest.h>

#include "core/asset/decoder.h"
#include "core/net/fake_loop.h"

namespace skerry::gateway {
namespace {

http::ResponseHead Answer(http::Fields more = {}) {
  http::ResponseHead head{200, {{"content-type", "text/css"}}};
  for (const http::Field& field : more) head.fields.Add(field.name, field.value);
  return head;
}

TEST(VariantTest, EncodesWhatIsCompressibleUncodedAndLargeEnough) {
  EXPECT_TRUE(IsEncodable(Answer(), 1000, {}));
  EXPECT_TRUE(IsEncodable(Answer(), std::nullopt, {}));
  EXPECT_FALSE(IsEncodable(Answer(), 999, {}));
  EXPECT_FALSE(IsEncodable(Answer({{"content-encoding", "gzip"}}), 5000, {}));
  EXPECT_FALSE(IsEncodable(Answer({{"cache-control", "max-age=9, no-transform"}}), 5000, {}));
  EXPECT_FALSE(IsEncodable({200, {{"content-type", "image/jpeg"}}}, 5000, {}));
  EXPECT_FALSE(IsEncodable({200, {{"content-type", "text/event-stream"}}}, std::nullopt, {}));
  EXPECT_FALSE(IsEncodable({404, {{"content-type", "text/css"}}}, 5000, {}));
}

TEST(VariantTest, RecipeAndRunArePartOfTheTagAndComeOffAgain) {
  http::Fields fields{{"etag", "\"abc\""}, {"content-length", "9"}, {"repr-digest", "sha-256=:x:"}};
  MarkEncoded(fields, asset::kFastBrotli, "9f2c0a1b");
  EXPECT_EQ(fields, (http::Fields{{"etag", "\"abc~br5.9f2c0a1b\""}, {"content-encoding", "br"}}));
  EXPECT_EQ(OriginTag("\"abc~br5.9f2c0a1b\""), "\"abc\"");
  EXPECT_EQ(OriginTag("W/\"abc~gzip6.00\""), "W/\"abc\"");
  EXPECT_EQ(OriginTag("\"abc~br11\""), "\"abc\"");
  EXPECT_EQ(OriginTag("\"a~b~zstd6.1\""), "\"a~b\"");
}

TEST(VariantTest, TagsOfOthersStayWhatTheyAre) {
  for (const char* tag : {"\"abc\"", "\"abc~\"", "\"abc~br\"", "\"abc~br5.\"", "\"abc~br5.XY\"",
                          "\"abc~lzma5\"", "\"abc~5\"", "\"abc~br5x\"", "abc~br5", ""}) {
    EXPECT_EQ(OriginTag(tag), tag);
    EXPECT_FALSE(ParseCodedTag(tag)) << tag;
  }
}

TEST(VariantTest, WhatCameWithoutATagGetsOneOfItsOwn) {
  http::Fields fields{{"last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"}};
  MarkEncoded(fields, asset::kFastGzip, "ab");
  EXPECT_EQ(*fields.Find("etag"), "\"~gzip6.ab\"");
  EXPECT_EQ(OriginTag("\"~gzip6.ab\""), "");
}

TEST(VariantTest, AnotherRunOfTheSameContentInTheSameCodingIsTheSameToWhoHoldsIt) {
  const std::string_view ours = "\"abc~br11\"";
  EXPECT_EQ(SameContentTag("\"x\", \"abc~br5.77\"", ours), "\"abc~br5.77\"");
  EXPECT_EQ(SameContentTag("\"abc~gzip6.77\"", ours), std::nullopt);
  EXPECT_EQ(SameContentTag("\"abd~br5.77\"", ours), std::nullopt);
  EXPECT_EQ(SameContentTag("\"abc\"", ours), std::nullopt);
  EXPECT_EQ(SameContentTag("\"~br5.77\"", "\"~br5.88\""), std::nullopt);
}

TEST(VariantTest, VaryNamesAcceptEncodingOnce) {
  http::Fields fields{{"vary", "Accept-Encoding"}};
  AddVaryAcceptEncoding(fields);
  EXPECT_EQ(*fields.Combined("vary"), "Accept-Encoding");
  fields = {{"vary", "origin"}};
  AddVaryAcceptEncoding(fields);
  EXPECT_EQ(*fields.Combined("vary"), "origin, accept-encoding");
}

TEST(VariantTest, PrefersBrotliAndZstdOnlyWhereItIsSmallerThanGzip) {
  const http::Fields all{{"accept-encoding", "br, zstd, gzip"}};
  const http::Fields two{{"accept-encoding", "zstd, gzip"}};
  EXPECT_EQ(ChooseRecipe(all, 1 << 20), asset::kFastBrotli);
  EXPECT_EQ(ChooseRecipe(two, 1 << 20)->coding, asset::Coding::kZstd);
  EXPECT_EQ(ChooseRecipe(two, 20000), asset::kFastGzip);
  EXPECT_EQ(ChooseRecipe(two, std::nullopt), asset::kFastGzip);
  EXPECT_EQ(ChooseRecipe({{"accept-encoding", "zstd"}}, 2000)->coding, asset::Coding::kZstd);
  EXPECT_EQ(ChooseRecipe({{"accept-encoding", "gzip"}}, 2000), asset::kFastGzip);
  EXPECT_EQ(ChooseRecipe({}, 2000), std::nullopt);
}

TEST(EncodeStageTest, KeepsTheOrderOfWhatItIsGiven) {
  net::FakeLoop loop;
  std::string out;
  bool finished = false;
  std::string text;
  {
    Pool pool("test", 2);
    auto stage = EncodeStage::Make(asset::kFastBrotli, pool, loop,
                                   {[&](std::string_view bytes) { out.append(bytes); },
                                    {},
                                    [&](Status status) { finished = status.has_value(); }});
    ASSERT_TRUE(stage);
    for (int i = 0; i < 200; ++i) {
      const std::string line = "line " + std::to_string(i) + "\n";
      text += line;
      (*stage)->Append(line);
    }
    (*stage)->Finish();
    while (!finished) loop.RunPosted();
  }
  const auto decoded = asset::Decode(asset::Coding::kBrotli, out, 1 << 20);
  ASSERT_TRUE(decoded);
  EXPECT_EQ(*decoded, text);
}

// Everything that a client can decode of a stream that has not ended.
std::string Decodable(std::string coded) {
  // A Brotli stream whose last block says so: an empty last meta-block.
  coded += '\x03';
  return asset::Decode(asset::Coding::kBrotli, coded, 1 << 20).value_or("");
}

TEST(EncodeStageTest, WhatCameBeforeAPauseCanBeDecodedDuringIt) {
  net::FakeLoop loop;
  Pool pool("test", 1);
  std::string out;
  int drained = 0;
  auto stage = EncodeStage::Make(
      asset::kFastBrotli, pool, loop,
      {[&](std::string_view bytes) { out.append(bytes); }, [&] { ++drained; }, {}});
  ASSERT_TRUE(stage);
  (*stage)->Append("<title>first piece</title>");
  while (drained < 1) loop.RunPosted();
  EXPECT_EQ(Decodable(out), "");
  loop.Advance(EncodeStage::kFlushAfter);
  while (drained < 2) loop.RunPosted();
  EXPECT_EQ(Decodable(out), "<title>first piece</title>");
  // Once is enough: nothing new came in.
  const size_t flushed = out.size();
  loop.Advance(EncodeStage::kFlushAfter * 10);
  (*stage)->Append("second");
  while (drained < 3) loop.RunPosted();
  EXPECT_EQ(out.size(), flushed);
  loop.Advance(EncodeStage::kFlushAfter);
  while (drained < 4) loop.RunPosted();
  EXPECT_EQ(Decodable(out), "<title>first piece</title>second");
}

}  // namespace
}  // namespace skerry::gateway
