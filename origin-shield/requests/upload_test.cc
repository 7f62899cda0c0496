#include "origin-shield/requests/upload.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>

#include "origin-shield/requests/fake_stream.h"
#include "origin-shield/requests/store_fixture.h"

namespace skerry::shield {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using Kind = UploadRoute::Kind;

class UploadTest : public testing::Test {
 protected:
  // Begins a request; its body follows by Body and End unless it has none.
  void Begin(const std::string& method, const std::string& path, bool has_body,
             http::Fields fields = {{"authorization", std::string("Bearer ") + kToken}}) {
    stream_ = std::make_shared<FakeStream>(
        http::RequestHead{method, "https", "shield", path, std::move(fields)}, !has_body);
    const auto route = ParseUploadRoute(path);
    ASSERT_TRUE(route.has_value());
    events_ = AnswerUpload(store_.uploads, store_.loop, *route, stream_);
    store_.Settle();
  }
  void Body(const std::string& bytes) {
    events_->OnBody(bytes);
    store_.Settle();
  }
  void End() {
    events_->OnBodyEnd({});
    store_.Settle();
  }
  void Ask(const std::string& method, const std::string& path, const std::string& body = "") {
    Begin(method, path, !body.empty());
    if (body.empty()) return;
    Body(body);
    End();
  }
  json Said() { return json::parse(stream_->ReadBody(), nullptr, false); }
  static std::string BlobPath(const std::string& bytes) {
    return "/v1/blobs/" + Sha256(bytes).Hex();
  }
  static std::string OnePage(const std::string& page) {
    return ManifestOf({FileEntry("/index.html", page)}).ToJson();
  }
  std::string Register(const std::string& page) {
    Ask("POST", "/v1/sites/demo/releases", OnePage(page));
    return Said()["release"];
  }

