#include "pipeline/steps/service_worker.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "pipeline/base/test_folder.h"
#include "pipeline/build.h"

namespace skerry::pipeline {
namespace {

using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;
using testing::Not;

class ServiceWorkerTest : public testing::Test {
 protected:
  ServiceWorkerTest() {
    folder_.Write("site/index.html",
                  "<!doctype html><head><link rel=stylesheet href=a.css></head><p>1");
    folder_.Write("site/a.css", "p{color:red}");
    folder_.Write("site/data.json", "[1]");
  }

  tl::expected<BuildReport, Failure> Run(const std::string& toml, const std::string& out = "out") {
    folder_.Write("site/skerry.toml", toml);
    Progress quiet;
    return Build({folder_ / "site", folder_ / out, {}, {}, previous_, 2}, quiet);
  }
  std::string WorkerOf(const std::string& toml, const std::string& out = "out") {
    const auto report = Run(toml, out);
    EXPECT_TRUE(report.has_value()) << report.error().message;
    return folder_.Read(out + "/files/skerry-worker.js");
  }
  asset::Entry EntryOf(const std::string& logical) {
    const asset::Manifest manifest = *asset::Manifest::FromJson(folder_.Read("out/manifest.json"));
    for (const asset::Entry& entry : manifest.entries) {
      if (entry.logical_path() == logical) return entry;
    }
    ADD_FAILURE() << logical;
    return {};
  }

