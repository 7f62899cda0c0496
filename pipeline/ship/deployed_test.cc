#include "pipeline/ship/deployed.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <map>
#include <mutex>
#include <nlohmann/json.hpp>

#include "core/asset/decoder.h"
#include "pipeline/base/test_folder.h"
#include "pipeline/build.h"
#include "pipeline/ship/fake_server.h"

namespace skerry::pipeline {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;
using testing::SizeIs;

std::string Rules(int version) {
  std::string css;
  for (int i = 0; i < 400; ++i) {
    css += "p" + std::to_string(i * 7919 % 1000) + "{margin:" + std::to_string(i % 13) + "px}\n";
  }
  return css + "/* version " + std::to_string(version) + " */";
}

// A shield that releases were pushed to.
class PushedShield {
 public:
  FakeAnswer Answer(const FakeRequest& request) {
    const std::lock_guard lock(mutex);
    log.push_back(request.path);
    if (request.authorization != "Bearer s3cret") return {403, R"({"detail":"who?"})"};
    if (away) return {503, R"({"detail":"going down"})"};
    if (request.path == "/v1/sites/main/releases") return List();
    const std::string name = request.path.substr(request.path.rfind('/') + 1);
    if (manifests.contains(name)) return {200, manifests[name].ToJson()};
    if (blobs.contains(name)) return {200, blobs[name]};
    return {404, R"({"title":"Not Found","detail":"nothing was pushed"})"};
  }

  void Push(const std::string& id, const std::map<std::string, std::string>& files,
            const std::string& activated, bool active = false, bool complete = true) {
    asset::Manifest manifest;
    for (const auto& [path, bytes] : files) {
      manifest.entries.push_back(
          {.path = path, .sha256 = Sha256(bytes), .size = bytes.size(), .type = "text/css"});
      blobs[Sha256(bytes).Hex()] = bytes;
    }
    manifests[id] = manifest;
    listed.push_back({{"release", id}, {"active", active}, {"complete", complete}});
    if (!activated.empty()) listed.back()["activated"] = activated;
  }

  std::mutex mutex;
  std::vector<std::string> log;
  bool away = false;
  std::map<std::string, asset::Manifest> manifests;
  std::map<std::string, std::string> blobs;  // by digest
  std::vector<nlohmann::json> listed;

 private:
  FakeAnswer List() {
    if (listed.empty()) return {404, R"({"title":"Not Found","detail":"nothing was pushed"})"};
    return {200, nlohmann::json{{"site", "main"}, {"releases", listed}}.dump()};
  }
};

class DeployedTest : public testing::Test {
 protected:
  DeployedTest() : server_([this](const FakeRequest& request) { return shield_.Answer(request); }) {
    folder_.Write("token", "s3cret\n");
    folder_.Write("site/index.html", "<link rel=stylesheet href=/a.css>");
    folder_.Write("site/a.css", Rules(4));
    folder_.Write("site/same.css", Rules(9));
  }

  ShieldAddress Address() {
    ShieldAddress address;
    address.to = server_.Url();
    address.site = "main";
    address.token = "s3cret";
    address.attempts = 1;
    return address;
  }
  Result<Deployed> Open() { return OpenDeployed(Address(), 3); }

  tl::expected<BuildReport, Failure> Run(const std::string& cache = "") {
    Progress quiet;
    BuildOptions options;
    options.site = folder_ / "site";
    options.out = folder_ / "out";
    options.jobs = 2;
    if (!cache.empty()) options.cache = folder_ / cache;
    options.deployed.to = server_.Url();
    options.deployed.site = "main";
    options.deployed.token_file = (folder_ / "token").string();
    shield_.log.clear();
    return Build(options, quiet);
  }
  // How often blobs were asked for.
  size_t Fetched() {
    return static_cast<size_t>(
        std::count_if(shield_.log.begin(), shield_.log.end(),
                      [](const std::string& path) { return path.starts_with("/v1/blobs/"); }));
  }
  void PushThree() {
    for (const int version : {1, 2, 3}) {
      const std::string digit = std::to_string(version);
      shield_.Push("r" + digit, {{"/a.css", Rules(version)}, {"/same.css", Rules(9)}},
                   "2026-01-0" + digit + "T00:00:00Z", version == 3);
    }
  }

