#include "origin-shield/store/releases.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <chrono>
#include <filesystem>

#include "origin-shield/store/bindings.h"
#include "origin-shield/store/build_release.h"
#include "origin-shield/store/scratch.h"

namespace skerry::shield {
namespace {

using std::chrono::hours;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Seconds RealNow() {
  return std::chrono::duration_cast<Seconds>(std::chrono::system_clock::now().time_since_epoch());
}

class ReleasesTest : public testing::Test {
 protected:
  ReleasesTest() {
    auto blobs = BlobStore::Open({scratch_.path() + "/blobs"});
    blobs_ = std::move(*blobs);
    Reopen();
  }
  void Reopen() {
    releases_.reset();
    auto releases =
        Releases::Open({scratch_.path() + "/records", blobs_.get(), retention_, &clock_});
    ASSERT_TRUE(releases.has_value()) << releases.error().ToString();
    releases_ = std::move(*releases);
  }
  void Put(const std::string& bytes) {
    auto writer = blobs_->Begin(Sha256(bytes));
    ASSERT_TRUE((*writer)->Append(bytes).has_value());
    ASSERT_TRUE((*writer)->Finish().has_value());
    ASSERT_TRUE(releases_->OnBlob(Sha256(bytes)).has_value());
  }
  Result<Registered> Register(const asset::Manifest& manifest, const std::string& site = "demo") {
    return releases_->Register(site, manifest.ToJson());
  }
  // A page at "/" with these bytes, uploaded; further entries and their bytes.
  std::string Push(const std::string& page, std::vector<asset::Entry> more = {},
                   const std::vector<std::string>& bytes = {}) {
    more.push_back(FileEntry("/index.html", page));
    const auto registered = Register(ManifestOf(std::move(more)));
    EXPECT_TRUE(registered.has_value()) << registered.error().ToString();
    Put(page);
    for (const std::string& blob : bytes) Put(blob);
    return registered ? registered->release : "";
  }
  void Activate(const std::string& id) {
    ASSERT_TRUE(releases_->Complete("demo", id, nullptr).has_value());
    ASSERT_TRUE(releases_->Activate("demo", id, ++seq_).has_value());
  }
  std::string Active() const {
    const auto view = releases_->View("demo");
    return view != nullptr && view->release != nullptr ? view->release->id() : "none";
  }
  std::string At(const std::string& url) const {
    const auto view = releases_->View("demo");
    const Located located = Locate(*view, url, false);
    return std::string(Name(located.place));
  }
  bool HasBlob(const std::string& bytes) const { return blobs_->Has(Sha256(bytes), bytes.size()); }

