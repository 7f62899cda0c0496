// Bodies and their digests (RFC 9530): sha-512, several algorithms, trailers.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/asset/decoder.h"
#include "core/base/digest.h"
#include "core/base/sha512.h"
#include "core/gateway/testing.h"

namespace skerry::gateway {
namespace {

std::string Sha256Of(std::string_view body) {
  return "sha-256=:" + ToBase64(Sha256(body).raw()) + ":";
}

std::string Sha512Of(std::string_view body) {
  Sha512Stream stream;
  stream.Update(body);
  return "sha-512=:" + ToBase64(stream.Finish()) + ":";
}

class CheckedExchangeTest : public testing::Test {
 protected:
  using Stream = std::shared_ptr<FakeStream>;

  static http::Fields Fresh(http::Fields more = {}) {
    http::Fields fields{{"cache-control", "max-age=60"}, {"content-type", "image/avif"}};
    for (const http::Field& field : more) fields.Add(field.name, field.value);
    return fields;
  }
  // The origin's answer without a length, and what follows it.
  void AnswerChunked(http::Fields head, std::string_view body, http::Fields trailers) {
    at_.Head(200, std::move(head));
    at_.Body(body.substr(0, body.size() / 2));
    at_.Body(body.substr(body.size() / 2));
    at_.End(-1, std::move(trailers));
  }
  uint64_t Count(const char* name) { return at_.metrics.GetCounter(name, "").value(); }
  uint64_t Mismatches() { return Count("skerry_digest_mismatch_total"); }
  uint64_t Refetches() { return Count("skerry_digest_refetches_total"); }