  StoreFixture store_{/*largest_blob=*/1_MiB};
  std::shared_ptr<FakeStream> stream_;
  std::shared_ptr<http::StreamEvents> events_;
};

TEST_F(UploadTest, AManifestIsAnsweredWithItsReleaseAndWhatIsMissing) {
  store_.Put("have");
  Ask("POST", "/v1/sites/demo/releases",
      ManifestOf({FileEntry("/a.html", "have"), FileEntry("/b.html", "want")}).ToJson());
  EXPECT_EQ(stream_->status(), 201);
  const json said = Said();
  EXPECT_TRUE(IsReleaseId(said["release"].get<std::string>()));
  EXPECT_EQ(said["missing"], json::array({Sha256("want").Hex()}));
}

TEST_F(UploadTest, ACorruptManifestIs400WithEntryAndReason) {
  Ask("POST", "/v1/sites/demo/releases",
      R"({"version":1,"entries":[{"path":"/a","sha256":"xyz","size":1,"type":"t/p","cache":"page"}]})");
  EXPECT_EQ(stream_->status(), 400);
  EXPECT_EQ(stream_->field("content-type"), "application/problem+json");
  EXPECT_THAT(Said()["detail"].get<std::string>(), HasSubstr("entries[0].sha256"));
  EXPECT_EQ(store_.releases->View("demo"), nullptr);
}

TEST_F(UploadTest, AManifestThatIsTooLargeIs413) {
  store_.uploads.largest_manifest = 100;
  Ask("POST", "/v1/sites/demo/releases", std::string(101, ' '));
  EXPECT_EQ(stream_->status(), 413);
  EXPECT_EQ(stream_->answers(), 1);
}

TEST_F(UploadTest, ABlobIsStoredAsItComesAndItsWindowOpensAsItIsWritten) {
  const std::string bytes(150'000, 'b');
  Begin("PUT", BlobPath(bytes), true);
  events_->OnBody(bytes.substr(0, 100'000));
  EXPECT_EQ(stream_->consumed(), 0u);
  store_.Settle();
  EXPECT_EQ(stream_->consumed(), 100'000u);
  Body(bytes.substr(100'000));
  EXPECT_EQ(stream_->answers(), 0);
  End();
  EXPECT_EQ(stream_->status(), 201);
  EXPECT_TRUE(store_.blobs->Has(Sha256(bytes), bytes.size()));
}

TEST_F(UploadTest, TheSameBlobAgainIs200) {
  Ask("PUT", BlobPath("abc"), "abc");
  EXPECT_EQ(stream_->status(), 201);
  Ask("PUT", BlobPath("abc"), "abc");
  EXPECT_EQ(stream_->status(), 200);
}

TEST_F(UploadTest, AnEmptyBlobIsOneToo) {
  Ask("PUT", BlobPath(""));
  EXPECT_EQ(stream_->status(), 201);
  EXPECT_TRUE(store_.blobs->Has(Sha256(""), 0));
}

TEST_F(UploadTest, ABlobThatDoesNotMatchItsNameIs422AndChangesNothing) {
  Ask("PUT", BlobPath("those"), "these");
  EXPECT_EQ(stream_->status(), 422);
  EXPECT_THAT(Said()["detail"].get<std::string>(), HasSubstr(Sha256("these").Hex()));
  EXPECT_FALSE(store_.blobs->Has(Sha256("those"), 5));
}

TEST_F(UploadTest, ABlobThatAnnouncesTooMuchIs413AtOnce) {
  const std::string bytes(1_MiB + 1, 'x');
  Begin("PUT", BlobPath(bytes), true,
        {{"authorization", std::string("Bearer ") + kToken}, {"content-length", "1048577"}});
  EXPECT_EQ(stream_->status(), 413);
}

TEST_F(UploadTest, ABlobThatGrowsTooLargeIs413AndTheRestPassesBy) {
  const std::string bytes(1_MiB + 50'000, 'x');
  Begin("PUT", BlobPath(bytes), true);
  Body(bytes);
  EXPECT_EQ(stream_->status(), 413);
  Body("more");
  EXPECT_EQ(stream_->consumed(), bytes.size() + 4);
  End();
  EXPECT_EQ(stream_->answers(), 1);
}

TEST_F(UploadTest, AClientThatLeavesHalfWayLeavesNothing) {
  Begin("PUT", BlobPath("abcdef"), true);
  Body("abc");
  events_->OnGone(false);
  events_.reset();
  store_.Settle();
  EXPECT_TRUE(std::filesystem::is_empty(store_.scratch.path() + "/blobs/incoming"));
}

TEST_F(UploadTest, ActivationSwitchesAndAnswersAReceipt) {
  const std::string id = Register("page");
  Ask("PUT", BlobPath("page"), "page");
  Ask("POST", "/v1/sites/demo/releases/" + id + "/activate", R"({"wait":"10s"})");
  EXPECT_EQ(stream_->status(), 200);
  const json receipt = Said();
  EXPECT_EQ(receipt["state"], "complete");
  EXPECT_EQ(receipt["seq"], 1);
  EXPECT_EQ(receipt["nodes"]["shield-1"]["state"], "applied");
  EXPECT_EQ(store_.releases->View("demo")->active, id);
}

TEST_F(UploadTest, ActivationOfAnIncompleteReleaseIs409AndNamesTheBlobs) {
  const std::string id = Register("page");
  Ask("POST", "/v1/sites/demo/releases/" + id + "/activate");
  EXPECT_EQ(stream_->status(), 409);
  EXPECT_EQ(stream_->field("content-type"), "application/problem+json");
  EXPECT_EQ(Said()["missing"], json::array({Sha256("page").Hex()}));
}

TEST_F(UploadTest, ActivationOfAnUnknownReleaseIs404) {
  Ask("POST", "/v1/sites/demo/releases/" + std::string(32, '0') + "/activate");
  EXPECT_EQ(stream_->status(), 404);
}

TEST_F(UploadTest, ListsReleases) {
  const std::string id = Register("page");
  Ask("GET", "/v1/sites/demo/releases");
  EXPECT_EQ(stream_->status(), 200);
  const json list = Said();
  EXPECT_EQ(list["active"], nullptr);
  EXPECT_EQ(list["releases"][0]["release"], id);
  EXPECT_EQ(list["releases"][0]["complete"], false);
  EXPECT_EQ(list["releases"][0]["missing"], 1);
  Ask("GET", "/v1/sites/nobody/releases");
  EXPECT_EQ(stream_->status(), 404);
}

TEST_F(UploadTest, AReleaseIsAnsweredWithItsManifest) {
  const std::string id = Register("page");
  Ask("GET", "/v1/sites/demo/releases/" + id);
  EXPECT_EQ(stream_->status(), 200);
  EXPECT_EQ(stream_->ReadBody(), OnePage("page"));
  Ask("GET", "/v1/sites/demo/releases/" + std::string(32, '0'));
  EXPECT_EQ(stream_->status(), 404);
  Ask("GET", "/v1/sites/nobody/releases/" + id);
  EXPECT_EQ(stream_->status(), 404);
}

TEST_F(UploadTest, ABlobIsReadBackByItsName) {
  std::string large;
  while (large.size() < kPieceBytes * 2 + 1) large += std::to_string(large.size());
  for (const std::string& bytes : {std::string("abc"), std::string(), large}) {
    store_.Put(bytes);
    Ask("GET", BlobPath(bytes));
    EXPECT_EQ(stream_->status(), 200);
    EXPECT_EQ(stream_->field("cache-control"), "no-store");
    std::string read = stream_->ReadBody();
    while (read.size() < bytes.size()) {
      store_.Settle();
      const std::string more = stream_->ReadBody();
      ASSERT_FALSE(more.empty());
      read += more;
    }
    EXPECT_EQ(read, bytes);
  }
}

TEST_F(UploadTest, ABlobThatIsNotHereIs404AndADamagedOneIsNeverSent) {
  Ask("GET", BlobPath("none"));
  EXPECT_EQ(stream_->status(), 404);
  store_.Put("abc");
  const std::string hex = Sha256("abc").Hex();
  std::ofstream(store_.scratch.path() + "/blobs/" + hex.substr(0, 2) + "/" + hex) << "abd";
  Ask("GET", BlobPath("abc"));
  EXPECT_EQ(stream_->status(), 500);
}

TEST_F(UploadTest, BlobsAndManifestsAreForTokensOnly) {
  store_.Put("abc");
  const std::string id = Register("page");
  for (const std::string& path : {BlobPath("abc"), "/v1/sites/demo/releases/" + id}) {
    Begin("GET", path, false, {});
    EXPECT_EQ(stream_->status(), 401);
    Begin("GET", path, false, {{"authorization", "Bearer some-other-token"}});
    EXPECT_EQ(stream_->status(), 403);
  }
}

TEST_F(UploadTest, WithoutATokenIs401AndWithAWrongOne403) {
  Begin("GET", "/v1/sites/demo/releases", false, {});
  EXPECT_EQ(stream_->status(), 401);
  EXPECT_EQ(stream_->field("www-authenticate"), "Bearer");
  Begin("PUT", BlobPath("abc"), true, {{"authorization", "Bearer some-other-token"}});
  EXPECT_EQ(stream_->status(), 403);
  Body("abc");
  End();
  EXPECT_FALSE(store_.blobs->Has(Sha256("abc"), 3));
}

TEST_F(UploadTest, SaysWhatIsWrongWithThePath) {
  Ask("PUT", "/v1/blobs/xyz");
  EXPECT_EQ(stream_->status(), 400);
  EXPECT_THAT(Said()["detail"].get<std::string>(), HasSubstr("64 lower-case hex digits"));
  Ask("GET", "/v1/sites/Demo/releases");
  EXPECT_EQ(stream_->status(), 400);
  Ask("GET", "/v1/sites/demo/what");
  EXPECT_EQ(stream_->status(), 404);
  Ask("DELETE", "/v1/sites/demo/releases");
  EXPECT_EQ(stream_->status(), 405);
  EXPECT_EQ(stream_->field("allow"), "GET, POST");
}

TEST(UploadRouteTest, ReadsThePathsOfTheApiAndNoOthers) {
  EXPECT_EQ(ParseUploadRoute("/v1/sites/demo/releases")->kind, Kind::kReleases);
  EXPECT_EQ(ParseUploadRoute("/v1/sites/demo/releases?x")->site, "demo");
  const auto activate = ParseUploadRoute("/v1/sites/demo/releases/abc/activate");
  EXPECT_EQ(activate->kind, Kind::kActivate);
  EXPECT_EQ(activate->release, "abc");
  EXPECT_EQ(ParseUploadRoute("/v1/blobs/abc")->blob, "abc");
  const auto release = ParseUploadRoute("/v1/sites/demo/releases/abc");
  EXPECT_EQ(release->kind, Kind::kRelease);
  EXPECT_EQ(release->release, "abc");
  for (const char* none : {"/v1/sites/", "/v1/sites/demo", "/v1/blobs/a/b",
                           "/v1/sites/demo/releases/", "/v1/sites/demo/releases/abc/other"}) {
    EXPECT_EQ(ParseUploadRoute(none)->kind, Kind::kNone) << none;
  }
  for (const char* other : {"/", "/v1/sites", "/v1/other", "/x/v1/sites/"}) {
    EXPECT_FALSE(ParseUploadRoute(other).has_value()) << other;
  }
}

TEST(ActivateBodyTest, IsADurationOrNothing) {
  EXPECT_EQ(*ParseActivateBody(""), Millis(0));
  EXPECT_EQ(*ParseActivateBody("{}"), Millis(0));
  EXPECT_EQ(*ParseActivateBody(R"({"wait":"1500ms"})"), Millis(1500));
  for (const char* bad : {"[]", "x", R"({"wait":10})", R"({"wait":"10"})", R"({"wait":"1h"})",
                          R"({"wait":"-1s"})", R"({"weit":"1s"})"}) {
    const auto parsed = ParseActivateBody(bad);
    ASSERT_FALSE(parsed.has_value()) << bad;
    EXPECT_EQ(parsed.error().side, Side::kClient);
  }
}

TEST(ProblemOfTest, TellsWhoseFaultItIs) {
  const auto status = [](Code code, Side side) {
    return ProblemOf({code, side, false, "x"}).status;
  };
  EXPECT_EQ(status(Code::kInvalid, Side::kClient), 400);
  EXPECT_EQ(status(Code::kNotFound, Side::kClient), 404);
  EXPECT_EQ(status(Code::kRefused, Side::kClient), 409);
  EXPECT_EQ(status(Code::kLimit, Side::kClient), 413);
  EXPECT_EQ(status(Code::kDenied, Side::kUpstream), 502);
  EXPECT_EQ(status(Code::kTimeout, Side::kUpstream), 504);
  EXPECT_EQ(status(Code::kFull, Side::kStorage), 507);
  EXPECT_EQ(status(Code::kIo, Side::kStorage), 500);
}

}  // namespace
}  // namespace skerry::shield
