#include "origin-shield/activation/activator.h"

#include <algorithm>
#include <utility>

#include "core/base/log.h"
#include "origin-shield/respond/difference.h"

namespace skerry::shield {

struct Activator::Job {
  std::string site;
  std::string release;
  Millis wait;
  net::Loop* caller;
  Done done;  // empty once it was called
  SteadyTime begun;
  std::optional<Activation> activation;
  std::string key;      // of this round
  int round = -1;       // the key was made for
  bool asking = false;  // a question to the service is under way
  std::unique_ptr<net::Timer> deadline;
  std::unique_ptr<net::Timer> retry;

  // They hold the job.
  void StopTimers() {
    if (deadline != nullptr) deadline->Stop();
    if (retry != nullptr) retry->Stop();
  }
};

// What the pool finds out before anything is posted.
struct Activator::Prepared {
  std::optional<Error> error;
  std::vector<Sha256Digest> missing;
  std::string base;
  Difference difference;
};

Activator::Activator(net::Loop& loop, Options options, std::unique_ptr<PurgeService> service)
    : loop_(loop),
      options_(std::move(options)),
      service_(std::move(service)),
      has_log_(service_ != nullptr) {}

Activator::~Activator() { Stop(); }

void Activator::Stop() {
  alive_.reset();
  service_.reset();
  waiting_.clear();
  if (const JobPtr job = std::exchange(current_, nullptr)) job->StopTimers();
}

void Activator::Activate(std::string site, std::string release, Millis wait, net::Loop& caller,
                         Done done) {
  auto job = std::make_shared<Job>();
  job->site = std::move(site);
  job->release = std::move(release);
  job->wait = wait;
  job->caller = &caller;
  job->done = std::move(done);
  loop_.Post([this, weak = token_, job] {
    if (weak.expired()) return;
    job->begun = loop_.clock().Steady();
    waiting_.push_back(job);
    Next();
  });
}

void Activator::Next() {
  if (current_ != nullptr || waiting_.empty()) return;
  current_ = std::move(waiting_.front());
  waiting_.pop_front();
  Prepare(current_);
}

Activator::Prepared Activator::PrepareOn(Releases& releases, const std::string& site,
                                         const std::string& release) {
  Prepared prepared;
  const auto complete = releases.Complete(site, release, &prepared.missing);
  if (!complete) {
    prepared.error = complete.error();
    return prepared;
  }
  const auto view = releases.View(site);
  prepared.base = view != nullptr ? view->active : "";
  // A release that is active and not here: nobody knows what is served elsewhere.
  const bool unknown = !prepared.base.empty() && view->release == nullptr;
  prepared.difference = unknown
                            ? Everything(site)
                            : Compare(view != nullptr ? view->release.get() : nullptr, **complete);
  return prepared;
}

void Activator::Prepare(const JobPtr& job) {
  options_.pool->Run([this, weak = token_, job] {
    Prepared prepared = PrepareOn(*options_.releases, job->site, job->release);
    if (!has_log_ && !prepared.error) {
      job->activation.emplace(job->site, job->release, prepared.base, prepared.difference);
      Activated activated = ActivateHere(*job);
      loop_.Post([this, weak, job, activated = std::move(activated)]() mutable {
        if (weak.expired()) return;
        if (!activated.error) CollectBehind();
        AnswerWith(job, std::move(activated));
        End(job);
      });
      return;
    }
    loop_.Post([this, weak, job, prepared = std::move(prepared)]() mutable {
      if (!weak.expired()) OnPrepared(job, std::move(prepared));
    });
  });
}

// Without a log: the switch, then the generations, as OnRecord and the feed do it.
Activated Activator::ActivateHere(const Job& job) {
  Activated activated;
  cache::Record record;
  record.seq = options_.generations->head() + 1;
  record.id = options_.random->Hex(8);
  record.kind = cache::RecordKind::kActivation;
  record.site = job.site;
  record.release = job.release;
  record.selectors.tags = job.activation->tags();
  const auto switched = options_.releases->Activate(job.site, job.release, record.seq);
  if (!switched) {
    activated.error = switched.error();
    return activated;
  }
  options_.generations->Apply(record);
  activated.receipt = {record.id, record.seq, true, {}};
  activated.receipt.nodes[options_.node] = {"applied", record.seq,
                                            ToRfc3339(options_.clock->Wall())};
  LogInfo("activated", {{"site", job.site}, {"release", job.release}, {"seq", record.seq}});
  return activated;
}

void Activator::OnPrepared(const JobPtr& job, Prepared prepared) {
  if (prepared.error) {
    Activated activated;
    activated.error = std::move(prepared.error);
    activated.missing = std::move(prepared.missing);
    AnswerWith(job, std::move(activated));
    return End(job);
  }
  job->activation.emplace(job->site, job->release, std::move(prepared.base),
                          std::move(prepared.difference));
  job->deadline = std::make_unique<net::Timer>(loop_);
  job->retry = std::make_unique<net::Timer>(loop_);
  job->deadline->Start(std::max(job->wait, Millis(0)) + options_.give_up, [this, job] {
    LogWarning("activation not seen in the log", {{"site", job->site}, {"release", job->release}});
    Answer(job);
    End(job);
  });
  Post(job);
}

Millis Activator::Left(const Job& job) const {
  const auto gone = std::chrono::duration_cast<Millis>(loop_.clock().Steady() - job.begun);
  return std::clamp(job.wait - gone, Millis(0), options_.most_wait);
}

void Activator::Post(const JobPtr& job) {
  if (job->round != job->activation->round()) {
    job->round = job->activation->round();
    job->key = options_.random->Hex(16);
  }
  job->asking = true;
  service_->Post({job->site, job->release, job->activation->tags(), job->key, Left(*job)},
                 [this, job, round = job->round](Result<Receipt> result) {
                   OnReceipt(job, round, std::move(result));
                 });
}

void Activator::OnReceipt(const JobPtr& job, int round, Result<Receipt> result) {
  job->asking = false;
  if (job != current_) return;
  if (round != job->activation->round()) return Look(job);  // of a record that was not enough
  if (result) {
    job->activation->OnPosted(std::move(*result));
  } else if (job->activation->state() == Activation::State::kPosting) {
    const bool again = result.error().retryable && Left(*job) > Millis(0);
    if (!again) job->activation->OnRefused(std::move(result.error()));
  }
  Look(job);
}

// Somebody has learned something: what follows?
void Activator::Look(const JobPtr& job) {
  switch (job->activation->state()) {
    case Activation::State::kComplete:
    case Activation::State::kRefused: Answer(job); return End(job);
    case Activation::State::kPosting:
    case Activation::State::kPosted: break;
  }
  const bool posted = job->activation->state() == Activation::State::kPosted;
  if (posted && Left(*job) == Millis(0)) {
    Answer(job);
    // The base must still be looked at; the nodes' part is no longer waited for.
    if (job->activation->applied()) return End(job);
  }
  AskLater(job);
}

void Activator::AskLater(const JobPtr& job) {
  if (job->asking) return;
  // Once answered, only the base is still of interest, and the log tells that.
  if (!job->done && job->activation->state() == Activation::State::kPosted) return;
  const bool posting = job->activation->state() == Activation::State::kPosting;
  const bool new_round = posting && job->round != job->activation->round();
  if (job->retry->running() && !new_round) return;
  job->retry->Start(new_round ? Millis(0) : options_.poll, [this, job] {
    if (job->activation->state() == Activation::State::kPosting) return Post(job);
    job->asking = true;
    service_->Ask(job->activation->receipt().id,
                  [this, job, round = job->round](Result<Receipt> result) {
                    OnReceipt(job, round, std::move(result));
                  });
  });
}

void Activator::Answer(const JobPtr& job) {
  Activated activated;
  const Activation& activation = *job->activation;
  switch (activation.state()) {
    case Activation::State::kRefused: activated.error = activation.error(); break;
    case Activation::State::kPosting:
      activated.error = Error{Code::kTimeout, Side::kUpstream, true,
                              "the purge service did not take the activation in time"};
      break;
    default: activated.receipt = activation.receipt();
  }
  AnswerWith(job, std::move(activated));
}

void Activator::AnswerWith(const JobPtr& job, Activated activated) {
  if (!job->done) return;
  job->caller->Post([done = std::exchange(job->done, nullptr), activated = std::move(activated)] {
    done(activated);
  });
}

void Activator::End(const JobPtr& job) {
  job->StopTimers();
  if (current_ != job) return;
  current_.reset();
  Next();
}

Status Activator::OnRecord(const cache::Record& record) {
  const auto switched = options_.releases->Activate(record.site, record.release, record.seq);
  if (!switched) return Fail(switched.error());
  LogInfo("activated", {{"site", record.site}, {"release", record.release}, {"seq", record.seq}});
  if (!switched->uploaded) {
    LogWarning("the active release has not been uploaded to this shield; push it here",
               {{"site", record.site}, {"release", record.release}});
  }
  loop_.Post(
      [this, weak = token_, site = record.site, seq = record.seq, before = switched->before] {
        if (weak.expired()) return;
        CollectBehind();
        if (current_ == nullptr || current_->site != site || !current_->activation) return;
        const JobPtr job = current_;
        job->activation->OnApplied(seq, before);
        Look(job);
      });
  return {};
}

void Activator::CollectBehind() {
  options_.pool->Run([releases = options_.releases] {
    const auto collected = releases->Collect();
    if (!collected) {
      LogError("cannot collect what is no longer needed",
               {{"error", collected.error().ToString()}});
    } else if (collected->releases + collected->blobs > 0) {
      LogInfo("collected", {{"releases", collected->releases},
                            {"blobs", collected->blobs},
                            {"bytes", collected->bytes}});
    }
  });
}

}  // namespace skerry::shield
