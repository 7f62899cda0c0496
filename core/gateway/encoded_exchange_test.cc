// Variants, compression and digests, from the request to the bytes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

#include "core/asset/decoder.h"
#include "core/asset/encoder.h"
#include "core/base/random.h"
#include "core/gateway/testing.h"

namespace skerry::gateway {
namespace {

using ::testing::Each;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;
using ::testing::StartsWith;

std::string Css(size_t lines = 400) {
  std::string css;
  for (size_t i = 0; i < lines; ++i) css += ".c" + std::to_string(i * 31) + "{color:red}\n";
  return css;
}

std::string DigestOf(std::string_view body) {
  return "sha-256=:" + ToBase64(Sha256(body).raw()) + ":";
}

class EncodedExchangeTest : public testing::Test {
 protected:
  using Stream = std::shared_ptr<FakeStream>;

  Stream Ask(const char* accepts, http::Fields fields = {}) {
    fields.Add("accept-encoding", accepts);
    return at_.Ask("/a.css", std::move(fields));
  }
  static http::Fields Fresh(http::Fields more = {}) {
    http::Fields fields{{"cache-control", "max-age=60"}, {"content-type", "text/css"}};
    for (const http::Field& field : more) fields.Add(field.name, field.value);
    return fields;
  }
  // Asks, lets the origin answer, and waits for the end.
  Stream Fill(const char* accepts, http::Fields more = {{"etag", "\"v1\""}},
              const std::string& body = Css()) {
    Stream stream = Ask(accepts);
    at_.Answer(200, Fresh(std::move(more)), body);
    at_.RunUntil([&] { return stream->ended || stream->broken; });
    return stream;
  }
  std::string Decoded(const Stream& stream) {
    const auto coding = asset::CodingOf(stream->Field("content-encoding"));
    if (!coding) return stream->body;
    return asset::Decode(*coding, stream->body, 1 << 22).value_or("not decodable");
  }

