#include "core/cache/purge/feed.h"

#include <atomic>
#include <deque>
#include <optional>
#include <set>
#include <utility>

#include "core/base/log.h"
#include "core/base/random.h"
#include "core/cache/purge/journal.h"
#include "core/http/percent.h"

namespace skerry::cache {
namespace {

// An answer holds what a pull may carry (docs/purge-protocol.md) and room to grow.
constexpr size_t kMaxAnswerBytes = 64 << 20;
// Parsing less than this on the loop costs less than going to the pool and back.
constexpr size_t kSmallAnswerBytes = 16 << 10;
// Beside the time the service holds a pull.
constexpr Millis kPullPatience{3000};
constexpr size_t kRemembered = 1000;
// In place of a lease's end, where none was held.
constexpr int64_t kFull = INT64_MIN;
constexpr int64_t kStart = INT64_MIN + 1;

}  // namespace

// What other threads and the metrics see.
struct PurgeFeed::Shared {
  std::atomic<int64_t> lease_until_ms{kFull};
  std::atomic<bool> ready{false};
  std::atomic<bool> given_away{false};
  std::atomic<Seq> applied{0};
  std::atomic<Seq> head{0};
  const Clock* clock = nullptr;
  mutable Mutex mutex;
  std::deque<AppliedRecord> newest SKERRY_GUARDED_BY(mutex);

  void Remember(const Record& record) {
    MutexLock lock(mutex);
    newest.push_back({record.seq, record.id, record.kind, record.release, clock->Wall()});
    if (newest.size() > kRemembered) newest.pop_front();
  }

