#include "pipeline/ship/releases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/base/test_folder.h"
#include "pipeline/ship/fake_server.h"

namespace skerry::pipeline {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

asset::Entry EntryOf(const std::string& path, const std::string& bytes) {
  return {.path = path, .sha256 = Sha256(bytes), .size = bytes.size(), .type = "text/plain"};
}

class ShieldCommands : public testing::Test {
 protected:
  ShieldCommands() : server_([this](const FakeRequest& request) { return Answer(request); }) {
    shield_.to = server_.Url();
    shield_.site = "main";
    shield_.token = "t";
  }

  FakeAnswer Answer(const FakeRequest& request) {
    if (request.method == "GET") return {200, list_};
    activated_ = request.path;
    return {200, R"({"id":"p","seq":9,"state":"complete","nodes":{}})"};
  }

  std::string list_ =
      R"({"site":"main","active":"c","releases":[
          {"release":"d","active":false,"complete":false,"files":3,"missing":1,"created":"2026-01-04T00:00:00Z","activated":null},
          {"release":"c","active":true,"complete":true,"files":3,"missing":0,"created":"2026-01-03T00:00:00Z","activated":"2026-01-03T01:00:00Z"},
          {"release":"b","active":false,"complete":true,"files":2,"missing":0,"created":"2026-01-02T00:00:00Z","activated":"2026-01-02T01:00:00Z"},
          {"release":"a","active":false,"complete":true,"files":1,"missing":0,"created":"2026-01-01T00:00:00Z","activated":"2026-01-01T01:00:00Z"}]})";
  std::string activated_;
  FakeServer server_;
  ShieldAddress shield_;
};

TEST_F(ShieldCommands, ListsWhatTheShieldHas) {
  const auto releases = ListReleases(shield_);
  ASSERT_TRUE(releases.has_value()) << releases.error().message;
  ASSERT_EQ(releases->size(), 4u);
  EXPECT_TRUE((*releases)[1].active);
  const std::string text = ReleasesText(*releases);
  EXPECT_THAT(text, HasSubstr("incomplete"));
  EXPECT_THAT(text, HasSubstr("never"));
}

TEST_F(ShieldCommands, RollsBackToWhatWasActiveBefore) {
  const auto done = RollBack(shield_, "", std::chrono::seconds(1));
  ASSERT_TRUE(done.has_value()) << done.error().message;
  EXPECT_EQ(done->release, "b");
  EXPECT_EQ(activated_, "/v1/sites/main/releases/b/activate");
  EXPECT_TRUE(done->complete());
}

TEST_F(ShieldCommands, RollsBackToTheReleaseThatIsNamed) {
  EXPECT_EQ(RollBack(shield_, "a", std::chrono::seconds(1))->release, "a");
  EXPECT_EQ(activated_, "/v1/sites/main/releases/a/activate");
}

TEST_F(ShieldCommands, WithNothingBeforeThereIsNoRollback) {
  list_ = R"({"site":"main","active":null,"releases":[]})";
  const auto done = RollBack(shield_, "", std::chrono::seconds(1));
  ASSERT_FALSE(done.has_value());
  EXPECT_THAT(done.error().message, HasSubstr("was active before"));
  EXPECT_EQ(activated_, "");
}

TEST(CompareTest, TellsWhatAReturningVisitorLoads) {
  asset::Manifest before, after;
  before.entries = {EntryOf("/gone.js", "gone"), EntryOf("/same.js", "same"),
                    EntryOf("/app.11111111.js", "old")};
  before.entries[2].source = "/app.js";
  after.entries = {EntryOf("/same.js", "same"), EntryOf("/new.js", "brand new"),
                   EntryOf("/app.22222222.js", "a longer text")};
  after.entries[2].source = "/app.js";
  after.entries[2].coded = {{asset::Coding::kBrotli, std::nullopt, {}, 7},
                            {asset::Coding::kDcz, Sha256("old"), {}, 2}};
  const Difference difference = Compare(before, after);
  ASSERT_EQ(difference.changes.size(), 3u);
  EXPECT_EQ(difference.same, 1u);
  EXPECT_EQ(difference.changes[0].path, "/app.js");
  EXPECT_EQ(difference.changes[0].after, 7u);
  EXPECT_EQ(difference.changes[0].fetched, 2u);
  EXPECT_EQ(difference.changes[1].after, 0u);
  EXPECT_EQ(difference.changes[2].before, 0u);
  EXPECT_EQ(difference.whole, 4u + 9 + 7);
  EXPECT_EQ(difference.fetched, 2u + 9);
}

TEST(VerifyTest, ComparesEveryAnswerWithTheManifest) {
  std::map<std::string, FakeAnswer> answers = {{"/a.js", {200, "right"}},
                                               {"/b.js", {200, "wrong"}}};
  FakeServer server([&](const FakeRequest& request) {
    EXPECT_EQ(request.authorization, "");
    const auto found = answers.find(request.path);
    return found == answers.end() ? FakeAnswer{404, ""} : found->second;
  });
  VerifyOptions options{server.Url(), {}, "", 2};
  options.manifest.entries = {EntryOf("/a.js", "right"), EntryOf("/b.js", "bytes"),
                              EntryOf("/c.js", "gone")};
  Progress quiet;
  const Verified done = Verify(options, quiet);
  EXPECT_EQ(done.checked, 3u);
  EXPECT_THAT(done.faults, ElementsAre(HasSubstr("/b.js (identity): has sha256"),
                                       "/c.js (identity): answered 404"));
}

}  // namespace
}  // namespace skerry::pipeline
