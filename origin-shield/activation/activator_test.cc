#include "origin-shield/activation/activator.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "core/cache/purge/scopes.h"
#include "core/net/fake_loop.h"
#include "origin-shield/activation/settle.h"
#include "origin-shield/store/build_release.h"
#include "origin-shield/store/scratch.h"

namespace skerry::shield {
namespace {

using std::chrono::seconds;
using testing::Contains;
using testing::ElementsAre;
using testing::HasSubstr;
using testing::Not;

// Remembers what it is asked, and answers when told.
class FakeService : public PurgeService {
 public:
  struct State {
    std::vector<ActivationPost> posts;
    std::vector<std::string> asked;
    Done waiting;  // the answer to the last question
  };
  explicit FakeService(State& state) : state_(state) {}
  void Post(const ActivationPost& post, Done done) override {
    state_.posts.push_back(post);
    state_.waiting = std::move(done);
  }
  void Ask(const std::string& id, Done done) override {
    state_.asked.push_back(id);
    state_.waiting = std::move(done);
  }

 private:
  State& state_;
};

class ActivatorTest : public testing::Test {
 protected:
  explicit ActivatorTest(bool has_log = true) {
    blobs_ = std::move(*BlobStore::Open({scratch_.path() + "/blobs"}));
    releases_ = std::move(*Releases::Open({scratch_.path() + "/records", blobs_.get()}));
    Activator::Options options;
    options.releases = releases_.get();
    options.generations = &generations_;
    options.pool = &pool_;
    options.node = "shield-1";
    std::unique_ptr<PurgeService> service;
    if (has_log) service = std::make_unique<FakeService>(service_);
    activator_ = std::make_unique<Activator>(loop_, options, std::move(service));
  }
  ~ActivatorTest() override {
    activator_->Stop();
    Settle(pool_, loop_);
  }

  std::string Push(const std::string& page, bool with_blobs = true) {
    const auto registered = releases_->Register(
        "demo",
        ManifestOf({FileEntry("/index.html", page), FileEntry("/same.html", "same")}).ToJson());
    if (with_blobs) {
      for (const std::string& bytes : {page, std::string("same")}) {
        auto writer = blobs_->Begin(Sha256(bytes));
        EXPECT_TRUE((*writer)->Append(bytes).has_value() && (*writer)->Finish().has_value());
        EXPECT_TRUE(releases_->OnBlob(Sha256(bytes)).has_value());
      }
    }
    return registered->release;
  }
  void Activate(const std::string& release, Millis wait = seconds(10)) {
    activator_->Activate("demo", release, wait, loop_,
                         [this](Activated activated) { answers_.push_back(std::move(activated)); });
    loop_.RunPosted();
    Settle(pool_, loop_);
  }
  void ServiceSays(Seq seq, bool complete) {
    ServiceAnswers(Receipt{"id-" + std::to_string(seq), seq, complete, {}});
  }
  void ServiceAnswers(Result<Receipt> result) {
    ASSERT_TRUE(service_.waiting) << "nothing was asked";
    std::exchange(service_.waiting, nullptr)(std::move(result));
    Settle(pool_, loop_);
  }
  void LogBrings(Seq seq, const std::string& release) {
    cache::Record record;
    record.seq = seq;
    record.kind = cache::RecordKind::kActivation;
    record.site = "demo";
    record.release = release;
    ASSERT_TRUE(activator_->OnRecord(record).has_value());
    Settle(pool_, loop_);
  }
  std::string Active() const {
    const auto view = releases_->View("demo");
    return view->release != nullptr ? view->release->id() : "none";
  }

  Scratch scratch_;
  net::FakeLoop loop_;
  cache::Generations generations_;
  std::unique_ptr<BlobStore> blobs_;
  std::unique_ptr<Releases> releases_;
  FakeService::State service_;
  std::unique_ptr<Activator> activator_;
  Pool pool_{"store", 1};
  std::vector<Activated> answers_;
};

TEST_F(ActivatorTest, SwitchesWhenTheLogBringsTheRecordAndNotBefore) {
  const std::string one = Push("one");
  Activate(one);
  ASSERT_EQ(service_.posts.size(), 1u);
  ServiceSays(1, false);
  EXPECT_EQ(Active(), "none");
  EXPECT_TRUE(answers_.empty());
  LogBrings(1, one);
  EXPECT_EQ(Active(), one);
}

TEST_F(ActivatorTest, AnswersWithTheReceiptOnceItIsComplete) {
  const std::string one = Push("one");
  Activate(one);
  ServiceSays(1, false);
  LogBrings(1, one);
  loop_.Advance(Millis(200));
  EXPECT_THAT(service_.asked, ElementsAre("id-1"));
  ServiceSays(1, true);
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_TRUE(answers_[0].receipt.complete);
  EXPECT_EQ(answers_[0].receipt.id, "id-1");
}

TEST_F(ActivatorTest, AnswersAcceptedWhenTheWaitHasRunOut) {
  Activate(Push("one"), seconds(1));
  ServiceSays(1, false);
  loop_.Advance(seconds(1));
  ServiceSays(1, false);
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_FALSE(answers_[0].error.has_value());
  EXPECT_FALSE(answers_[0].receipt.complete);
}

TEST_F(ActivatorTest, PostsWhatChanged) {
  const std::string one = Push("one");
  Activate(one);
  ServiceSays(1, true);
  LogBrings(1, one);
  Activate(Push("two"));
  ASSERT_EQ(service_.posts.size(), 2u);
  EXPECT_THAT(service_.posts[1].tags, Contains(cache::SitePathTag("demo", "/index.html")));
  EXPECT_THAT(service_.posts[1].tags, Not(Contains(cache::SitePathTag("demo", "/same.html"))));
}

TEST_F(ActivatorTest, RefusesWhileBlobsAreMissingAndPostsNothing) {
  Activate(Push("one", /*with_blobs=*/false));
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0].error->code, Code::kRefused);
  EXPECT_EQ(answers_[0].missing.size(), 2u);
  EXPECT_TRUE(service_.posts.empty());
}

