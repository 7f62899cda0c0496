// Conditions and ranges of clients (RFC 9110 13, 14), from what is stored and while it
// arrives.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/gateway/testing.h"

namespace skerry::gateway {
namespace {

using namespace std::chrono_literals;
using testing::HasSubstr;
using testing::Not;
using testing::StartsWith;

const http::Fields kFresh = {{"cache-control", "max-age=60"},
                             {"etag", "\"v1\""},
                             {"content-type", "text/x-digits"},
                             {"last-modified", "Tue, 14 Nov 2023 22:00:00 GMT"}};
constexpr std::string_view kDigits = "0123456789";

class ConditionTest : public testing::Test {
 protected:
  std::shared_ptr<FakeStream> OfStored(http::Fields fields, std::string method = "GET") {
    if (at_.asked() == 0) at_.Fill("/a", kFresh, kDigits);
    return at_.Ask("/a", std::move(fields), std::move(method));
  }
  int Status(http::Fields fields) { return OfStored(std::move(fields))->status; }

  GatewayHarness at_;
};

// --- conditions that caches answer

TEST_F(ConditionTest, AnyTagMatchesWhatIsStored) {
  EXPECT_EQ(Status({{"if-none-match", "*"}}), 304);
  EXPECT_EQ(Status({{"if-none-match", "\"v0\", W/\"v1\""}}), 304);
  EXPECT_EQ(Status({{"if-none-match", "\"v0\""}}), 200);
}

TEST_F(ConditionTest, ATagComesBeforeADate) {
  const char* later = "Tue, 14 Nov 2023 23:00:00 GMT";
  EXPECT_EQ(Status({{"if-modified-since", later}}), 304);
  EXPECT_EQ(Status({{"if-modified-since", later}, {"if-none-match", "\"v0\""}}), 200);
}

TEST_F(ConditionTest, WithoutLastModifiedADateIsComparedWithWhenTheStoredResponseWasMade) {
  const char* made = "Tue, 14 Nov 2023 22:13:00 GMT";
  const char* before = "Tue, 14 Nov 2023 22:12:59 GMT";
  at_.Fill("/a", {{"cache-control", "max-age=60"}, {"date", made}}, kDigits);
  EXPECT_EQ(at_.Ask("/a", {{"if-modified-since", made}})->status, 304);
  EXPECT_EQ(at_.Ask("/a", {{"if-modified-since", before}})->status, 200);
  EXPECT_EQ(at_.Ask("/a", {{"if-unmodified-since", before}})->status, 200);
  EXPECT_EQ(at_.asked(), 1u);
  // What the origin makes for this very request has not been seen before.
  const auto miss = at_.Ask("/b", {{"if-modified-since", "Tue, 14 Nov 2023 22:20:00 GMT"}});
  at_.Answer(200, {{"cache-control", "max-age=60"}}, kDigits);
  EXPECT_EQ(miss->status, 200);
}

TEST_F(ConditionTest, OnAMissTheOriginIsAskedForTheWholeAndTheConditionIsAnsweredHere) {
  const auto stream = at_.Ask("/a", {{"if-none-match", "\"v1\""}});
  EXPECT_FALSE(at_.origin->asked[0]->request.fields.Has("if-none-match"));
  at_.Answer(200, kFresh, kDigits);
  EXPECT_EQ(stream->status, 304);
  EXPECT_EQ(at_.Ask("/a")->body, kDigits);
}

// --- conditions that are an origin's (RFC 9111 4.3.2)

TEST_F(ConditionTest, IfMatchThatHoldsIsAnsweredFromTheStore) {
  EXPECT_EQ(Status({{"if-match", "\"v1\""}}), 200);
  EXPECT_EQ(Status({{"if-match", "*"}}), 200);
  EXPECT_EQ(Status({{"if-unmodified-since", "Tue, 14 Nov 2023 22:00:00 GMT"}}), 200);
  EXPECT_EQ(at_.asked(), 1u);
}

TEST_F(ConditionTest, IfMatchThatDoesNotHoldHereIsTheOriginsToAnswer) {
  const http::Fields conditions[] = {{{"if-match", "\"v2\""}},
                                     {{"if-match", "W/\"v1\""}},
                                     {{"if-unmodified-since", "Tue, 14 Nov 2023 21:00:00 GMT"}}};
  for (const http::Fields& condition : conditions) {
    const auto stream = OfStored(condition);
    EXPECT_FALSE(stream->answered);
    const http::Field& field = *condition.begin();
    EXPECT_EQ(at_.origin->asked.back()->request.fields.Find(field.name), field.value);
    at_.Answer(412, {}, "");
    EXPECT_EQ(stream->status, 412);
    EXPECT_THAT(stream->Field("cache-status"), HasSubstr("fwd=request; fwd-status=412"));
  }
  EXPECT_EQ(OfStored({})->body, kDigits);  // the stored copy stays
}

TEST_F(ConditionTest, IfMatchOnAMissGoesToTheOriginAsItCame) {
  at_.Ask("/a", {{"if-match", "\"v1\""}, {"range", "bytes=5-"}});
  const http::Fields& sent = at_.origin->asked[0]->request.fields;
  EXPECT_EQ(sent.Find("if-match"), "\"v1\"");
  EXPECT_EQ(sent.Find("range"), "bytes=5-");
}

// --- ranges

TEST_F(ConditionTest, EveryFormOfARangeIsServedFromTheStoredWhole) {
  const std::pair<const char*, const char*> cases[] = {{"bytes=2-4", "234"},
                                                       {"bytes=7-", "789"},
                                                       {"bytes=-2", "89"},
                                                       {"bytes=8-100", "89"},
                                                       {"bytes=-100", "0123456789"}};
  for (const auto& [range, body] : cases) {
    const auto stream = OfStored({{"range", range}});
    EXPECT_EQ(stream->status, 206) << range;
    EXPECT_EQ(stream->body, body) << range;
    EXPECT_EQ(stream->Field("etag"), "\"v1\"");
  }
}

TEST_F(ConditionTest, WhatIsNoRangeOfBytesIsIgnored) {
  for (const char* range : {"bytes=4-2", "bytes=", "bytes=a-b", "lines=1-2", "bytes=1-2;"}) {
    EXPECT_EQ(Status({{"range", range}}), 200) << range;
  }
  EXPECT_EQ(OfStored({{"range", "bytes=2-4"}}, "HEAD")->status, 200);
}

TEST_F(ConditionTest, ARangeBehindTheEndIs416WithTheLength) {
  const auto stream = OfStored({{"range", "bytes=10-"}});
  EXPECT_EQ(stream->status, 416);
  EXPECT_EQ(stream->Field("content-range"), "bytes */10");
  EXPECT_EQ(Status({{"range", "bytes=10-"}, {"if-range", "\"v0\""}}), 200);
}

TEST_F(ConditionTest, IfRangeWantsTheSameStrongValidator) {
  const auto with = [&](const char* validator) {
    return Status({{"range", "bytes=2-4"}, {"if-range", validator}});
  };
  EXPECT_EQ(with("\"v1\""), 206);
  EXPECT_EQ(with("W/\"v1\""), 200);
  EXPECT_EQ(with("\"v0\""), 200);
  EXPECT_EQ(with("Tue, 14 Nov 2023 22:00:00 GMT"), 206);
  EXPECT_EQ(with("Tue, 14 Nov 2023 22:00:01 GMT"), 200);
  EXPECT_EQ(with("nonsense"), 200);
}

TEST_F(ConditionTest, AWeakTagNeverJoinsParts) {
  at_.Fill("/w", {{"cache-control", "max-age=60"}, {"etag", "W/\"v1\""}}, kDigits);
  const auto stream = at_.Ask("/w", {{"range", "bytes=2-4"}, {"if-range", "W/\"v1\""}});
  EXPECT_EQ(stream->status, 200);
}

TEST_F(ConditionTest, AnotherStatusThan200IsNeverCut) {
  at_.Ask("/gone", {{"range", "bytes=2-4"}});
  at_.Answer(404, {{"cache-control", "max-age=60"}}, kDigits);
  const auto stream = at_.Ask("/gone", {{"range", "bytes=2-4"}});
  EXPECT_EQ(stream->status, 404);
  EXPECT_EQ(stream->body, kDigits);
}

TEST_F(ConditionTest, A206OfTheOriginIsPassedOnAndNeverStored) {
  GatewayHarness at;
  at.Ask("/a", {{"cookie", "a=b"}});
  at.Answer(200, {{"cache-control", "private"}}, kDigits);  // known not to be shareable
  const auto stream = at.Ask("/a", {{"cookie", "a=b"}, {"range", "bytes=0-3"}});
  at.Answer(206, {{"cache-control", "max-age=60"}, {"content-range", "bytes 0-3/10"}}, "0123");
  EXPECT_EQ(stream->status, 206);
  EXPECT_EQ(stream->Field("content-range"), "bytes 0-3/10");
  EXPECT_FALSE(at.Ask("/a", {{"cookie", "a=b"}})->answered);
}

TEST_F(ConditionTest, AnAnswerToWhatNobodyAskedIsAFailureOfTheOrigin) {
  for (const int status : {304, 206}) {
    GatewayHarness at;
    const auto stream = at.Ask("/a");
    at.Answer(status, {{"cache-control", "max-age=60"}, {"content-range", "bytes 0-3/10"}}, "0123");
    EXPECT_EQ(stream->status, 502);
    EXPECT_THAT(stream->Field("proxy-status"), HasSubstr("http_protocol_error"));
    EXPECT_FALSE(at.Ask("/a")->answered);
  }
}

TEST_F(ConditionTest, A304ThatInsistsOnAnotherTagIsNotPassedOffAsAnAnswer) {
  GatewayHarness at;
  at.Fill("/a", {{"cache-control", "max-age=1"}, {"etag", "\"v1\""}}, kDigits);
  at.loop.Advance(Seconds(5));
  const auto stream = at.Ask("/a");
  at.Head(304, {{"etag", "\"v9\""}});
  at.Head(304, {{"etag", "\"v9\""}});
  EXPECT_EQ(stream->status, 502);
}

// --- several ranges

// The parts of a multipart/byteranges body: "content-range\nbytes".
std::vector<std::string> Parts(const FakeStream& stream) {
  const std::string type = stream.Field("content-type");
  const size_t at = type.find("boundary=");
  if (at == type.npos) return {"no boundary: " + type};
  const std::string boundary = "--" + type.substr(at + 9);
  std::vector<std::string> parts;
  size_t begin = 0;
  while ((begin = stream.body.find(boundary + "\r\n", begin)) != stream.body.npos) {
    begin += boundary.size() + 2;
    const size_t head = stream.body.find("\r\n\r\n", begin);
    const size_t end = stream.body.find("\r\n" + boundary, head + 4);
    const std::string fields = stream.body.substr(begin, head - begin);
    EXPECT_THAT(fields, HasSubstr("content-type: text/x-digits\r\n"));
    const size_t range = fields.find("content-range: ");
    parts.push_back(fields.substr(range + 15) + "\n" +
                    stream.body.substr(head + 4, end - head - 4));
  }
  EXPECT_TRUE(stream.body.ends_with("\r\n" + boundary + "--\r\n"));
  return parts;
}

TEST_F(ConditionTest, SeveralRangesAreAMultipartBodyInTheOrderAskedFor) {
  const std::string digits(1000, 'x');
  at_.Fill("/long", kFresh, "AB" + digits + "CD" + digits + "EF");
  const auto stream = at_.Ask("/long", {{"range", "bytes=1002-1003, 0-1, -2"}});
  EXPECT_EQ(stream->status, 206);
  EXPECT_THAT(stream->Field("content-type"), StartsWith("multipart/byteranges; boundary="));
  EXPECT_EQ(stream->Field("content-range"), "");
  EXPECT_THAT(Parts(*stream), testing::ElementsAre("bytes 1002-1003/2006\nCD", "bytes 0-1/2006\nAB",
                                                   "bytes 2004-2005/2006\nEF"));
  EXPECT_EQ(stream->announced, stream->body.size());
}

TEST_F(ConditionTest, RangesThatAreNearOrOverlapAreSentAsOne) {
  const auto near = OfStored({{"range", "bytes=0-1,4-5"}});
  EXPECT_EQ(near->status, 206);
  EXPECT_EQ(near->Field("content-range"), "bytes 0-5/10");
  EXPECT_EQ(near->body, "012345");
  const auto overlapping = OfStored({{"range", "bytes=4-8,2-5"}});
  EXPECT_EQ(overlapping->body, "2345678");
}

TEST_F(ConditionTest, TooManyOrTooTangledRangesGiveTheWhole) {
  std::string many = "bytes=0-0";
  for (int i = 1; i < 17; ++i)
    many += "," + std::to_string(i * 200) + "-" + std::to_string(i * 200);
  at_.Fill("/long", kFresh, std::string(10'000, 'x'));
  EXPECT_EQ(at_.Ask("/long", {{"range", many}})->status, 200);
  const auto tangled = at_.Ask("/long", {{"range", "bytes=0-,0-,0-,0-"}});
  EXPECT_EQ(tangled->status, 200);
  EXPECT_EQ(tangled->body.size(), 10'000u);
}

TEST_F(ConditionTest, RangesThatAreNotThereAreLeftOutUnlessAllAre) {
  const auto one = OfStored({{"range", "bytes=50-60,2-3"}});
  EXPECT_EQ(one->status, 206);
  EXPECT_EQ(one->Field("content-range"), "bytes 2-3/10");
  EXPECT_EQ(Status({{"range", "bytes=50-60,70-80"}}), 416);
}

TEST_F(ConditionTest, SeveralRangesOfWhatIsStillArrivingComeInOneGoIfTheyAscend) {
  const std::string gap(1000, 'x');
  const auto up = at_.Ask("/long", {{"range", "bytes=0-1,1002-1003"}});
  const auto down = at_.Ask("/long", {{"range", "bytes=1002-1003,0-1"}});
  http::Fields fields = kFresh;
  fields.Add("content-length", "1004");
  at_.Head(200, fields);
  EXPECT_EQ(up->status, 206);
  EXPECT_EQ(down->status, 200);
  at_.Body("AB");
  EXPECT_THAT(up->body, HasSubstr("\r\n\r\nAB"));
  at_.Body(gap + "CD");
  at_.End();
  EXPECT_TRUE(up->ended);
  EXPECT_THAT(Parts(*up), testing::ElementsAre("bytes 0-1/1004\nAB", "bytes 1002-1003/1004\nCD"));
}

TEST_F(ConditionTest, AMultipartBodyThatBreaksOffIsNeverEnded) {
  const auto stream = at_.Ask("/long", {{"range", "bytes=0-1,1002-1003"}});
  http::Fields fields = kFresh;
  fields.Add("content-length", "1004");
  at_.Head(200, fields);
  at_.Body("AB");
  at_.Fail({Code::kReset, Side::kUpstream, true, "gone"});
  EXPECT_TRUE(stream->broken);
  EXPECT_FALSE(stream->ended);
}

}  // namespace
}  // namespace skerry::gateway