  Scratch scratch_;
  FakeClock clock_{RealNow()};
  Retention retention_;
  std::unique_ptr<BlobStore> blobs_;
  std::unique_ptr<Releases> releases_;
  Seq seq_ = 0;
};

TEST_F(ReleasesTest, SaysWhichBlobsAreMissing) {
  Put("have");
  const auto registered =
      Register(ManifestOf({FileEntry("/a.html", "have"), FileEntry("/b.html", "want")}));
  ASSERT_TRUE(registered.has_value());
  EXPECT_THAT(registered->missing, ElementsAre(Sha256("want")));
}

TEST_F(ReleasesTest, TheSameManifestAgainIsTheSameRelease) {
  const auto first = Register(ManifestOf({FileEntry("/a.html", "a")}));
  const auto again = Register(ManifestOf({FileEntry("/a.html", "a")}));
  EXPECT_EQ(first->release, again->release);
  EXPECT_FALSE(first->known);
  EXPECT_TRUE(again->known);
  EXPECT_EQ(releases_->List("demo")->size(), 1u);
}

TEST_F(ReleasesTest, ACorruptManifestIsRefusedWithEntryAndReason) {
  const auto refused = releases_->Register("demo", R"({"version":1,"entries":[{"path":"/../x"}]})");
  ASSERT_FALSE(refused.has_value());
  EXPECT_EQ(refused.error().side, Side::kClient);
  EXPECT_EQ(refused.error().code, Code::kInvalid);
  EXPECT_THAT(refused.error().context, HasSubstr("entries[0]"));
  EXPECT_EQ(releases_->View("demo"), nullptr);
}

TEST_F(ReleasesTest, ActivationRefusesWhileBlobsAreMissing) {
  const auto registered = Register(ManifestOf({FileEntry("/a.html", "want")}));
  std::vector<Sha256Digest> missing;
  const auto complete = releases_->Complete("demo", registered->release, &missing);
  ASSERT_FALSE(complete.has_value());
  EXPECT_EQ(complete.error().code, Code::kRefused);
  EXPECT_THAT(missing, ElementsAre(Sha256("want")));
}

TEST_F(ReleasesTest, AnUnknownReleaseIsNotFound) {
  EXPECT_EQ(releases_->Complete("demo", std::string(32, '0'), nullptr).error().code,
            Code::kNotFound);
  EXPECT_EQ(releases_->List("nobody").error().code, Code::kNotFound);
}

TEST_F(ReleasesTest, ActivationSwitchesAndRollbackIsActivation) {
  const std::string one = Push("one");
  const std::string two = Push("two");
  Activate(one);
  EXPECT_EQ(Active(), one);
  Activate(two);
  EXPECT_EQ(Active(), two);
  Activate(one);
  EXPECT_EQ(Active(), one);
}

TEST_F(ReleasesTest, EverythingIsThereAfterARestart) {
  const std::string one = Push("one");
  Activate(one);
  Push("two", {Hashed("/x.js", "js")}, {"js"});
  const auto pending = Register(ManifestOf({FileEntry("/index.html", "three")}));
  Reopen();
  EXPECT_EQ(Active(), one);
  EXPECT_EQ(releases_->last_seq(), seq_);
  EXPECT_EQ(At("/x.js"), "file");
  Put("three");
  EXPECT_TRUE(releases_->Complete("demo", pending->release, nullptr).has_value());
}

TEST_F(ReleasesTest, HashedPathsOfACompleteReleaseAreServedBeforeItIsActive) {
  Activate(Push("one"));
  const auto registered =
      Register(ManifestOf({FileEntry("/index.html", "two"), Hashed("/x.js", "js")}));
  EXPECT_EQ(At("/x.js"), "not-found");
  Put("two");
  Put("js");
  EXPECT_EQ(At("/x.js"), "file");
}

TEST_F(ReleasesTest, AHashedPathIsNeverBoundToOtherBytes) {
  Push("one", {Hashed("/x.js", "js")}, {"js"});
  const auto other =
      Register(ManifestOf({FileEntry("/index.html", "two"), Hashed("/x.js", "other")}));
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().code, Code::kRefused);
  EXPECT_THAT(other.error().context, HasSubstr("/x.js"));
  EXPECT_EQ(releases_->List("demo")->size(), 1u);
}

TEST_F(ReleasesTest, ABindingOutlivesItsRelease) {
  retention_ = {.least = 0, .most = 1};
  Reopen();
  Push("one", {Hashed("/x.js", "js")}, {"js"});
  clock_.Advance(hours(1));
  Activate(Push("two"));
  clock_.Advance(hours(2));
  ASSERT_EQ(releases_->Collect()->releases, 1u);
  EXPECT_FALSE(Register(ManifestOf({Hashed("/x.js", "other")})).has_value());
  clock_.Advance(retention_.bound_for);
  ASSERT_TRUE(releases_->Collect().has_value());
  EXPECT_TRUE(Register(ManifestOf({Hashed("/x.js", "other")})).has_value());
}

TEST_F(ReleasesTest, APushThatWasNeverFinishedBindsNothingForGood) {
  ASSERT_TRUE(Register(ManifestOf({Hashed("/x.js", "never uploaded")})).has_value());
  clock_.Advance(retention_.incomplete_for + hours(1));
  ASSERT_EQ(releases_->Collect()->releases, 1u);
  EXPECT_TRUE(Register(ManifestOf({Hashed("/x.js", "other")})).has_value());
}

TEST_F(ReleasesTest, CollectingKeepsEveryBlobThatAKeptReleaseNames) {
  retention_ = {.least = 1, .most = 2};
  Reopen();
  for (const char* page : {"one", "two", "three"}) {
    Activate(Push(page, {Hashed("/shared.js", "shared")}, {"shared"}));
    clock_.Advance(hours(2));
  }
  const auto collected = releases_->Collect();
  ASSERT_TRUE(collected.has_value());
  EXPECT_EQ(collected->releases, 1u);
  EXPECT_EQ(collected->blobs, 1u);
  EXPECT_FALSE(HasBlob("one"));
  EXPECT_TRUE(HasBlob("two"));
  EXPECT_TRUE(HasBlob("three"));
  EXPECT_TRUE(HasBlob("shared"));
}

TEST_F(ReleasesTest, TheActiveReleaseIsKeptHoweverOld) {
  retention_ = {.least = 0, .most = 0};
  Reopen();
  const std::string one = Push("one");
  Activate(one);
  clock_.Advance(hours(24 * 400));
  EXPECT_EQ(releases_->Collect()->releases, 0u);
  EXPECT_TRUE(HasBlob("one"));
}

TEST_F(ReleasesTest, AReleaseThatWasActiveForLongIsKeptFromWhenItWasReplaced) {
  retention_.least = 0;
  Reopen();
  const std::string one = Push("one");
  Activate(one);
  clock_.Advance(retention_.keep_for * 2);
  Activate(Push("two"));
  clock_.Advance(hours(1));
  EXPECT_EQ(releases_->Collect()->releases, 0u);
  clock_.Advance(retention_.keep_for);
  Reopen();
  EXPECT_EQ(releases_->Collect()->releases, 1u);
}

TEST_F(ReleasesTest, BlobsThatCameBeforeTheirReleaseHaveAnHour) {
  Put("early");
  ASSERT_TRUE(releases_->Collect().has_value());
  EXPECT_TRUE(HasBlob("early"));
  clock_.Advance(retention_.unnamed_blobs_for + hours(1));
  EXPECT_EQ(releases_->Collect()->blobs, 1u);
  EXPECT_FALSE(HasBlob("early"));
}

TEST_F(ReleasesTest, ALostBlobIsMissingForTheNextPushAndTheSiteGoesOn) {
  const std::string one = Push("one", {Hashed("/x.js", "js")}, {"js"});
  Activate(one);
  ASSERT_TRUE(blobs_->Remove(Sha256("js")).has_value());
  const auto again = Register(ManifestOf({Hashed("/x.js", "js"), FileEntry("/index.html", "one")}));
  EXPECT_THAT(again->missing, ElementsAre(Sha256("js")));
  EXPECT_EQ(Active(), one);
  EXPECT_FALSE(releases_->Complete("demo", one, nullptr).has_value());
  Put("js");
  EXPECT_TRUE(releases_->Complete("demo", one, nullptr).has_value());
}

TEST_F(ReleasesTest, AnActivationOfWhatIsNotHereIsRememberedAndTakesEffectWhenItComes) {
  Activate(Push("one"));
  const asset::Manifest two = ManifestOf({FileEntry("/index.html", "two")});
  const auto switched = releases_->Activate("demo", ReleaseId(two), 9);
  ASSERT_TRUE(switched.has_value());
  EXPECT_FALSE(switched->uploaded);
  EXPECT_EQ(At("/"), "not-here");
  ASSERT_TRUE(Register(two).has_value());
  Put("two");
  EXPECT_EQ(Active(), ReleaseId(two));
}

TEST_F(ReleasesTest, AnActivationSaysWhatWasActive) {
  const std::string one = Push("one");
  EXPECT_EQ(releases_->Activate("demo", one, 1)->before, "");
  EXPECT_EQ(releases_->Activate("demo", Push("two"), 2)->before, one);
}

TEST_F(ReleasesTest, ASecondSiteIsRefusedOnceOneAnswersEveryHost) {
  Activate(Push("one"));
  const auto other = Register(ManifestOf({FileEntry("/a.html", "a")}), "other");
  ASSERT_FALSE(other.has_value());
  EXPECT_EQ(other.error().code, Code::kRefused);
  EXPECT_THAT(other.error().context, HasSubstr("\"demo\""));
}

TEST_F(ReleasesTest, OneSiteAnswersForEveryHostAndAReleasesOwnHostPreviewsIt) {
  const std::string one = Push("one");
  Activate(one);
  const std::string two = Push("two");
  EXPECT_EQ(releases_->ForHost("anything.example:8443")->release->id(), one);
  const auto preview = releases_->ForHost(two + ".preview.example");
  EXPECT_EQ(preview->release->id(), two);
  EXPECT_TRUE(preview->preview);
}

TEST_F(ReleasesTest, ListsTheNewestFirst) {
  const std::string one = Push("one");
  clock_.Advance(hours(1));
  const std::string two = Push("two");
  Activate(one);
  const auto list = releases_->List("demo");
  ASSERT_EQ(list->size(), 2u);
  EXPECT_EQ((*list)[0].release, two);
  EXPECT_FALSE((*list)[0].active);
  EXPECT_FALSE((*list)[0].activated.has_value());
  EXPECT_TRUE((*list)[1].active);
  EXPECT_TRUE((*list)[1].activated.has_value());
}

TEST_F(ReleasesTest, AnotherProcessesStoreIsRefusedByName) {
  const auto second = Releases::Open({scratch_.path() + "/records", blobs_.get()});
  ASSERT_FALSE(second.has_value());
  EXPECT_EQ(second.error().code, Code::kRefused);
  EXPECT_THAT(second.error().context, HasSubstr(scratch_.path()));
}

TEST(BindingTest, ComesBackAndRefusesOtherBytes) {
  const Binding binding{Sha256("x"), WallTime(Millis(12345)), true};
  EXPECT_EQ(Binding::Decode(binding.Encode()), binding);
  EXPECT_EQ(Binding::Decode(binding.Encode().substr(1)), std::nullopt);
  EXPECT_EQ(Binding::Decode(binding.Encode() + "x"), std::nullopt);
}

}  // namespace
}  // namespace skerry::shield
