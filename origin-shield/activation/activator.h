// Drives activations: releases, pool, purge service, and the records that come back
// through the log. The decisions are activation.h's.
#pragma once

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/random.h"
#include "core/base/result.h"
#include "core/base/thread.h"
#include "core/cache/purge/generations.h"
#include "core/cache/purge/record.h"
#include "core/net/loop.h"
#include "origin-shield/activation/activation.h"
#include "origin-shield/activation/purge_service.h"
#include "origin-shield/activation/receipt.h"
#include "origin-shield/store/releases.h"

namespace skerry::shield {

// What an activation came to. One of three: the release is not complete (`missing`),
// it failed (`error`), or the log has it.
struct Activated {
  std::optional<Error> error;
  std::vector<Sha256Digest> missing;
  Receipt receipt;
};

// One at a time, so that each difference is made from what the one before it left.
// Owner: the process. Thread: its loop, but for Activate and OnRecord. It must outlive
// the pool's tasks and the feed.
class Activator {
 public:
  struct Options {
    Releases* releases = nullptr;
    cache::Generations* generations = nullptr;  // of the cache behind --origin
    Pool* pool = nullptr;
    std::string node;                             // in receipts of our own
    Millis give_up = std::chrono::seconds(60);    // on a record that never comes back
    Millis poll = Millis(200);                    // between questions for a receipt
    Millis most_wait = std::chrono::seconds(20);  // of one question
    const Clock* clock = &Clock::Real();
    Random* random = &Random::Secure();
  };
  // Without a service (null) activations act here at once.
  Activator(net::Loop& loop, Options options, std::unique_ptr<PurgeService> service);
  ~Activator();

  // `done` is called once, on `caller`, at the latest when `wait` has run out after
  // the log has it. Thread: any.
  using Done = std::function<void(Activated)>;
  void Activate(std::string site, std::string release, Millis wait, net::Loop& caller, Done done);

  // An activation of the log: switches, durably. For PurgeFeed::Options::on_activation.
  // Thread: the pool's; blocks.
  Status OnRecord(const cache::Record& record);

  // Answers nothing and begins nothing more.
  void Stop();

 private:
  struct Job;
  struct Prepared;
  using JobPtr = std::shared_ptr<Job>;
  void Next();
  void Prepare(const JobPtr& job);
  void OnPrepared(const JobPtr& job, Prepared prepared);
  static Prepared PrepareOn(Releases& releases, const std::string& site,
                            const std::string& release);
  Activated ActivateHere(const Job& job);
  void Post(const JobPtr& job);
  void OnReceipt(const JobPtr& job, int round, Result<Receipt> result);
  void AskLater(const JobPtr& job);
  void Look(const JobPtr& job);
  void Answer(const JobPtr& job);
  void AnswerWith(const JobPtr& job, Activated activated);
  void End(const JobPtr& job);
  void CollectBehind();
  Millis Left(const Job& job) const;

  net::Loop& loop_;
  const Options options_;
  std::unique_ptr<PurgeService> service_;
  const bool has_log_;
  std::deque<JobPtr> waiting_;
  JobPtr current_;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
  const std::weak_ptr<bool> token_ = alive_;  // what tasks hold: expired after Stop
};

}  // namespace skerry::shield