TEST_F(ActivatorTest, AnUnknownReleaseIsNotFound) {
  Activate(std::string(32, '0'));
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0].error->code, Code::kNotFound);
}

TEST_F(ActivatorTest, TheNextWaitsSoThatItsDifferenceIsRight) {
  const std::string one = Push("one");
  const std::string two = Push("two");
  Activate(one);
  Activate(two);
  EXPECT_EQ(service_.posts.size(), 1u);
  ServiceSays(1, true);
  LogBrings(1, one);
  ASSERT_EQ(service_.posts.size(), 2u);
  EXPECT_EQ(service_.posts[1].release, two);
}

TEST_F(ActivatorTest, SendsAgainUnderTheSameKeyWhatMayHaveBeenLost) {
  Activate(Push("one"));
  ServiceAnswers(Fail(Error{Code::kReset, Side::kUpstream, true, "connection lost"}));
  loop_.Advance(Millis(200));
  ASSERT_EQ(service_.posts.size(), 2u);
  EXPECT_EQ(service_.posts[0].key, service_.posts[1].key);
}

TEST_F(ActivatorTest, ARefusalOfTheServiceIsPassedOn) {
  Activate(Push("one"));
  ServiceAnswers(Fail(Error{Code::kDenied, Side::kUpstream, false, "wrong token"}));
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0].error->context, "wrong token");
  EXPECT_EQ(Active(), "none");
}

TEST_F(ActivatorTest, AServiceThatIsAwayIsAnErrorWhenTheWaitHasRunOut) {
  Activate(Push("one"), seconds(1));
  loop_.Advance(seconds(2));
  ServiceAnswers(Fail(Error{Code::kTimeout, Side::kUpstream, true, "no answer"}));
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0].error->context, "no answer");
}

TEST_F(ActivatorTest, AnotherShieldsActivationBetweenMakesItNameTheWholeSite) {
  const std::string one = Push("one");
  const std::string two = Push("two");
  Activate(one);
  LogBrings(1, two);
  ServiceSays(2, true);
  LogBrings(2, one);
  loop_.Advance(Millis(1));
  ASSERT_EQ(service_.posts.size(), 2u);
  EXPECT_THAT(service_.posts[1].tags, Contains(cache::SiteTag("demo")));
  EXPECT_NE(service_.posts[0].key, service_.posts[1].key);
  ServiceSays(3, true);
  LogBrings(3, one);
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_EQ(answers_[0].receipt.seq, 3u);
}

TEST_F(ActivatorTest, AReceiptOfTheRecordThatWasNotEnoughIsNotTakenForTheSecond) {
  const std::string one = Push("one");
  const std::string two = Push("two");
  Activate(one);
  LogBrings(1, two);
  ServiceSays(2, false);
  loop_.Advance(Millis(200));
  ASSERT_THAT(service_.asked, ElementsAre("id-2"));
  LogBrings(2, one);
  ServiceSays(2, true);
  EXPECT_TRUE(answers_.empty());
  loop_.Advance(Millis(1));
  EXPECT_EQ(service_.posts.size(), 2u);
}

TEST_F(ActivatorTest, ALostRecordHoldsUpTheNextForABoundedTime) {
  Activate(Push("one"), seconds(0));
  ServiceSays(1, false);
  ASSERT_EQ(answers_.size(), 1u);
  Activate(Push("two"));
  EXPECT_EQ(service_.posts.size(), 1u);
  loop_.Advance(seconds(60));
  Settle(pool_, loop_);
  EXPECT_EQ(service_.posts.size(), 2u);
}

class WithoutLogTest : public ActivatorTest {
 protected:
  WithoutLogTest() : ActivatorTest(/*has_log=*/false) {}
};

TEST_F(WithoutLogTest, ActsHereAndAnswersAReceiptOfTheSameForm) {
  const std::string one = Push("one");
  Activate(one);
  EXPECT_EQ(Active(), one);
  ASSERT_EQ(answers_.size(), 1u);
  EXPECT_TRUE(answers_[0].receipt.complete);
  EXPECT_EQ(answers_[0].receipt.seq, 1u);
  EXPECT_EQ(answers_[0].receipt.nodes.at("shield-1").state, "applied");
}

TEST_F(WithoutLogTest, PurgesWhatTheCacheBehindTheOriginHas) {
  const cache::Stamp before = generations_.Now();
  Activate(Push("one"));
  const std::vector<uint64_t> tags = {cache::TagHash(cache::SitePathTag("demo", "/index.html"))};
  EXPECT_EQ(generations_.Judge(cache::Key::Of("http://a/index.html"), tags, before),
            cache::Purged::kHard);
}

TEST_F(WithoutLogTest, PositionsGrow) {
  Activate(Push("one"));
  Activate(Push("two"));
  ASSERT_EQ(answers_.size(), 2u);
  EXPECT_EQ(answers_[1].receipt.seq, 2u);
  EXPECT_EQ(releases_->last_seq(), 2u);
}

}  // namespace
}  // namespace skerry::shield