  Fence fence() const {
    const int64_t until = lease_until_ms.load(std::memory_order_acquire);
    const bool held = until > kStart;
    if (held && clock->Boot().time_since_epoch().count() < until) return Fence::kNone;
    if (until == kFull || given_away.load(std::memory_order_acquire)) return Fence::kFull;
    return held ? Fence::kPartition : Fence::kStart;
  }
};

// Lives until its last task has run; after Stop it does nothing.
class PurgeFeed::Driver : public http::FetchEvents,
                          public std::enable_shared_from_this<PurgeFeed::Driver> {
 public:
  Driver(Options options, PurgeNode node, std::unique_ptr<Journal> journal,
         std::shared_ptr<Shared> shared)
      : options_(std::move(options)),
        node_(std::move(node)),
        journal_(std::move(journal)),
        shared_(std::move(shared)) {
    Publish();
  }

  const std::string& incarnation() const { return options_.incarnation; }
  // On the pool. Without a lease nothing is used from now on (PurgeNode::OnStoreGivenAway).
  Status GiveStoreAway() {
    shared_->given_away.store(true, std::memory_order_release);
    return journal_->GiveAway(options_.generations->applied_at().log_id);
  }
  Status AddRules(std::string_view rules) { return journal_->AddRules(rules); }
  void Start(net::Loop& loop, std::unique_ptr<http::Upstream> upstream) {
    loop_ = &loop;
    upstream_ = std::move(upstream);
    timer_.emplace(loop);
    SendPull();
  }
  void Stop() {
    stopped_ = true;
    fetch_.reset();
    timer_.reset();
    upstream_.reset();
  }

  void OnInterim(http::ResponseHead) override {}
  void OnHead(http::ResponseHead head) override { status_ = head.status; }
  void OnBody(std::string_view bytes) override {
    if (body_.size() + bytes.size() > kMaxAnswerBytes) {
      return OnFailed({Code::kLimit, Side::kUpstream, true, "the answer is too long"});
    }
    body_.append(bytes);
  }
  void OnEnd(http::Fields) override;
  void OnFailed(Error error) override {
    fetch_.reset();
    RetryAfter(error);
  }

 private:
  void SendPull();
  void Parse();
  void OnParsed(Result<PullAnswer> answer);
  void Do(PurgeNode::Work work);
  Status Apply(const PurgeNode::Work& work);
  void OnDone(const PurgeNode::Work& work, const Status& status);
  void ForgetSome();
  void BeginCounts(std::vector<Record> counts);
  void CountSome(const std::string& id, const std::shared_ptr<CountStep>& step);
  void OnCounted(const std::string& id, const DropCount& count);
  void RetryAfter(const Error& error);
  void Publish();
  // Runs on the loop unless the feed has ended by then.
  void PostToLoop(std::function<void()> task) {
    loop_->Post([self = shared_from_this(), task = std::move(task)] {
      if (!self->stopped_) task();
    });
  }

  const Options options_;
  PurgeNode node_;
  std::unique_ptr<Journal> journal_;  // on the pool, while work is done
  std::shared_ptr<Shared> shared_;
  net::Loop* loop_ = nullptr;
  std::unique_ptr<http::Upstream> upstream_;
  std::unique_ptr<http::Fetch> fetch_;
  std::optional<net::Timer> timer_;  // gives up on a pull, or waits for the next
  int status_ = 0;
  std::string body_;
  bool complaining_ = false;  // an error was logged and not yet overcome
  bool stopped_ = false;
  bool forgetting_ = false;
  std::set<std::string> counting_;                         // dry runs that we were asked for
  std::deque<std::pair<std::string, DropCount>> counted_;  // not told yet, the first one first
  bool telling_ = false;                                   // the pull under way tells the first
};

void PurgeFeed::Driver::SendPull() {
  PurgeNode::Pull pull = node_.NextPull(options_.clock->Boot());
  telling_ = !counted_.empty();
  if (telling_) pull.wait = Millis(0);
  http::RequestHead request;
  request.method = "GET";
  request.authority = options_.authority;
  request.path =
      "/v1/log?after=" + std::to_string(pull.after) + "&wait=" + std::to_string(pull.wait.count()) +
      "ms&node=" + http::PercentEncoded(options_.name) + "&incarnation=" + options_.incarnation;
  if (!pull.log_id.empty()) request.path += "&log=" + pull.log_id;
  if (options_.serves_on_partition) request.path += "&serves=1";
  if (options_.on_activation) request.path += "&releases=1";
  if (shared_->given_away.load()) request.path += "&given=1";
  if (options_.count) request.path += "&counts=1";
  if (telling_) {
    const auto& [id, count] = counted_.front();
    request.path += "&counted=" + id;
    for (const uint64_t number :
         {count.objects, count.bytes, count.ram_objects, count.disk_objects}) {
      request.path += '.' + std::to_string(number);
    }
  }
  request.fields.Add("authorization", "Bearer " + options_.tokens->first());
  request.fields.Add("accept", "application/json");
  status_ = 0;
  body_.clear();
  timer_->Start(pull.wait + kPullPatience, [this] {
    OnFailed({Code::kTimeout, Side::kUpstream, true, "no answer to a pull"});
  });
  node_.OnSent(options_.clock->Boot());
  fetch_ = upstream_->Start(std::move(request), nullptr, this);
}

void PurgeFeed::Driver::OnEnd(http::Fields) {
  fetch_.reset();
  timer_->Stop();
  if (status_ == 409) {
    node_.OnWrongLog();
    Publish();
    LogWarning("purge: the service has another log: fenced, and starting anew");
    return SendPull();
  }
  if (status_ != 200) {
    const bool denied = status_ == 401 || status_ == 403;
    return RetryAfter(
        {denied ? Code::kDenied : Code::kUnavailable, Side::kUpstream, true,
         "the purge service answered " + std::to_string(status_) + ' ' + body_.substr(0, 300) +
             (denied ? "; purge_token_file must begin with a token that it knows" : "")});
  }
  Parse();
}

void PurgeFeed::Driver::Parse() {
  if (body_.size() <= kSmallAnswerBytes) return OnParsed(PullAnswerFromJson(body_));
  options_.pool->Run([self = shared_from_this(), body = std::move(body_)] {
    auto answer = std::make_shared<Result<PullAnswer>>(PullAnswerFromJson(body));
    self->PostToLoop([self, answer] { self->OnParsed(std::move(*answer)); });
  });
}

void PurgeFeed::Driver::OnParsed(Result<PullAnswer> answer) {
  if (!answer) return RetryAfter(answer.error());
  if (std::exchange(telling_, false)) counted_.pop_front();
  BeginCounts(std::move(answer->counts));
  Result<PurgeNode::Work> work = node_.OnAnswer(std::move(*answer));
  if (!work) return RetryAfter(work.error());
  Publish();
  if (!work->reset && work->records.empty()) return OnDone(*work, Status());
  Do(std::move(*work));
}

void PurgeFeed::Driver::Do(PurgeNode::Work work) {
  const bool held_lease = node_.ready();
  options_.pool->Run([self = shared_from_this(), held_lease, work = std::move(work)]() mutable {
    if (held_lease && !self->shared_->given_away.load()) self->journal_->Keep();
    const Status status = self->Apply(work);
    work.records.clear();
    self->PostToLoop([self, work = std::move(work), status] { self->OnDone(work, status); });
  });
}

// On the pool. Records that an earlier, failed attempt has applied are not applied twice.
Status PurgeFeed::Driver::Apply(const PurgeNode::Work& work) {
  Generations& generations = *options_.generations;
  const auto act = [this](const Record& record) -> Status {
    if (record.kind != RecordKind::kActivation || !options_.on_activation) return {};
    return options_.on_activation(record);
  };
  for (const Record& record : work.releases) {
    if (Status status = act(record); !status) return status;
  }
  if (work.reset) {
    generations.Reset(work.log_id, work.reset_head);
    return journal_->Snapshot(work.log_id);
  }
  std::vector<Change> changes;
  for (const Record& record : work.records) {
    changes.push_back(generations.ChangeOf(record));
    if (record.seq <= generations.head()) continue;
    if (Status status = act(record); !status) return status;
    generations.Apply(changes.back());
    shared_->Remember(record);
  }
  return journal_->Append(work.log_id, changes);
}

void PurgeFeed::Driver::OnDone(const PurgeNode::Work& work, const Status& status) {
  if (!status) return RetryAfter(status.error());
  if (complaining_) LogInfo("purge: the log is followed again", {{"applied", work.position}});
  complaining_ = false;
  node_.OnApplied(work.position);
  Publish();
  SendPull();
  if (work.position > 0) ForgetSome();
}

void PurgeFeed::Driver::ForgetSome() {
  if (!options_.forget_some || std::exchange(forgetting_, true)) return;
  options_.pool->Run([self = shared_from_this()] {
    const bool more = self->options_.forget_some();
    self->PostToLoop([self, more] {
      self->forgetting_ = false;
      if (more) self->ForgetSome();
    });
  });
}

// The service lists a dry run until it has our answer, or nobody waits for it any more.
void PurgeFeed::Driver::BeginCounts(std::vector<Record> counts) {
  std::set<std::string> listed;
  for (Record& count : counts) {
    listed.insert(count.id);
    if (!options_.count || counting_.contains(count.id)) continue;
    CountSome(count.id, std::make_shared<CountStep>(options_.count(std::move(count.selectors))));
  }
  counting_ = std::move(listed);
}

void PurgeFeed::Driver::CountSome(const std::string& id, const std::shared_ptr<CountStep>& step) {
  options_.pool->Run([self = shared_from_this(), id, step] {
    const std::optional<DropCount> count = (*step)();
    self->PostToLoop([self, id, step, count] {
      if (count) return self->OnCounted(id, *count);
      if (self->counting_.contains(id)) self->CountSome(id, step);
    });
  });
}

// A pull that is held tells nothing: another takes its place, and its lease is lost to us
// alone.
void PurgeFeed::Driver::OnCounted(const std::string& id, const DropCount& count) {
  counted_.emplace_back(id, count);
  if (fetch_ == nullptr || status_ != 0 || telling_) return;
  fetch_.reset();
  SendPull();
}

void PurgeFeed::Driver::RetryAfter(const Error& error) {
  if (!complaining_) {
    LogWarning("purge: the log cannot be followed", {{"error", error.ToString()}});
  }
  complaining_ = true;
  timer_->Start(node_.OnFailed(), [this] { SendPull(); });
}

void PurgeFeed::Driver::Publish() {
  int64_t until = node_.begins_with() == Fence::kFull ? kFull : kStart;
  if (const auto lease = node_.lease_until()) until = lease->time_since_epoch().count();
  shared_->lease_until_ms.store(until, std::memory_order_release);
  shared_->applied.store(node_.applied(), std::memory_order_release);
  shared_->head.store(node_.head(), std::memory_order_release);
  if (node_.ready() && !shared_->ready.exchange(true) && options_.on_ready) options_.on_ready();
}

Result<std::unique_ptr<PurgeFeed>> PurgeFeed::Open(Options options) {
  SKERRY_CHECK(options.generations != nullptr && options.store != nullptr &&
               options.pool != nullptr && options.tokens != nullptr);
  if (options.incarnation.empty()) options.incarnation = Random::Secure().Hex(8);
  auto journal = std::make_unique<Journal>(*options.store, *options.generations);
  Result<PurgeNode::Durable> durable = journal->Load(options.rules);
  if (!durable) return Fail(std::move(durable.error()).In("purge state"));
  auto shared = std::make_shared<Shared>();
  shared->clock = options.clock;
  if (options.metrics != nullptr) {
    Metrics& metrics = *options.metrics;
    metrics.AddReadGauge("skerry_purge_applied_seq", "Position of the purge log applied here.", {},
                         [shared] { return static_cast<double>(shared->applied.load()); });
    metrics.AddReadGauge("skerry_purge_head_seq", "Newest position of the purge log heard of.", {},
                         [shared] { return static_cast<double>(shared->head.load()); });
    metrics.AddReadGauge("skerry_fenced", "1 while purgeable objects must be validated.", {},
                         [shared] { return shared->fence() == Fence::kNone ? 0.0 : 1.0; });
  }
  PurgeNode node(*durable);
  auto driver =
      std::make_shared<Driver>(std::move(options), std::move(node), std::move(journal), shared);
  std::unique_ptr<PurgeFeed> feed(new PurgeFeed(std::move(driver)));
  feed->shared_ = shared;
  return feed;
}

PurgeFeed::PurgeFeed(std::shared_ptr<Driver> driver) : driver_(std::move(driver)) {}
PurgeFeed::~PurgeFeed() { driver_->Stop(); }

void PurgeFeed::Start(net::Loop& loop, std::unique_ptr<http::Upstream> upstream) {
  driver_->Start(loop, std::move(upstream));
}
const std::string& PurgeFeed::incarnation() const { return driver_->incarnation(); }
bool PurgeFeed::given_away() const { return shared_->given_away.load(); }
Status PurgeFeed::GiveStoreAway() { return driver_->GiveStoreAway(); }
Status PurgeFeed::AddRules(std::string_view rules) { return driver_->AddRules(rules); }
Fence PurgeFeed::fence() const { return shared_->fence(); }
bool PurgeFeed::ready() const { return shared_->ready.load(std::memory_order_acquire); }
Status PurgeFeed::Health() const {
  std::string why;
  switch (fence()) {
    case Fence::kNone: return {};
    case Fence::kPartition: why = "the lease of the purge log has run out"; break;
    case Fence::kStart: why = "no lease of the purge log yet"; break;
    case Fence::kFull: why = "no purge log knows this node yet"; break;
  }
  return Fail(Code::kUnavailable, Side::kSelf,
              why + "; fenced: what can be purged is validated before it is served");
}
Seq PurgeFeed::applied() const { return shared_->applied.load(std::memory_order_acquire); }
std::optional<AppliedRecord> PurgeFeed::Find(Seq record) const {
  MutexLock lock(shared_->mutex);
  // From the newest on: another log begins its numbers anew.
  for (auto it = shared_->newest.rbegin(); it != shared_->newest.rend(); ++it) {
    if (it->seq == record) return *it;
  }
  return std::nullopt;
}
Seq PurgeFeed::head() const { return shared_->head.load(std::memory_order_acquire); }

void AddGaugesWithoutFeed(Metrics& metrics) {
  for (const char* name : {"skerry_purge_applied_seq", "skerry_purge_head_seq", "skerry_fenced"}) {
    metrics.AddReadGauge(name, "Zero without a purge service.", {}, [] { return 0.0; });
  }
}

}  // namespace skerry::cache
