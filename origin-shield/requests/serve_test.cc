#include "origin-shield/requests/serve.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

#include "core/cache/purge/scopes.h"
#include "origin-shield/requests/fake_stream.h"
#include "origin-shield/requests/store_fixture.h"

namespace skerry::shield {
namespace {

using testing::HasSubstr;
using testing::Not;

constexpr const char* kNodeToken = "node-token";

class ServeTest : public testing::Test {
 protected:
  ServeTest() {
    serving_.releases = store_.releases.get();
    serving_.pieces = store_.pieces.get();
    serving_.uploads = &store_.uploads;
    serving_.tier.is_shield = true;
    serving_.tier.tokens = std::make_shared<Secrets>(std::vector<std::string>{kNodeToken});
    serving_.clock = &store_.loop.clock();
    serving_.applied = [this] { return applied_; };
    asset::Entry page = FileEntry("/index.html", "hello page");
    page.coded = {{asset::Coding::kGzip, std::nullopt, Sha256("gz"), 2}};
    manifest_ = ManifestOf({page, Hashed("/x.js", "js")});
    store_.Activate(store_.Push(manifest_, {"hello page", "gz", "js"}));
  }
  static http::Fields FromEdge(const std::string& seq = "0", http::Fields more = {}) {
    more.Add("skerry-node", "edge-1");
    more.Add("skerry-node-token", kNodeToken);
    more.Add("skerry-scheme", "https");
    more.Add("skerry-purge-seq", seq);
    return more;
  }
  FakeStream& Ask(const std::string& path, http::Fields fields = {},
                  const std::string& method = "GET") {
    stream_ = std::make_shared<FakeStream>(
        http::RequestHead{method, "https", "www.example", path, std::move(fields)});
    events_ = service_.OnRequest(stream_);
    store_.Settle();
    return *stream_;
  }

  StoreFixture store_;
  asset::Manifest manifest_;
  cache::AppliedAt applied_;
  Serving serving_;
  gateway::Counters counters_{store_.metrics};
  Service service_{store_.loop, serving_, counters_, nullptr};
  std::shared_ptr<FakeStream> stream_;
  std::shared_ptr<http::StreamEvents> events_;
};

TEST_F(ServeTest, AnswersFromTheRelease) {
  FakeStream& answer = Ask("/");
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.ReadBody(), "hello page");
  EXPECT_THAT(answer.field("cache-status"), HasSubstr("skerry-shield; hit"));
  EXPECT_THAT(answer.field("date"), HasSubstr("GMT"));
}

TEST_F(ServeTest, AHeadHasTheLengthAndNoBody) {
  FakeStream& answer = Ask("/", {}, "HEAD");
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.field("content-length"), "10");
  EXPECT_EQ(answer.body(), nullptr);
}

TEST_F(ServeTest, WhatNoReleaseHasIs404WithoutAnOrigin) {
  FakeStream& answer = Ask("/nowhere");
  EXPECT_EQ(answer.status(), 404);
  EXPECT_THAT(answer.ReadBody(), HasSubstr("\"status\":404"));
}

TEST_F(ServeTest, TagsAreForOurEdgesOnly) {
  EXPECT_EQ(Ask("/").field("cache-tag"), "-");
  EXPECT_THAT(Ask("/", FromEdge()).field("cache-tag"), HasSubstr(cache::SiteTag("demo")));
}

TEST_F(ServeTest, TierFieldsOfAnyoneElseAreRefused) {
  EXPECT_EQ(Ask("/", {{"skerry-purge-seq", "5"}}).status(), 403);
  EXPECT_EQ(Ask("/", {{"skerry-node-token", "wrong"}}).status(), 403);
}

TEST_F(ServeTest, WaitsForTheLogThatTheEdgeHasApplied) {
  FakeStream& answer = Ask("/", FromEdge("7"));
  EXPECT_EQ(answer.answers(), 0);
  applied_.seq = 7;
  store_.loop.Advance(Millis(10));
  store_.Settle();
  EXPECT_EQ(answer.status(), 200);
  EXPECT_THAT(answer.field("skerry-cache-control"), HasSubstr("max-age=3600"));
  EXPECT_EQ(answer.field("skerry-purge-seq"), "7");
}

TEST_F(ServeTest, ServesForNobodyToKeepWhenItDoesNotCatchUp) {
  FakeStream& answer = Ask("/", FromEdge("7"));
  store_.loop.Advance(Millis(249));
  EXPECT_EQ(answer.answers(), 0);
  store_.loop.Advance(Millis(10));
  store_.Settle();
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.field("cache-control"), "no-store");
  EXPECT_EQ(answer.field("skerry-cache-control"), "-");
}

TEST_F(ServeTest, WithoutALogOfItsOwnItWaitsForNone) {
  serving_.applied = nullptr;
  EXPECT_EQ(Ask("/", FromEdge("7;log=\"abc\"")).status(), 200);
}

TEST_F(ServeTest, ARequestThatLeavesWhileItWaitsIsForgotten) {
  FakeStream& answer = Ask("/", FromEdge("7"));
  events_->OnGone(false);
  store_.loop.Advance(Millis(500));
  EXPECT_EQ(answer.answers(), 0);
}

TEST_F(ServeTest, AVariantThatCannotBeReadIsReplacedByTheFile) {
  ASSERT_TRUE(store_.blobs->Remove(Sha256("gz")).has_value());
  FakeStream& answer = Ask("/", {{"accept-encoding", "gzip"}});
  EXPECT_EQ(answer.status(), 200);
  EXPECT_EQ(answer.field("content-encoding"), "-");
  EXPECT_EQ(answer.ReadBody(), "hello page");
}

TEST_F(ServeTest, AFileThatIsDamagedIsNeverServedAsGood) {
  const std::string hex = Sha256("js").Hex();
  std::ofstream(store_.scratch.path() + "/blobs/" + hex.substr(0, 2) + "/" + hex) << "JS";
  FakeStream& answer = Ask("/x.js");
  EXPECT_EQ(answer.status(), 500);
  EXPECT_EQ(answer.field("cache-control"), "no-store");
  EXPECT_THAT(store_.metrics.Text(), HasSubstr("skerry_store_corrupt_total 1"));
}

TEST_F(ServeTest, TheUploadApiIsNotForEdges) {
  EXPECT_EQ(Ask("/v1/sites/demo/releases").status(), 401);
  EXPECT_EQ(Ask("/v1/sites/demo/releases", FromEdge()).status(), 404);
}

TEST_F(ServeTest, BeforeAnythingWasPushedItSaysSo) {
  StoreFixture empty;
  serving_.releases = empty.releases.get();
  FakeStream& answer = Ask("/");
  EXPECT_EQ(answer.status(), 404);
  EXPECT_THAT(answer.ReadBody(), HasSubstr("no release has been pushed"));
}

TEST_F(ServeTest, RequestsAreCounted) {
  Ask("/");
  events_->OnGone(true);
  EXPECT_THAT(store_.metrics.Text(),
              HasSubstr(R"(skerry_requests_total{site="demo",status="200",cache="hit"} 1)"));
}

}  // namespace
}  // namespace skerry::shield
