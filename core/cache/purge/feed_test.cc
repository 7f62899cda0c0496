#include "core/cache/purge/feed.h"

#include <gmock/gmock.h>

#include <deque>
#include <thread>

#include "core/cache/purge/scopes.h"
#include "core/net/fake_loop.h"

namespace skerry::cache {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::Not;

// An upstream whose answers the test gives by hand.
class FakeUpstream : public http::Upstream {
 public:
  struct Call {
    http::RequestHead request;
    http::FetchEvents* events = nullptr;
    bool cancelled = false;
  };
  explicit FakeUpstream(std::vector<std::shared_ptr<Call>>& calls) : calls_(calls) {}

  std::unique_ptr<http::Fetch> Start(http::RequestHead request, std::unique_ptr<http::BodySource>,
                                     http::FetchEvents* events) override {
    calls_.push_back(std::make_shared<Call>(Call{std::move(request), events, false}));
    return std::make_unique<FakeFetch>(calls_.back());
  }

 private:
  class FakeFetch : public http::Fetch {
   public:
    explicit FakeFetch(std::shared_ptr<Call> call) : call_(std::move(call)) {}
    ~FakeFetch() override { call_->cancelled = true; }
    void Pause() override {}
    void Resume() override {}

   private:
    std::shared_ptr<Call> call_;
  };
  std::vector<std::shared_ptr<Call>>& calls_;
};

class FailingStore : public MemoryControlStore {
 public:
  Status Put(const std::vector<std::pair<std::string, std::string>>& values) override {
    if (failing) return Fail(Code::kIo, Side::kStorage, "the disk is gone");
    return MemoryControlStore::Put(values);
  }
  std::atomic<bool> failing{false};
};

class PurgeFeedTest : public ::testing::Test {
 protected:
  ~PurgeFeedTest() override {
    feed_.reset();
    pool_.reset();
  }

  void Open() {
    PurgeFeed::Options options;
    options.name = "edge 1";
    options.incarnation = "0a";
    options.tokens = tokens_;
    options.authority = "purge.example";
    options.generations = generations_.get();
    options.store = &store_;
    options.pool = pool_.get();
    options.metrics = &metrics_;
    options.clock = &loop_.clock();
    options.on_activation = [this](const Record& record) -> Status {
      if (refuse_activations_) return Fail(Code::kIo, Side::kStorage, "no");
      activations_.push_back(record.release);
      heads_then_.push_back(generations_->head());
      return {};
    };
    options.forget_some = [this] { return ++forgot_ % 3 != 0; };
    options.on_ready = [this] { ++readied_; };
    if (counts_) {
      options.count = [this](Selectors selectors) -> CountStep {
        asked_to_count_.push_back(selectors.tags.at(0));
        return [left = 3]() mutable {
          return --left > 0 ? std::nullopt : std::optional(DropCount{5, 400, 4, 2});
        };
      };
    }
    Result<std::unique_ptr<PurgeFeed>> feed = PurgeFeed::Open(std::move(options));
    ASSERT_TRUE(feed);
    feed_ = std::move(*feed);
    feed_->Start(loop_, std::make_unique<FakeUpstream>(calls_));
  }
  void Restart() {
    feed_.reset();
    pool_ = std::make_unique<Pool>("purge", 1);
    generations_ = std::make_unique<Generations>();
    calls_.clear();
    Open();
  }

