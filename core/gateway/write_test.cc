#include "core/gateway/write.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace skerry::gateway {
namespace {

using namespace std::chrono_literals;

class WriteTest : public testing::Test {
 protected:
  WriteTest() {
    const auto fields = std::make_shared<http::Fields>(
        http::Fields{{"etag", "\"v1\""},
                     {"last-modified", "Tue, 14 Nov 2023 22:00:00 GMT"},
                     {"date", "Tue, 14 Nov 2023 22:13:20 GMT"},
                     {"content-type", "text/plain"},
                     {"cache-control", "max-age=60"}});
    head_.status = 200;
    head_.fields = fields;
    head_.client_fields = fields;
    head_.response_time = WallTime(1'700'000'000s);
  }

  http::Response Ask(http::Fields fields, std::string method = "GET") {
    request_ = {std::move(method), "https", "example.com", "/", std::move(fields)};
    Writing writing{.request = request_, .head = head_, .route = route_};
    writing.length = 10;
    writing.age = Seconds(5);
    writing.unvalidated = true;
    writing.name = "skerry-edge";
    writing.cache_status = "skerry-edge; hit";
    writing.body = [this](BodyPart part) {
      part_ = part;
      return std::make_unique<http::MemoryBody>("0123456789");
    };
    return Write(writing);
  }

  cache::StoredHead head_;
  http::RequestHead request_;
  Route route_;
  std::optional<BodyPart> part_;
};

TEST_F(WriteTest, SharesTheStoredFieldsAndAddsItsOwn) {
  const http::Response response = Ask({});
  EXPECT_EQ(response.status, 200);
  EXPECT_EQ(response.stored, head_.client_fields);
  EXPECT_EQ(response.own.Find("age"), "5");
  EXPECT_EQ(response.own.Find("cache-status"), "skerry-edge; hit");
  EXPECT_EQ(response.own.Find("via"), "1.1 skerry-edge");
}

TEST_F(WriteTest, AHitLeavesOutWhatNoCacheNames) {
  head_.lifetimes.no_cache_fields = std::vector<std::string>{"last-modified"};
  const http::Response response = Ask({});
  EXPECT_FALSE(response.stored->Has("last-modified"));
  EXPECT_TRUE(response.stored->Has("etag"));
}

TEST_F(WriteTest, AMatchingTagIs304WithoutBodyOrContentType) {
  const http::Response response = Ask({{"if-none-match", "\"v0\", W/\"v1\""}});
  EXPECT_EQ(response.status, 304);
  EXPECT_EQ(response.body, nullptr);
  EXPECT_EQ(response.own.Find("etag"), "\"v1\"");
  EXPECT_FALSE(response.own.Has("content-type"));
  EXPECT_EQ(response.own.Find("cache-control"), "max-age=60");
}

TEST_F(WriteTest, AFailedIfMatchIs412) {
  EXPECT_EQ(Ask({{"if-match", "\"v2\""}}).status, 412);
  EXPECT_EQ(Ask({{"if-match", "\"v1\""}}).status, 200);
}

TEST_F(WriteTest, ASingleRangeIs206WithThosePositions) {
  const http::Response response = Ask({{"range", "bytes=2-4"}});
  EXPECT_EQ(response.status, 206);
  EXPECT_EQ(response.own.Find("content-range"), "bytes 2-4/10");
  EXPECT_EQ(part_->from, 2u);
  EXPECT_EQ(part_->count, 3u);
}

TEST_F(WriteTest, ARangeBehindTheEndIs416) {
  const http::Response response = Ask({{"range", "bytes=10-"}});
  EXPECT_EQ(response.status, 416);
  EXPECT_EQ(response.own.Find("content-range"), "bytes */10");
}

TEST_F(WriteTest, IfRangeOfAnotherTagGivesTheWhole) {
  EXPECT_EQ(Ask({{"range", "bytes=2-4"}, {"if-range", "\"v0\""}}).status, 200);
  EXPECT_EQ(Ask({{"range", "bytes=2-4"}, {"if-range", "\"v1\""}}).status, 206);
}

TEST_F(WriteTest, SeveralRangesNearEachOtherAreOne) {
  EXPECT_EQ(Ask({{"range", "bytes=0-1,4-5"}}).own.Find("content-range"), "bytes 0-5/10");
}

TEST_F(WriteTest, ConditionsAreNotOursToAnswerForErrors) {
  head_.status = 404;
  EXPECT_EQ(Ask({{"if-none-match", "\"v1\""}}).status, 404);
}

TEST_F(WriteTest, ARuleSetsAndRemovesFields) {
  route_.answer.set = {{"x-frame-options", "DENY"}};
  route_.answer.remove = {"last-modified"};
  const http::Response response = Ask({});
  EXPECT_EQ(response.own.Find("x-frame-options"), "DENY");
  EXPECT_FALSE(response.stored->Has("last-modified"));
}

TEST(VerdictTest, SaysWhatHappenedInTheWordsOfRfc9211) {
  Verdict hit;
  hit.hit = true;
  hit.ttl = 42;
  EXPECT_EQ(CacheStatusOf("skerry-edge", hit), "skerry-edge; hit; ttl=42");
  Verdict miss;
  miss.fwd = http::Forward::kUriMiss;
  miss.fwd_status = 200;
  miss.stored = true;
  miss.collapsed = true;
  EXPECT_EQ(CacheStatusOf("skerry-edge", miss),
            "skerry-edge; fwd=uri-miss; fwd-status=200; stored; collapsed");
}

TEST(VerdictTest, LabelsTellHitStaleMissPassAndErrorApart) {
  Verdict verdict;
  verdict.hit = true;
  EXPECT_EQ(CacheLabel(verdict), "hit");
  verdict.ttl = -3;
  EXPECT_EQ(CacheLabel(verdict), "stale");
  verdict = {};
  EXPECT_EQ(CacheLabel(verdict), "error");
  verdict.fwd = http::Forward::kMethod;
  verdict.fwd_status = 200;
  EXPECT_EQ(CacheLabel(verdict), "pass");
  verdict.fwd = http::Forward::kStale;
  verdict.fwd_status = 304;
  EXPECT_EQ(CacheLabel(verdict), "revalidated");
}

TEST(WriteErrorTest, NamesTheKindOfFailureAndTellsNothingOfTheInside) {
  const http::Response response =
      WriteError(502, {Code::kRefused, Side::kUpstream, true, "connect 10.0.0.1:80 refused"},
                 "skerry-edge", "skerry-edge; fwd=uri-miss");
  EXPECT_EQ(response.own.Find("proxy-status"), "skerry-edge; error=connection_refused");
  const http::BodySource::Piece body = response.body->Peek(4096);
  EXPECT_THAT(std::string(body.bytes), testing::Not(testing::HasSubstr("10.0.0.1")));
  EXPECT_EQ(StatusOf({Code::kTimeout, Side::kUpstream, false, ""}), 504);
}

}  // namespace
}  // namespace skerry::gateway