  GatewayHarness at_;
};

TEST_F(EncodedExchangeTest, ThreeHundredSpellingsAreThreeVariants) {
  SeededRandom random(5);
  const char* const words[] = {"gzip",     "br",     "deflate",  "identity", "GZIP;q=0.5",
                               "br;q=1.0", "x-gzip", "compress", "*;q=0",    "lzma;q=0.3"};
  std::set<std::string> spellings;
  while (spellings.size() < 300) {
    std::string list;
    for (int i = 0; i < 4; ++i) list += std::string(words[random.Below(10)]) + " , ";
    spellings.insert(list);
  }
  std::set<std::string> tags;
  for (const std::string& spelling : spellings) {
    const Stream stream = Ask(spelling.c_str());
    if (!stream->answered) {
      at_.Answer(200, Fresh({{"etag", "\"v1\""}}), Css());
      at_.RunUntil([&] { return stream->ended; });
    }
    EXPECT_EQ(Decoded(stream), Css());
    EXPECT_THAT(stream->Field("vary"), HasSubstr("accept-encoding"));
    tags.insert(stream->Field("etag"));
  }
  EXPECT_LE(at_.ram().objects(), 3u);
  EXPECT_LE(tags.size(), 4u);
  EXPECT_LE(at_.asked(), 4u);
}

TEST_F(EncodedExchangeTest, OneRefreshIsEnoughForAllWhoAreGivenTheSame) {
  Fill("br", {{"etag", "\"v1\""}, {"x", "y"}});
  at_.Purge(OneUrl("https://example.com/a.css"));
  const Stream stream = Ask("br");
  at_.Answer(200,
             {{"cache-control", "max-age=60, stale-while-revalidate=60"},
              {"content-type", "text/css"},
              {"etag", "\"v1\""}},
             Css());
  at_.RunUntil([&] { return stream->ended; });
  at_.loop.Advance(Seconds(61));
  const size_t asked = at_.asked();
  for (const char* accepts : {"br", "br, gzip", "gzip, deflate, br, zstd"}) {
    EXPECT_EQ(Decoded(Ask(accepts)), Css());
  }
  EXPECT_EQ(at_.asked(), asked + 1);
}

TEST_F(EncodedExchangeTest, VaryIsInEveryAnswerOfWhatComesInSeveralCodings) {
  const Stream coded = Fill("br");
  const Stream plain = Fill("identity");
  const Stream unchanged = Ask("br", {{"if-none-match", coded->Field("etag")}});
  EXPECT_EQ(unchanged->status, 304);
  const Stream plain_unchanged = Ask("identity", {{"if-none-match", "\"v1\""}});
  EXPECT_EQ(plain_unchanged->status, 304);
  for (const Stream& stream : {coded, plain, unchanged, plain_unchanged}) {
    EXPECT_EQ(stream->Field("vary"), "accept-encoding");
  }
}

TEST_F(EncodedExchangeTest, AHeadOfWhatIsNotStoredTellsOfVaryToo) {
  const Stream stream = at_.Ask("/a.css", {{"accept-encoding", "br"}}, "HEAD");
  at_.Head(200, Fresh({{"content-length", "5000"}}));
  EXPECT_EQ(stream->Field("vary"), "accept-encoding");
}

TEST_F(EncodedExchangeTest, WhatTheOriginCompressedIsUsedAsItComes) {
  const std::string coded = *asset::Compress(asset::kBestBrotli, Css());
  const Stream stream =
      Fill("gzip, br",
           {{"etag", "\"v1-br\""}, {"content-encoding", "br"}, {"vary", "Accept-Encoding"}}, coded);
  EXPECT_EQ(stream->body, coded);
  EXPECT_EQ(stream->Field("etag"), "\"v1-br\"");
  EXPECT_EQ(Ask("br, gzip")->body, coded);
  EXPECT_EQ(at_.asked(), 1u);
}

TEST_F(EncodedExchangeTest, NoTransformIsObeyed) {
  const Stream stream = Ask("br");
  at_.Answer(200, {{"cache-control", "max-age=60, no-transform"}, {"content-type", "text/css"}},
             Css());
  EXPECT_EQ(stream->body, Css());
  EXPECT_EQ(stream->Field("content-encoding"), "");
}

TEST_F(EncodedExchangeTest, ARunOfTheEncoderHasATagOfItsOwn) {
  const std::string first = Fill("br")->Field("etag");
  at_.Purge(OneUrl("https://example.com/a.css"));
  const std::string second = Fill("br")->Field("etag");
  EXPECT_THAT(first, StartsWith("\"v1~br5."));
  EXPECT_THAT(second, StartsWith("\"v1~br5."));
  EXPECT_NE(first, second);
}

TEST_F(EncodedExchangeTest, WhoHoldsAnotherRunIsToldThatNothingHasChanged) {
  const std::string first = Fill("br")->Field("etag");
  at_.Purge(OneUrl("https://example.com/a.css"));
  Fill("br");
  const Stream stream = Ask("br", {{"if-none-match", first}});
  EXPECT_EQ(stream->status, 304);
  EXPECT_EQ(stream->Field("etag"), first);
  EXPECT_EQ(Ask("br", {{"if-none-match", "\"v0~br5.00\""}})->status, 200);
  EXPECT_EQ(Ask("br", {{"if-none-match", "\"v1\""}})->status, 200);
}

TEST_F(EncodedExchangeTest, ARangeContinuesOnlyTheVeryBytesItWasBegunFrom) {
  const Stream whole = Fill("br");
  const std::string tag = whole->Field("etag");
  const Stream rest = Ask("br", {{"range", "bytes=10-"}, {"if-range", tag}});
  EXPECT_EQ(rest->status, 206);
  EXPECT_EQ(whole->body.substr(0, 10) + rest->body, whole->body);
  EXPECT_EQ(rest->Field("etag"), tag);
  EXPECT_EQ(rest->Field("content-encoding"), "br");
  for (const char* other : {"\"v1\"", "\"v1~br5.00\"", "\"v1~br11\"", "W/\"v1\""}) {
    EXPECT_EQ(Ask("br", {{"range", "bytes=10-"}, {"if-range", other}})->status, 200) << other;
  }
}

TEST_F(EncodedExchangeTest, ADateContinuesNoEncodedBody) {
  const std::string date = "Sun, 06 Nov 1994 08:49:37 GMT";
  const Stream whole = Fill("br", {{"last-modified", date}});
  EXPECT_THAT(whole->Field("etag"), StartsWith("\"~br5."));
  EXPECT_EQ(Ask("br", {{"range", "bytes=10-"}, {"if-range", date}})->status, 200);
  EXPECT_EQ(Ask("br", {{"range", "bytes=10-"}, {"if-range", whole->Field("etag")}})->status, 206);
}

TEST_F(EncodedExchangeTest, ATagThatOnlyWeKnowNeverGoesUpstream) {
  Fill("br", {{"last-modified", "Sun, 06 Nov 1994 08:49:37 GMT"}});
  at_.loop.Advance(Seconds(61));
  const Stream stream = Ask("br");
  EXPECT_FALSE(at_.origin->asked.back()->request.fields.Has("if-none-match"));
  EXPECT_TRUE(at_.origin->asked.back()->request.fields.Has("if-modified-since"));
  at_.Head(304, {});
  EXPECT_EQ(Decoded(stream), Css());
}

TEST_F(EncodedExchangeTest, WhatValidationSaysOfTheUncodedBytesIsNotSaidOfTheCodedOnes) {
  Fill("br");
  at_.loop.Advance(Seconds(61));
  const Stream stream = Ask("br");
  at_.Head(304, {{"etag", "\"v1\""}, {"repr-digest", DigestOf(Css())}, {"x-new", "1"}});
  EXPECT_EQ(stream->Field("x-new"), "1");
  EXPECT_EQ(stream->Field("repr-digest"), "");
  EXPECT_THAT(stream->Field("etag"), StartsWith("\"v1~br5."));
  EXPECT_EQ(Decoded(stream), Css());
}

TEST_F(EncodedExchangeTest, AWeakTagStaysWeakAndContinuesNothing) {
  const Stream whole = Fill("gzip", {{"etag", "W/\"v1\""}});
  EXPECT_THAT(whole->Field("etag"), StartsWith("W/\"v1~gzip6."));
  EXPECT_EQ(Ask("gzip", {{"range", "bytes=10-"}, {"if-range", whole->Field("etag")}})->status, 200);
  EXPECT_EQ(Ask("gzip", {{"if-none-match", whole->Field("etag")}})->status, 304);
}

TEST_F(EncodedExchangeTest, ClientsOfEveryCodingGetWhatTheyCanDecode) {
  for (const char* coding : {"br", "gzip", "zstd"}) {
    const Stream stream = Fill(coding);
    EXPECT_EQ(stream->Field("content-encoding"), coding);
    EXPECT_EQ(Decoded(stream), Css()) << coding;
  }
}

TEST_F(EncodedExchangeTest, TheFirstPieceOfASlowOriginIsDecodableBeforeTheSecondIsSent) {
  const Stream stream = Ask("br");
  at_.Head(200, Fresh());
  EXPECT_TRUE(stream->answered);
  at_.Body("<p>first</p>");
  const auto decodable = [&] {
    // An empty last meta-block ends what is there so far.
    return asset::Decode(asset::Coding::kBrotli, stream->body + '\x03', 1 << 20).value_or("");
  };
  at_.RunUntil([&] {
    at_.loop.Advance(Micros(1000));
    return !stream->body.empty() && decodable() == "<p>first</p>";
  });
  EXPECT_FALSE(stream->ended);
  at_.Body("<p>second</p>");
  at_.End();
  at_.RunUntil([&] { return stream->ended; });
  EXPECT_EQ(Decoded(stream), "<p>first</p><p>second</p>");
}

TEST(EncodedBehindAShieldTest, AShieldIsAskedByItsOwnTagToo) {
  GatewayHarness at{{}, /*shield_behind=*/true};
  const std::string tag = "\"v1~br5.77\"";
  const http::Fields coded{{"cache-control", "max-age=60"},
                           {"content-type", "text/css"},
                           {"content-encoding", "br"},
                           {"vary", "accept-encoding"},
                           {"etag", tag}};
  at.Ask("/a.css", {{"accept-encoding", "br"}});
  at.Answer(200, coded, "coded by the shield");
  at.loop.Advance(Seconds(61));
  const auto stream = at.Ask("/a.css", {{"accept-encoding", "br"}});
  EXPECT_EQ(at.origin->asked.back()->request.fields.Find("if-none-match"), "\"v1\", " + tag);
  at.Head(304, {{"cache-control", "max-age=60"}, {"etag", tag}});
  EXPECT_EQ(stream->body, "coded by the shield");
  EXPECT_EQ(stream->Field("etag"), tag);
  EXPECT_EQ(at.asked(), 2u);
}

// ---- Dictionaries

class DictionaryExchangeTest : public testing::Test {
 protected:
  static std::string Name(char fill) { return ":" + std::string(42, fill) + "A=:"; }
  std::shared_ptr<FakeStream> Ask(const std::string& dictionary) {
    http::Fields fields{{"accept-encoding", "gzip, br, dcz"}};
    if (!dictionary.empty()) fields.Add("available-dictionary", dictionary);
    return at_.Ask("/app.js", std::move(fields));
  }
  http::Fields Answer(const char* coding) {
    return {{"cache-control", "max-age=60"},
            {"content-type", "text/javascript"},
            {"content-encoding", coding},
            {"vary", "Accept-Encoding, Available-Dictionary"},
            {"skerry-variants", "codings=(br dcz), dictionaries=(" + Name('A') + ")"}};
  }
  GatewayHarness at_{{}, /*shield_behind=*/true};
};

TEST_F(DictionaryExchangeTest, AStoredDeltaIsGivenToWhoHasItsDictionary) {
  Ask(Name('A'));
  EXPECT_EQ(at_.origin->asked.back()->request.fields.Find("available-dictionary"), Name('A'));
  at_.Answer(200, Answer("dcz"), "delta");
  EXPECT_EQ(Ask(Name('A'))->body, "delta");
  EXPECT_EQ(at_.asked(), 1u);
  const auto without = Ask("");
  EXPECT_FALSE(without->answered);
  at_.Answer(200, Answer("br"), "whole");
  EXPECT_EQ(without->body, "whole");
}

TEST_F(DictionaryExchangeTest, UnknownDictionariesCostNothingAndAddNoVariant) {
  Ask("");
  at_.Answer(200, Answer("br"), "whole");
  for (char c = 'B'; c <= 'Z'; ++c) EXPECT_EQ(Ask(Name(c))->body, "whole");
  EXPECT_EQ(at_.asked(), 1u);
  EXPECT_EQ(at_.ram().objects(), 1u);
  // The one that exists is worth asking for.
  EXPECT_FALSE(Ask(Name('A'))->answered);
}

TEST_F(DictionaryExchangeTest, EveryCodingTellsThatDictionariesMatter) {
  Ask("");
  at_.Answer(200, Answer("br"), "whole");
  EXPECT_EQ(Ask("")->Field("vary"), "Accept-Encoding, Available-Dictionary");
  EXPECT_EQ(Ask("")->Field("skerry-variants"), "");
}

TEST_F(DictionaryExchangeTest, AnOriginThatIsNoShieldHearsOfNone) {
  GatewayHarness at;
  const auto stream =
      at.Ask("/app.js", {{"accept-encoding", "br, dcz"}, {"available-dictionary", Name('A')}});
  EXPECT_FALSE(at.origin->asked.back()->request.fields.Has("available-dictionary"));
  EXPECT_EQ(at.origin->asked.back()->request.fields.Find("accept-encoding"), "br");
  http::Fields varies{{"cache-control", "max-age=60"}, {"vary", "available-dictionary"}};
  at.Answer(200, varies, "whole");
  EXPECT_EQ(at.Ask("/app.js", {{"accept-encoding", "br, dcz"}, {"available-dictionary", Name('C')}})
                ->body,
            "whole");
}

// ---- Digests

TEST_F(EncodedExchangeTest, ABodyThatDoesNotMatchIsFetchedOnceMoreUnseen) {
  for (const char* field : {"repr-digest", "content-digest"}) {
    const std::string path = std::string("/") + field;
    const Stream stream = at_.Ask(path);
    const http::Fields fields{{"cache-control", "max-age=60"}, {field, DigestOf("right")}};
    at_.Answer(200, fields, "wrong");
    EXPECT_EQ(at_.origin->asked.back()->request.fields.Find("cache-control"), "no-cache");
    at_.Answer(200, fields, "right");
    EXPECT_EQ(stream->body, "right");
    EXPECT_TRUE(stream->ended);
    const size_t asked = at_.asked();
    EXPECT_EQ(at_.Ask(path)->body, "right");
    EXPECT_EQ(at_.asked(), asked);
  }
  EXPECT_EQ(at_.metrics.GetCounter("skerry_digest_mismatch_total", "").value(), 2u);
  EXPECT_EQ(at_.metrics.GetCounter("skerry_digest_refetches_total", "").value(), 2u);
}

TEST_F(EncodedExchangeTest, AfterTwoWrongBodiesTheStreamIsResetAndNothingStored) {
  const http::Fields fields{{"cache-control", "max-age=60"}, {"repr-digest", DigestOf("right")}};
  const Stream stream = at_.Ask("/a");
  at_.Answer(200, fields, "wrong");
  at_.Answer(200, fields, "WRONG");
  EXPECT_TRUE(stream->broken);
  EXPECT_EQ(stream->body, "");
  EXPECT_EQ(at_.asked(), 2u);
  at_.Ask("/a");
  EXPECT_EQ(at_.asked(), 3u);
}

TEST_F(EncodedExchangeTest, ASecondAnswerThatIsAnotherOneIsNotPassedOffAsTheFirst) {
  const Stream stream = at_.Ask("/a");
  at_.Answer(200, {{"cache-control", "max-age=60"}, {"repr-digest", DigestOf("one")}}, "wrong");
  at_.Answer(200, {{"cache-control", "max-age=60"}, {"repr-digest", DigestOf("two")}}, "two");
  EXPECT_TRUE(stream->broken);
  EXPECT_EQ(stream->body, "");
}

TEST_F(EncodedExchangeTest, ALargeBodyIsResetAndFetchedAgainForWhoComesNext) {
  std::string body(300'000, 'x');
  const http::Fields fields{{"cache-control", "max-age=60"},
                            {"content-type", "image/avif"},
                            {"repr-digest", DigestOf(body)}};
  const Stream stream = at_.Ask("/a.avif");
  http::Fields head = fields;
  head.Add("content-length", "300000");
  at_.Head(200, head);
  at_.Body(body.substr(0, 200'000));
  body[250'000] ^= 1;  // the wire flips a bit
  at_.Body(body.substr(200'000));
  at_.End();
  EXPECT_TRUE(stream->broken);
  EXPECT_LT(stream->body.size(), 300'000u);
  ASSERT_EQ(at_.asked(), 2u);
  body[250'000] ^= 1;
  at_.Answer(200, fields, body);
  EXPECT_EQ(at_.Ask("/a.avif")->body, body);
  EXPECT_EQ(at_.asked(), 2u);
}

TEST_F(EncodedExchangeTest, AWrongBodyIsNeverCompressedIntoARightOne) {
  const http::Fields fields = Fresh({{"etag", "\"v1\""}, {"repr-digest", DigestOf(Css())}});
  const Stream stream = Ask("br");
  std::string wrong = Css();
  wrong[7] ^= 1;
  at_.Answer(200, fields, wrong);
  at_.Answer(200, fields, Css());
  at_.RunUntil([&] { return stream->ended || stream->broken; });
  EXPECT_EQ(Decoded(stream), Css());
}

TEST_F(EncodedExchangeTest, ForHeadThereIsNothingToCheck) {
  const Stream stream = at_.Ask("/a", {}, "HEAD");
  at_.Head(200, {{"repr-digest", DigestOf("body")}, {"content-length", "4"}});
  at_.End();
  EXPECT_EQ(stream->status, 200);
  EXPECT_TRUE(stream->ended);
  EXPECT_EQ(at_.asked(), 1u);
}

}  // namespace
}  // namespace skerry::gateway