  static Record Purge(Seq seq, std::string tag) {
    Record record;
    record.seq = seq;
    record.id = "p";
    record.selectors.tags = {std::move(tag)};
    return record;
  }
  static Record Activation(Seq seq, std::string release) {
    Record record = Purge(seq, SiteTag("shop"));
    record.kind = RecordKind::kActivation;
    record.site = "shop";
    record.release = std::move(release);
    return record;
  }
  void AnswerWith(int status, const std::string& body) {
    http::FetchEvents* events = calls_.back()->events;
    http::ResponseHead head;
    head.status = status;
    events->OnHead(head);
    events->OnBody(body);
    events->OnEnd({});
    Settle();
  }
  void Answer(Seq head, std::vector<Record> records = {}, std::vector<Record> releases = {}) {
    AnswerWith(200, ToJson(PullAnswer{"aa", head, Millis(10'000), std::move(records),
                                      std::move(releases)}));
  }
  // Until nothing is left to do on pool and loop.
  void Settle() {
    for (int round = 0; round < 3; ++round) {
      std::atomic<bool> done{false};
      pool_->Run([&] { done = true; });
      while (!done) std::this_thread::yield();
      loop_.RunPosted();
    }
  }
  const std::string& LastPath() const { return calls_.back()->request.path; }

  net::FakeLoop loop_;
  FailingStore store_;
  Metrics metrics_;
  std::unique_ptr<Generations> generations_ = std::make_unique<Generations>();
  std::unique_ptr<Pool> pool_ = std::make_unique<Pool>("purge", 1);
  std::vector<std::shared_ptr<FakeUpstream::Call>> calls_;
  std::vector<std::string> activations_;
  std::vector<Seq> heads_then_;
  std::shared_ptr<Secrets> tokens_ = std::make_shared<Secrets>(std::vector<std::string>{"secret"});
  std::atomic<bool> refuse_activations_{false};
  std::atomic<int> forgot_{0};
  int readied_ = 0;
  bool counts_ = false;
  std::vector<std::string> asked_to_count_;
  std::unique_ptr<PurgeFeed> feed_;
};

TEST_F(PurgeFeedTest, TheFirstPullNamesTheNodeAndDoesNotWait) {
  Open();
  ASSERT_EQ(calls_.size(), 1u);
  EXPECT_EQ(LastPath(), "/v1/log?after=0&wait=0ms&node=edge%201&incarnation=0a&releases=1");
  EXPECT_EQ(calls_[0]->request.authority, "purge.example");
  EXPECT_EQ(calls_[0]->request.fields.Find("authorization"), "Bearer secret");
}

TEST_F(PurgeFeedTest, IsReadyAndUnfencedWithTheFirstLease) {
  Open();
  EXPECT_TRUE(feed_->fenced());
  Answer(7);
  EXPECT_FALSE(feed_->fenced());
  EXPECT_TRUE(feed_->ready());
  EXPECT_EQ(readied_, 1);
  EXPECT_EQ(generations_->applied_at(), (AppliedAt{7, "aa"}));
  EXPECT_THAT(LastPath(), HasSubstr("after=7&wait=3333ms"));
  EXPECT_THAT(LastPath(), HasSubstr("&log=aa"));
}

TEST_F(PurgeFeedTest, IsFencedAgainWhenTheLeaseRunsOut) {
  Open();
  Answer(0);
  loop_.Advance(Seconds(10));
  EXPECT_TRUE(feed_->fenced());
  EXPECT_TRUE(feed_->ready());
}

TEST_F(PurgeFeedTest, HealthSaysWhyItIsFenced) {
  Open();
  EXPECT_THAT(feed_->Health().error().context, HasSubstr("no purge log knows this node yet"));
  Answer(0);
  EXPECT_TRUE(feed_->Health());
  loop_.Advance(Seconds(10));
  EXPECT_THAT(feed_->Health().error().context, HasSubstr("has run out; fenced"));
}

TEST_F(PurgeFeedTest, AppliesRecordsAndAcknowledgesThem) {
  Open();
  Answer(0);
  const Stamp before = generations_->Now();
  Answer(2, {Purge(1, "a"), Purge(2, "b")});
  EXPECT_EQ(feed_->applied(), 2u);
  EXPECT_EQ(generations_->Judge(Key::Of("https://a.example/"), {TagHash("b")}, before),
            Purged::kHard);
  EXPECT_THAT(LastPath(), HasSubstr("after=2&"));
}

TEST_F(PurgeFeedTest, CountsForADryRunOnceAndTellsAtOnce) {
  counts_ = true;
  Open();
  EXPECT_THAT(LastPath(), HasSubstr("&counts=1"));
  Answer(0);
  PullAnswer answer{"aa", 0, Millis(10'000), {}, {}};
  answer.counts = {Purge(1, "t")};
  answer.counts[0].id = "dry-1";
  AnswerWith(200, ToJson(answer));
  EXPECT_THAT(asked_to_count_, ElementsAre("t"));
  for (int i = 0; i < 3; ++i) Settle();
  ASSERT_EQ(calls_.size(), 4u);
  EXPECT_THAT(calls_[2]->request.path, HasSubstr("&wait=3333ms"));
  EXPECT_TRUE(calls_[2]->cancelled);
  EXPECT_THAT(LastPath(), HasSubstr("&counted=dry-1.5.400.4.2"));
  EXPECT_THAT(LastPath(), HasSubstr("&wait=0ms"));
  // That pull is lost: it is told again, and not counted again.
  AnswerWith(503, "");
  loop_.Advance(Seconds(1));
  EXPECT_THAT(LastPath(), HasSubstr("&counted=dry-1.5.400.4.2"));
  AnswerWith(200, ToJson(answer));
  EXPECT_THAT(LastPath(), Not(HasSubstr("counted")));
  EXPECT_THAT(asked_to_count_, ElementsAre("t"));
  EXPECT_FALSE(feed_->fenced());
}

TEST_F(PurgeFeedTest, AcknowledgesNothingThatIsNotDurable) {
  Open();
  Answer(0);
  store_.failing = true;
  Answer(1, {Purge(1, "a")});
  EXPECT_EQ(feed_->applied(), 0u);
  store_.failing = false;
  loop_.Advance(Seconds(1));
  EXPECT_THAT(LastPath(), HasSubstr("after=0&"));
  Answer(1, {Purge(1, "a")});
  EXPECT_EQ(feed_->applied(), 1u);
}

TEST_F(PurgeFeedTest, ARestartGoesOnWhereItWas) {
  Open();
  Answer(0);
  const Stamp before = generations_->Now();
  Answer(1, {Purge(1, "a")});
  Restart();
  EXPECT_THAT(LastPath(), HasSubstr("after=1&wait=0ms"));
  EXPECT_THAT(LastPath(), HasSubstr("&log=aa"));
  EXPECT_TRUE(feed_->fenced());
  EXPECT_EQ(generations_->Judge(Key::Of("https://a.example/"), {TagHash("a")}, before),
            Purged::kHard);
}

TEST_F(PurgeFeedTest, WhoHasGivenTheStoreAwayUsesNothingWithoutALeaseAndTheNextBelievesItWithOne) {
  Open();
  Answer(0);
  Answer(0);
  ASSERT_TRUE(feed_->GiveStoreAway());
  EXPECT_EQ(feed_->fence(), Fence::kNone);
  Answer(0);
  EXPECT_THAT(calls_.back()->request.path, HasSubstr("&given=1"));
  loop_.Advance(std::chrono::seconds(11));
  EXPECT_EQ(feed_->fence(), Fence::kFull);
  Restart();
  EXPECT_EQ(feed_->fence(), Fence::kFull);
  Answer(0);
  EXPECT_EQ(feed_->fence(), Fence::kNone);
  Answer(1, {Purge(1, "t")});
  Restart();
  EXPECT_EQ(feed_->fence(), Fence::kStart);
}

TEST_F(PurgeFeedTest, AnActivationIsActedOnBeforeItIsApplied) {
  Open();
  Answer(0);
  Answer(2, {Purge(1, "a"), Activation(2, "r1")});
  EXPECT_THAT(activations_, ElementsAre("r1"));
  EXPECT_THAT(heads_then_, ElementsAre(1u));
}

TEST_F(PurgeFeedTest, ANodeThatBeginsHearsTheNewestReleases) {
  Open();
  Answer(9, {}, {Activation(4, "r4")});
  EXPECT_THAT(activations_, ElementsAre("r4"));
  EXPECT_EQ(feed_->applied(), 9u);
}

TEST_F(PurgeFeedTest, ARefusedActivationHoldsTheLogUpAndIsTriedAgain) {
  Open();
  Answer(0);
  refuse_activations_ = true;
  Answer(2, {Purge(1, "a"), Activation(2, "r1")});
  EXPECT_EQ(feed_->applied(), 0u);
  refuse_activations_ = false;
  loop_.Advance(Seconds(1));
  Answer(2, {Purge(1, "a"), Activation(2, "r1")});
  EXPECT_EQ(feed_->applied(), 2u);
  EXPECT_THAT(activations_, ElementsAre("r1"));
}

TEST_F(PurgeFeedTest, AnotherLogFencesAndStartsAnew) {
  Open();
  Answer(5);
  const Stamp before = generations_->Now();
  AnswerWith(409, "{}");
  EXPECT_TRUE(feed_->fenced());
  EXPECT_THAT(LastPath(), Not(HasSubstr("log=")));
  Answer(1);
  EXPECT_FALSE(feed_->fenced());
  EXPECT_EQ(generations_->Judge(Key::Of("https://a.example/"), {}, before), Purged::kUnknown);
}

TEST_F(PurgeFeedTest, RetriesAfterARefusalAndAfterNonsense) {
  Open();
  AnswerWith(401, "who are you");
  EXPECT_EQ(calls_.size(), 1u);
  loop_.Advance(Millis(50));
  EXPECT_EQ(calls_.size(), 2u);
  AnswerWith(200, "{}");
  loop_.Advance(Millis(100));
  EXPECT_EQ(calls_.size(), 3u);
  calls_.back()->events->OnFailed({Code::kReset, Side::kUpstream, true, ""});
  loop_.Advance(Millis(200));
  EXPECT_EQ(calls_.size(), 4u);
  EXPECT_TRUE(feed_->fenced());
}

TEST_F(PurgeFeedTest, APullShowsTheTokenOfItsMoment) {
  Open();
  Answer(0);
  EXPECT_EQ(calls_.back()->request.fields.Find("authorization"), "Bearer secret");
  tokens_->Set({"new", "secret"});
  Answer(0);
  EXPECT_EQ(calls_.back()->request.fields.Find("authorization"), "Bearer new");
}

TEST_F(PurgeFeedTest, GivesUpOnAPullThatIsNotAnswered) {
  Open();
  loop_.Advance(Seconds(3));
  EXPECT_TRUE(calls_[0]->cancelled);
  loop_.Advance(Millis(50));
  EXPECT_EQ(calls_.size(), 2u);
}

TEST_F(PurgeFeedTest, ALongAnswerIsParsedOffTheLoopAndApplied) {
  Open();
  Answer(0);
  Record big = Purge(1, "a");
  for (int i = 0; i < 10'000; ++i) {
    big.selectors.urls.push_back("https://a.example/page/" + std::to_string(i));
  }
  const Stamp before = generations_->Now();
  Answer(1, {big});
  EXPECT_EQ(feed_->applied(), 1u);
  EXPECT_EQ(generations_->Judge(Key::Of("https://a.example/page/9999"), {}, before), Purged::kHard);
}

TEST_F(PurgeFeedTest, EndsInTheMiddleOfAnything) {
  Open();
  Answer(0);
  const auto call = calls_.back();
  http::ResponseHead head;
  head.status = 200;
  call->events->OnHead(head);
  call->events->OnBody(ToJson(PullAnswer{"aa", 1, Millis(10'000), {Purge(1, "a")}, {}}));
  call->events->OnEnd({});
  feed_.reset();
  Settle();
  loop_.Advance(Seconds(5));
  EXPECT_EQ(calls_.back(), call);
}

TEST_F(PurgeFeedTest, MetricsShowPositionHeadAndFence) {
  Open();
  EXPECT_THAT(metrics_.Text(), HasSubstr("skerry_fenced 1"));
  Answer(0);
  Answer(3, {Purge(1, "a")});
  const std::string text = metrics_.Text();
  EXPECT_THAT(text, HasSubstr("skerry_purge_applied_seq 1"));
  EXPECT_THAT(text, HasSubstr("skerry_purge_head_seq 3"));
  EXPECT_THAT(text, HasSubstr("skerry_fenced 0"));
}

TEST_F(PurgeFeedTest, ForgettingGoesOnBitByBitBehindWhatWasAppliedAndHoldsUpNoPull) {
  Open();
  Answer(0);
  EXPECT_EQ(forgot_, 0);  // nothing was applied
  Answer(1, {Purge(1, "t")});
  EXPECT_THAT(LastPath(), HasSubstr("after=1"));
  while (forgot_ < 3) Settle();
  Settle();
  EXPECT_EQ(forgot_, 3);
}

}  // namespace
}  // namespace skerry::cache