  GatewayHarness at_;
};

TEST_F(CheckedExchangeTest, ASha512IsCheckedLikeASha256) {
  const http::Fields head = Fresh({{"repr-digest", Sha512Of("right")}});
  const Stream stream = at_.Ask("/a");
  at_.Answer(200, head, "wrong");
  EXPECT_EQ(stream->body, "");
  at_.Answer(200, head, "right");
  EXPECT_EQ(stream->body, "right");
  EXPECT_TRUE(stream->ended);
  EXPECT_EQ(Mismatches(), 1u);
  EXPECT_EQ(Refetches(), 1u);
  EXPECT_EQ(at_.Ask("/a")->body, "right");
  EXPECT_EQ(at_.asked(), 2u);
}

TEST_F(CheckedExchangeTest, OfSeveralAlgorithmsOneThatDiffersIsEnough) {
  for (const std::string& said : {Sha256Of("right") + ", " + Sha512Of("other"),
                                  Sha512Of("right") + ", " + Sha256Of("other")}) {
    const Stream stream = at_.Ask("/" + ToHex(said));
    at_.Answer(200, Fresh({{"content-digest", said}}), "right");
    at_.Answer(200, Fresh({{"content-digest", said}}), "right");
    EXPECT_TRUE(stream->broken);
    EXPECT_EQ(stream->body, "");
  }
  EXPECT_EQ(Mismatches(), 4u);
  EXPECT_EQ(at_.asked(), 4u);
}

TEST_F(CheckedExchangeTest, UnknownAlgorithmsSayNothing) {
  const std::string said = "md5=:AAAA:, unixsum=?0, " + Sha512Of("right") + ", id-x=:/w==:";
  const Stream stream = at_.Ask("/a");
  at_.Answer(200, Fresh({{"repr-digest", said}}), "right");
  EXPECT_EQ(stream->body, "right");
  EXPECT_EQ(Mismatches(), 0u);
}

TEST_F(CheckedExchangeTest, ADigestInTheTrailersResetsAndIsFetchedOnceMoreForTheNext) {
  for (const auto& of : {Sha256Of, Sha512Of}) {
    for (const char* field : {"content-digest", "repr-digest"}) {
      const std::string path = "/" + of("x") + field;
      const size_t asked = at_.asked();
      const http::Fields head = Fresh({{"trailer", std::string("X-Other, ") + field}});
      const Stream stream = at_.Ask(path);
      AnswerChunked(head, "wrong", {{field, of("right")}});
      EXPECT_TRUE(stream->broken);
      EXPECT_FALSE(stream->ended);
      ASSERT_EQ(at_.asked(), asked + 2);
      EXPECT_EQ(at_.origin->asked.back()->request.fields.Find("cache-control"), "no-cache");
      AnswerChunked(head, "right", {{field, of("right")}});
      const Stream next = at_.Ask(path);
      EXPECT_EQ(next->body, "right");
      EXPECT_EQ(next->trailers, (http::Fields{{field, of("right")}}));
      EXPECT_EQ(at_.asked(), asked + 2);
    }
  }
  EXPECT_EQ(Mismatches(), 4u);
  EXPECT_EQ(Refetches(), 4u);
}

TEST_F(CheckedExchangeTest, AfterTwoWrongBodiesWithTrailersNothingIsStoredNorAskedFor) {
  const http::Fields head = Fresh({{"trailer", "Repr-Digest"}});
  at_.Ask("/a");
  AnswerChunked(head, "wrong", {{"repr-digest", Sha256Of("right")}});
  AnswerChunked(head, "WRONG", {{"repr-digest", Sha256Of("right")}});
  EXPECT_EQ(at_.asked(), 2u);
  EXPECT_EQ(Refetches(), 1u);
  at_.Ask("/a");
  EXPECT_EQ(at_.asked(), 3u);
}

TEST_F(CheckedExchangeTest, BeforeTrailersTheBodyFlowsOn) {
  const Stream stream = at_.Ask("/a");
  at_.Head(200, Fresh({{"trailer", "Repr-Digest"}}));
  at_.Body("event 1");
  EXPECT_EQ(stream->body, "event 1");
}

// Over HTTP/2 a length and trailers may come together, and a client over HTTP/1.1 takes
// the last byte for the end.
TEST_F(CheckedExchangeTest, WithALengthTheLastPieceWaitsForTheTrailers) {
  const Stream stream = at_.Ask("/a");
  at_.Head(200, Fresh({{"trailer", "Repr-Digest"}, {"content-length", "6"}}));
  at_.Body("abc");
  at_.Body("def");
  EXPECT_EQ(stream->body, "abc");
  at_.End(-1, {{"repr-digest", Sha256Of("abcdeX")}});
  EXPECT_EQ(stream->body, "abc");
  EXPECT_TRUE(stream->broken);
}

TEST_F(CheckedExchangeTest, DigestsOfHeadAndTrailersBothCount) {
  const http::Fields head = Fresh({{"repr-digest", Sha256Of("right")}, {"trailer", "x"}});
  const Stream stream = at_.Ask("/a");
  AnswerChunked(head, "right", {{"content-digest", Sha256Of("other")}});
  EXPECT_TRUE(stream->broken);
  EXPECT_EQ(Mismatches(), 1u);
}

TEST_F(CheckedExchangeTest, WithDigestsThatNobodyAnnouncedNothingIsKept) {
  const Stream stream = at_.Ask("/a");
  AnswerChunked(Fresh(), "body", {{"repr-digest", Sha256Of("other")}});
  EXPECT_TRUE(stream->ended);  // and the client has what to compare it with
  EXPECT_EQ(stream->trailers, (http::Fields{{"repr-digest", Sha256Of("other")}}));
  at_.Ask("/a");
  EXPECT_EQ(at_.asked(), 2u);
}

TEST_F(CheckedExchangeTest, WhatWeEncodeLosesTheDigestsOfWhatItWas) {
  const std::string css(5000, 'a');
  http::Fields head{
      {"cache-control", "max-age=60"}, {"content-type", "text/css"}, {"trailer", "Repr-Digest"}};
  const Stream stream = at_.Ask("/a.css", {{"accept-encoding", "gzip"}});
  AnswerChunked(head, css, {{"repr-digest", Sha256Of(css)}, {"x-took", "5"}});
  at_.RunUntil([&] { return stream->ended || stream->broken; });
  EXPECT_EQ(stream->trailers, (http::Fields{{"x-took", "5"}}));
  EXPECT_EQ(asset::Decode(asset::Coding::kGzip, stream->body, 1 << 20).value_or(""), css);
}

TEST_F(CheckedExchangeTest, AWrongBodyThatWeEncodeIsResetToo) {
  const std::string css(5000, 'a');
  http::Fields head{
      {"cache-control", "max-age=60"}, {"content-type", "text/css"}, {"trailer", "Repr-Digest"}};
  const Stream stream = at_.Ask("/a.css", {{"accept-encoding", "gzip"}});
  AnswerChunked(head, css, {{"repr-digest", Sha256Of("other")}});
  at_.RunUntil([&] { return stream->ended || stream->broken; });
  EXPECT_TRUE(stream->broken);
}

TEST_F(CheckedExchangeTest, AContentDigestIsNotOfAPartNorOfAHead) {
  at_.Fill("/a", Fresh({{"content-digest", Sha256Of("body")}, {"repr-digest", Sha256Of("body")}}),
           "body");
  EXPECT_EQ(at_.Ask("/a")->Field("content-digest"), Sha256Of("body"));
  for (const Stream& stream : {at_.Ask("/a", {{"range", "bytes=0-1"}}), at_.Ask("/a", {}, "HEAD"),
                               at_.Ask("/a", {{"range", "bytes=0-0,2-2"}})}) {
    EXPECT_EQ(stream->Field("content-digest"), "");
    EXPECT_EQ(stream->Field("repr-digest"), Sha256Of("body"));
  }
}

}  // namespace
}  // namespace skerry::gateway