  TestFolder folder_;
  PushedShield shield_;
  FakeServer server_;
};

TEST_F(DeployedTest, TheActiveReleaseIsFirstThenTheLastThatWereActive) {
  shield_.Push("old", {}, "2026-01-01T00:00:00Z");
  shield_.Push("third", {}, "2026-01-02T00:00:00Z");
  shield_.Push("second", {}, "2026-01-04T00:00:00Z");
  shield_.Push("back", {}, "2026-01-03T00:00:00Z", /*active=*/true);
  shield_.Push("never", {}, "");
  shield_.Push("incomplete", {}, "2026-01-05T00:00:00Z", false, /*complete=*/false);
  const auto deployed = Open();
  ASSERT_TRUE(deployed.has_value()) << deployed.error().context;
  EXPECT_THAT(deployed->ids, ElementsAre("back", "second", "third"));
  EXPECT_THAT(deployed->releases, SizeIs(3));
}

TEST_F(DeployedTest, ASiteThatNothingWasPushedForHasNone) {
  const auto deployed = Open();
  ASSERT_TRUE(deployed.has_value()) << deployed.error().context;
  EXPECT_THAT(deployed->releases, IsEmpty());
}

TEST_F(DeployedTest, WhatIsNoShieldIsAnError) {
  FakeServer other([](const FakeRequest&) { return FakeAnswer{404, "<h1>Not Found</h1>"}; });
  ShieldAddress address = Address();
  address.to = other.Url();
  EXPECT_FALSE(OpenDeployed(address, 3).has_value());
}

TEST_F(DeployedTest, BytesOfAnotherDigestAreRefused) {
  shield_.Push("r1", {{"/a.css", Rules(1)}}, "2026-01-01T00:00:00Z", true);
  shield_.blobs[Sha256(Rules(1)).Hex()] = Rules(2);
  const auto deployed = Open();
  ASSERT_TRUE(deployed.has_value());
  const FormerRelease& release = deployed->releases.front();
  const auto bytes = release.Read(release.manifest().entries.front());
  ASSERT_FALSE(bytes.has_value());
  EXPECT_EQ(bytes.error().code, Code::kCorrupt);
}

TEST_F(DeployedTest, AfterOneFailureNothingElseIsAskedFor) {
  shield_.Push("r1", {{"/a.css", Rules(1)}}, "2026-01-01T00:00:00Z", true);
  const auto deployed = Open();
  ASSERT_TRUE(deployed.has_value());
  shield_.away = true;
  shield_.log.clear();
  const FormerRelease& release = deployed->releases.front();
  for (int i = 0; i < 5; ++i) {
    const auto bytes = release.Read(release.manifest().entries.front());
    ASSERT_FALSE(bytes.has_value());
    EXPECT_THAT(bytes.error().context, HasSubstr("--deployed=off"));
  }
  EXPECT_THAT(shield_.log, SizeIs(1));
}

TEST_F(DeployedTest, ABuildMakesADeltaAgainstEachAndFetchesNothingThatIsUnchanged) {
  PushThree();
  const auto report = Run();
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_THAT(report->deployed, ElementsAre("r3", "r2", "r1"));
  const auto manifest = asset::Manifest::FromJson(folder_.Read("out/manifest.json"));
  ASSERT_TRUE(manifest.has_value());
  for (const int version : {1, 2, 3}) {
    const std::string name = Sha256(Rules(version)).Hex();
    EXPECT_THAT(manifest->ToJson(), HasSubstr(name));
    EXPECT_THAT(shield_.log, Contains("/v1/blobs/" + name));
  }
  EXPECT_THAT(shield_.log, Not(Contains("/v1/blobs/" + Sha256(Rules(9)).Hex())));
  EXPECT_EQ(Fetched(), 3u);
  for (const asset::Entry& entry : manifest->entries) {
    for (const asset::CodedVariant& coded : entry.coded) {
      if (coded.coding != asset::Coding::kDcz) continue;
      const std::string delta =
          folder_.Read("out/files" + entry.path + asset::DczSuffix(*coded.dictionary));
      const auto plain = asset::DecodeDcz(shield_.blobs[coded.dictionary->Hex()], delta, 1_MiB);
      ASSERT_TRUE(plain.has_value());
      EXPECT_EQ(*plain, Rules(4));
    }
  }
}

TEST_F(DeployedTest, DeltasInTheCacheNeedNoBytesOfTheShield) {
  PushThree();
  ASSERT_TRUE(Run("cache").has_value());
  const std::string first = folder_.Read("out/manifest.json");
  ASSERT_TRUE(Run("cache").has_value());
  EXPECT_EQ(Fetched(), 0u);
  EXPECT_EQ(folder_.Read("out/manifest.json"), first);
}

TEST_F(DeployedTest, AShieldThatIsAwayStopsTheBuildAndWhatWasBuiltStays) {
  folder_.Write("out/manifest.json", "{}");
  FakeServer gone([](const FakeRequest&) { return FakeAnswer{403, R"({"detail":"who?"})"}; });
  Progress quiet;
  BuildOptions options;
  options.site = folder_ / "site";
  options.out = folder_ / "out";
  options.deployed = {gone.Url(), "main", (folder_ / "token").string()};
  const auto report = Build(options, quiet);
  ASSERT_FALSE(report.has_value());
  EXPECT_EQ(report.error().exit, Exit::kFailed);
  EXPECT_EQ(folder_.Read("out/manifest.json"), "{}");
}

TEST_F(DeployedTest, TheFirstDeployHasNoDeltasAndSaysSo) {
  const auto report = Run();
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_THAT(report->warnings, Contains(HasSubstr("no deltas")));
}

TEST_F(DeployedTest, TheConfigurationNamesTheShieldUnlessAFlagDoes) {
  PushThree();
  folder_.Write("skerry.toml", "[deployed]\nshield = \"" + server_.Url() +
                                   "\"\nsite = \"main\"\ntoken_file = \"" +
                                   (folder_ / "token").string() + "\"\n");
  Progress quiet;
  BuildOptions options;
  options.site = folder_ / "site";
  options.out = folder_ / "out";
  options.config = folder_ / "skerry.toml";
  auto report = Build(options, quiet);
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_THAT(report->deployed, SizeIs(3));
  options.deployed.to = "off";
  report = Build(options, quiet);
  ASSERT_TRUE(report.has_value()) << report.error().message;
  EXPECT_THAT(report->deployed, IsEmpty());
}

}  // namespace
}  // namespace skerry::pipeline
