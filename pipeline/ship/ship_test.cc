#include "pipeline/ship/ship.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <mutex>
#include <set>

#include "core/asset/manifest.h"
#include "pipeline/base/test_folder.h"
#include "pipeline/ship/fake_server.h"

namespace skerry::pipeline {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

// A shield that keeps what it is sent, and fails as it is told.
class FakeShield {
 public:
  FakeAnswer Answer(const FakeRequest& request) {
    const std::lock_guard lock(mutex);
    log.push_back(request.method + " " + request.path);
    if (failures > 0) {
      --failures;
      return failure;
    }
    if (request.authorization != "Bearer s3cret") {
      return {401, R"({"title":"Unauthorized","detail":"unknown token"})"};
    }
    if (request.path == "/v1/sites/main/releases") return {201, Missing(request.body)};
    if (request.method == "PUT") {
      const std::string name = request.path.substr(request.path.rfind('/') + 1);
      if (Sha256(request.body).Hex() != name) return {422, "{}"};
      blobs.insert(name);
      return {201, ""};
    }
    if (request.path == "/v1/sites/main/releases/r1/activate") {
      wait = request.body;
      return {complete ? 200 : 202,
              std::string(R"({"id":"p1","seq":7,"state":")") +
                  (complete ? "complete" : "accepted") +
                  R"(","nodes":{"edge":{"state":"applied","seq":7,"at":"now"}}})"};
    }
    return {404, "{}"};
  }

  std::mutex mutex;
  std::vector<std::string> log;
  std::set<std::string> blobs;
  std::string wait;
  int failures = 0;
  FakeAnswer failure;
  bool complete = true;
  std::string extra;  // one more digest to ask for

 private:
  std::string Missing(const std::string& manifest) {
    std::string list;
    for (const asset::Blob& blob : asset::BlobsOf(*asset::Manifest::FromJson(manifest))) {
      if (!blobs.contains(blob.sha256.Hex())) list += ",\"" + blob.sha256.Hex() + "\"";
    }
    if (!extra.empty()) list += ",\"" + extra + "\"";
    return R"({"release":"r1","missing":[)" + (list.empty() ? "" : list.substr(1)) + "]}";
  }
};

class ShipTest : public testing::Test {
 protected:
  ShipTest() : server_([this](const FakeRequest& request) { return shield_.Answer(request); }) {
    asset::Manifest manifest;
    for (const char* name : {"a.css", "b.js", "index.html"}) {
      const std::string bytes = std::string("bytes of ") + name;
      folder_.Write(std::string("out/files/") + name, bytes);
      manifest.entries.push_back({.path = std::string("/") + name,
                                  .sha256 = Sha256(bytes),
                                  .size = bytes.size(),
                                  .type = "text/plain"});
    }
    folder_.Write("out/manifest.json", manifest.ToJson());
    options_.folder = folder_ / "out";
    options_.to = server_.Url();
    options_.site = "main";
    options_.token = "s3cret";
    options_.first_pause = std::chrono::milliseconds(1);
    options_.activate = true;
  }
  tl::expected<Shipped, Failure> Run() {
    Progress quiet;
    return Ship(options_, quiet);
  }
  std::string Fault() {
    const auto shipped = Run();
    EXPECT_FALSE(shipped.has_value());
    if (shipped) return "";
    EXPECT_EQ(shipped.error().exit, Exit::kFailed);
    return shipped.error().message;
  }

  TestFolder folder_;
  FakeShield shield_;
  FakeServer server_;
  ShipOptions options_;
};

TEST_F(ShipTest, SendsTheManifestTheBlobsAndTheActivation) {
  const auto shipped = Run();
  ASSERT_TRUE(shipped.has_value()) << shipped.error().message;
  EXPECT_EQ(shield_.blobs.size(), 3u);
  EXPECT_EQ(shield_.log.front(), "POST /v1/sites/main/releases");
  EXPECT_EQ(shield_.log.back(), "POST /v1/sites/main/releases/r1/activate");
  EXPECT_EQ(shipped->sent_blobs, 3u);
  EXPECT_TRUE(shipped->complete());
  EXPECT_EQ(shipped->seq, 7u);
  EXPECT_EQ(shipped->nodes.at("edge").state, "applied");
  EXPECT_EQ(shield_.wait, R"({"wait":"10000ms"})");
}

TEST_F(ShipTest, SendsOnlyWhatTheShieldLacks) {
  shield_.blobs.insert(Sha256("bytes of a.css").Hex());
  shield_.blobs.insert(Sha256("bytes of b.js").Hex());
  const auto shipped = Run();
  ASSERT_TRUE(shipped.has_value());
  EXPECT_EQ(shipped->sent_blobs, 1u);
  EXPECT_EQ(shipped->blobs, 3u);
}