  TestFolder folder_;
  std::vector<std::filesystem::path> previous_;
};

constexpr char kEnabled[] = "[service_worker]\nenabled = true\n";
constexpr char kRegistered[] = "[service_worker]\nenabled = true\nregister = true\n";

TEST_F(ServiceWorkerTest, IsNotWrittenUnasked) {
  ASSERT_TRUE(Run("").has_value());
  EXPECT_EQ(folder_.ReadAll("out/files").size(), 3u);
  EXPECT_THAT(folder_.Read("out/files/index.html"), Not(HasSubstr("serviceWorker")));
}

TEST_F(ServiceWorkerTest, ListsWhatMatchesWithItsDigestAndNothingElse) {
  const std::string worker = WorkerOf(kEnabled);
  for (const char* logical : {"/index.html", "/a.css"}) {
    const asset::Entry entry = EntryOf(logical);
    EXPECT_THAT(worker, HasSubstr("[\"" + entry.path + "\", \"" + ToBase64(entry.sha256.raw())));
    EXPECT_EQ(entry.notes.at(kPrecacheNote), entry.path);
  }
  EXPECT_THAT(worker, Not(HasSubstr("data.json")));
  EXPECT_THAT(worker.substr(worker.find("const named")), Not(HasSubstr(".css\"")));
  EXPECT_EQ(EntryOf("/skerry-worker.js").cache, asset::CacheClass::kRevalidate);
}

TEST_F(ServiceWorkerTest, IsTheSameForTheSameReleaseAndAnotherForAnyOther) {
  const std::string once = WorkerOf(kEnabled, "once");
  EXPECT_EQ(WorkerOf(kEnabled, "again"), once);
  folder_.Write("site/data.json", "[2]");
  EXPECT_NE(WorkerOf(kEnabled, "other"), once);
}

TEST_F(ServiceWorkerTest, ItsOwnTextIsLessThan3KB) {
  folder_.Write("site/skerry.toml", "");
  EXPECT_LT(WorkerOf("[service_worker]\nenabled = true\nprecache = []\n").size(), 3000u);
}

TEST_F(ServiceWorkerTest, IsRegisteredInTheHeadAndNotedForThePolicy) {
  ASSERT_TRUE(Run(kRegistered).has_value());
  const std::string page = folder_.Read("out/files/index.html");
  EXPECT_LT(page.find("register(\"/skerry-worker.js\")"), page.find("</head>"));
  EXPECT_THAT(EntryOf("/index.html").notes.at("csp script-src"), HasSubstr("'sha256-"));
}

TEST_F(ServiceWorkerTest, IsRegisteredWhereNoEndTagIsWritten) {
  folder_.Write("site/index.html", "<!-- </head> --><p>a<script>'</body>'</script>");
  ASSERT_TRUE(Run(kRegistered).has_value());
  const std::string page = folder_.Read("out/files/index.html");
  EXPECT_EQ(page.find("<!-- </head> --><p>a<script>'</body>'</script><script>if("), 0u);
}

TEST_F(ServiceWorkerTest, ThatNobodyRegistersIsANote) {
  EXPECT_THAT(Run(kEnabled)->warnings, Contains(HasSubstr("nothing in the site registers")));
  EXPECT_THAT(Run(kRegistered)->warnings, IsEmpty());
}

TEST_F(ServiceWorkerTest, RetiredItHoldsNoFilesAndIsNotRegistered) {
  const std::string worker = WorkerOf(std::string(kRegistered) + "retire = true\n");
  EXPECT_THAT(worker, HasSubstr("unregister()"));
  EXPECT_THAT(worker, Not(HasSubstr("'fetch'")));
  EXPECT_THAT(folder_.Read("out/files/index.html"), Not(HasSubstr("serviceWorker")));
  EXPECT_EQ(EntryOf("/index.html").notes.count(kPrecacheNote), 0u);
}

TEST_F(ServiceWorkerTest, TakesNoFilesPlace) {
  folder_.Write("site/skerry-worker.js", "mine");
  const auto failed = Run(kEnabled);
  ASSERT_FALSE(failed.has_value());
  EXPECT_EQ(failed.error().exit, Exit::kFailed);
  EXPECT_THAT(failed.error().message, HasSubstr("already has a file /skerry-worker.js"));
}

TEST_F(ServiceWorkerTest, BesideTheSitesOwnIsANote) {
  folder_.Write("site/sw.js", "self.x = 1");
  EXPECT_THAT(Run(kRegistered)->warnings, ElementsAre(HasSubstr("worker of its own, /sw.js")));
}

TEST_F(ServiceWorkerTest, TheOfflinePageIsKeptAndMustExist) {
  const std::string toml = std::string(kRegistered) + "precache = []\n";
  folder_.Write("site/offline.html", "no network");
  const std::string worker = WorkerOf(toml);
  EXPECT_THAT(worker, HasSubstr("const offline = \"/offline.html\""));
  EXPECT_THAT(worker, HasSubstr("[\"/offline.html\", "));
  EXPECT_THAT(Run(toml + "offline = \"/none.html\"").error().message, HasSubstr("/none.html"));
}

TEST_F(ServiceWorkerTest, APatternThatMatchesNothingIsANote) {
  EXPECT_THAT(Run(std::string(kRegistered) + "precache = [\"*.css\", \"*.cs\"]")->warnings,
              ElementsAre(HasSubstr("\"*.cs\" matches no file")));
}

TEST_F(ServiceWorkerTest, LeftBehindByAReleaseWithoutItIsANote) {
  ASSERT_TRUE(Run(kRegistered, "with").has_value());
  previous_ = {folder_ / "with"};
  EXPECT_THAT(Run("", "without")->warnings, ElementsAre(HasSubstr("service_worker.retire = true")));
  EXPECT_THAT(Run(kRegistered, "again")->warnings, IsEmpty());
  EXPECT_THAT(Run("[service_worker]\nretire = true\n", "retired")->warnings, IsEmpty());
}

TEST_F(ServiceWorkerTest, TheListIsWhatWorkboxTakes) {
  ASSERT_TRUE(Run("[service_worker]\nlist = \"precache.json\"\n").has_value());
  const std::string list = folder_.Read("out/files/precache.json");
  EXPECT_THAT(list, HasSubstr("{\"url\":\"" + EntryOf("/a.css").path + "\",\"revision\":null,"));
  EXPECT_THAT(list, HasSubstr("{\"url\":\"/index.html\",\"revision\":\"" +
                              EntryOf("/index.html").sha256.Hex().substr(0, 32) + "\""));
}

TEST_F(ServiceWorkerTest, ItsNameIsAFileName) {
  for (const char* name : {"a/b.js", "a.txt", "a\\\"b.js", ".a.js", ""}) {
    const auto failed = Run(std::string(kEnabled) + "file = \"" + std::string(name) + "\"\n");
    ASSERT_FALSE(failed.has_value()) << name;
    EXPECT_EQ(failed.error().exit, Exit::kUsage) << name;
  }
}

}  // namespace
}  // namespace skerry::pipeline
