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

TEST(VariantTest, TheRecipeIsPartOfTheTagAndComesOffAgain) {
  http::Fields fields{{"etag", "\"abc\""}, {"content-length", "9"}, {"repr-digest", "sha-256=:x:"}};
  MarkEncoded(fields, asset::kFastBrotli);
  EXPECT_EQ(fields, (http::Fields{{"etag", "\"abc~br5\""}, {"content-encoding", "br"}}));
  EXPECT_EQ(OriginTag("\"abc~br5\""), "\"abc\"");
  EXPECT_EQ(OriginTag("W/\"abc~gzip6\""), "W/\"abc\"");
  EXPECT_EQ(OriginTag("\"abc\""), "\"abc\"");
}

TEST(VariantTest, VaryNamesAcceptEncodingOnce) {
  http::Fields fields{{"vary", "Accept-Encoding"}};
  AddVaryAcceptEncoding(fields);
  EXPECT_EQ(*fields.Combined("vary"), "Accept-Encoding");
  fields = {{"vary", "origin"}};
  AddVaryAcceptEncoding(fields);
  EXPECT_EQ(*fields.Combined("vary"), "origin, accept-encoding");
}

TEST(VariantTest, PrefersBrotli) {
  EXPECT_EQ(ChooseRecipe({{"accept-encoding", "br, gzip"}}), asset::kFastBrotli);
  EXPECT_EQ(ChooseRecipe({{"accept-encoding", "gzip"}}), asset::kFastGzip);
  EXPECT_EQ(ChooseRecipe({}), std::nullopt);
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

}  // namespace
}  // namespace skerry::gateway