TEST_F(ShipTest, WithoutActivateNothingIsActivated) {
  options_.activate = false;
  const auto shipped = Run();
  ASSERT_TRUE(shipped.has_value());
  EXPECT_THAT(shield_.log, Not(Contains(HasSubstr("activate"))));
  EXPECT_THAT(ShippedText(*shipped), HasSubstr("not active yet"));
}

TEST_F(ShipTest, ABlobThatDoesNotMatchItsNameIsRefusedBeforeAnythingIsSent) {
  folder_.Write("out/files/b.js", "tampered");
  EXPECT_THAT(Fault(), HasSubstr("b.js does not match its name in the manifest"));
  EXPECT_THAT(shield_.log, IsEmpty());
}

TEST_F(ShipTest, ACorruptManifestIsRefusedBeforeAnythingIsSent) {
  folder_.Write("out/manifest.json", "{\"version\":1,\n!");
  EXPECT_THAT(Fault(), HasSubstr("manifest.json is corrupt; build again: line 2, column 1"));
  EXPECT_THAT(shield_.log, IsEmpty());
}

TEST_F(ShipTest, AFolderWithoutReleaseIsNamed) {
  options_.folder = folder_ / "none";
  EXPECT_THAT(Fault(), HasSubstr("no release here; `build` one first"));
}

TEST_F(ShipTest, AWrongTokenIsSaidAndNotTriedAgain) {
  options_.token = "wrong";
  EXPECT_THAT(Fault(),
              HasSubstr("refused the token for site main (401 Unauthorized: unknown token)"));
  EXPECT_EQ(shield_.log.size(), 1u);
}

TEST_F(ShipTest, ServerErrorsAndBrokenConnectionsAreTriedAgain) {
  shield_.failures = 3;
  shield_.failure = {503, "{}"};
  EXPECT_TRUE(Run().has_value());
  shield_.failures = 3;
  shield_.failure = {.hang_up = true};
  EXPECT_TRUE(Run().has_value());
}

TEST_F(ShipTest, GivesUpAfterTheLastAttemptWithTheServersWords) {
  shield_.failures = 100;
  shield_.failure = {500, R"({"title":"Internal","detail":"disk is full"})"};
  EXPECT_THAT(Fault(), HasSubstr("500 Internal: disk is full"));
  EXPECT_EQ(shield_.log.size(), static_cast<size_t>(options_.attempts));
}

TEST_F(ShipTest, ARefusalIsNotTriedAgain) {
  shield_.failures = 100;
  shield_.failure = {409, R"({"title":"Conflict","detail":"other bytes"})"};
  EXPECT_THAT(Fault(), HasSubstr("409 Conflict: other bytes"));
  EXPECT_EQ(shield_.log.size(), 1u);
}

TEST_F(ShipTest, NobodyListeningIsSaidWithTheAddress) {
  options_.to = "http://127.0.0.1:1";
  options_.attempts = 2;
  EXPECT_THAT(Fault(),
              HasSubstr("no answer from http://127.0.0.1:1; is the shield running there?"));
}

TEST_F(ShipTest, AShieldThatAsksForAnotherReleasesBlobIsRefused) {
  shield_.extra = std::string(64, 'f');
  EXPECT_THAT(Fault(), HasSubstr("which this release does not have"));
}

TEST_F(ShipTest, SomethingElseThanAShieldIsNamed) {
  shield_.failures = 1;
  shield_.failure = {200, "<html>hello</html>"};
  EXPECT_THAT(Fault(), HasSubstr("does not answer like a shield; correct --to"));
}

TEST_F(ShipTest, AnUnconfirmedActivationIsNotComplete) {
  shield_.complete = false;
  const auto shipped = Run();
  ASSERT_TRUE(shipped.has_value());
  EXPECT_TRUE(shipped->activated);
  EXPECT_FALSE(shipped->complete());
}

TEST_F(ShipTest, TheReceiptIsATableAndJson) {
  const auto shipped = Run();
  ASSERT_TRUE(shipped.has_value());
  EXPECT_THAT(ShippedText(*shipped), HasSubstr("activation 7 is complete"));
  EXPECT_THAT(ShippedText(*shipped), HasSubstr("  edge  applied    7  now\n"));
  EXPECT_THAT(ShippedJson(*shipped), HasSubstr("\"state\": \"complete\""));
}

}  // namespace
}  // namespace skerry::pipeline
