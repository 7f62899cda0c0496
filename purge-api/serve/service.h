// The purge service: what each request of the API does, without sockets.
// docs/purge-protocol.md is its contract; serve/front.h puts it behind HTTP.
//
// A purge: accept/ checks it, batch/ makes it durable together with its neighbours,
// ledger/ opens its receipt, held pulls are answered, nodes acknowledge with their
// next pull, the ledger completes it, and whoever waits is answered.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/metrics.h"
#include "core/base/thread.h"
#include "core/net/loop.h"
#include "purge-api/accept/request.h"
#include "purge-api/adapt/shape.h"
#include "purge-api/batch/batch.h"
#include "purge-api/ledger/ledger.h"
#include "purge-api/log/log.h"
#include "purge-api/serve/dry_runs.h"
#include "purge-api/serve/exchange.h"
#include "purge-api/serve/tail.h"

namespace skerry::purge {

// Owner and thread: one loop.
class Service {
 public:
  struct Options {
    Millis lease{10'000};
    Access access;
    uint32_t rate = 0;               // purges a second and token; 0: without bound
    ByteCount answer_bytes = 4_MiB;  // of records in one answer to a pull
    ByteCount tail_bytes = 32_MiB;   // newest records kept in memory
    Batch::Options batch;
    std::vector<Zone> zones;  // for whom requests of other shapes are translated
    const Clock* clock = &Clock::Real();
  };
  // Pools, log, metrics and loop outlive it and its tasks. `writer` has one thread.
  Service(net::Loop& loop, Pool& writer, Pool& reader, Log& log, Metrics& metrics, Options options);
  ~Service();
  Service(const Service&) = delete;
  Service& operator=(const Service&) = delete;

  // `reply` is called once, on the loop, perhaps from inside this call; never after
  // Cancel. Returns a number for Cancel.
  uint64_t Handle(Request request, Reply reply);
  // Whoever asked is gone: a pull that was held gets no lease.
  void Cancel(uint64_t call);

  // For new requests.
  void SetAccess(Access access) { options_.access = std::move(access); }
  // Held pulls and waiting requests are answered with what is known, so that
  // connections can drain; from then on nothing is held.
  void StopHolding();

 private:
  // A pull that waits for a record.
  struct Held {
    LogQuery asked;
    net::Loop::TimerId timer = 0;
  };
  // A request that waits for a receipt.
  struct Waiter {
    cache::Seq seq = 0;
    net::Loop::TimerId timer = 0;
    std::string dry_run = {};  // its id, where it waits for that
  };

  // How a request enters and leaves.
  void Dispatch(uint64_t call, Request request);
  std::optional<Answer> Refuse(Request& request) const;
  // One more of this token? The fields tell how many are left (RateLimit).
  bool TakeTurn(const std::string& who, http::Fields& fields);
  void Send(uint64_t call, Answer answer);
  void OnPool(Pool& pool, std::function<std::function<void()>(Log&)> work);
  Answer Metric() const;

  // Purges and activations.
  void PostPurge(uint64_t call, Request request, bool activation);
  void OnParsed(uint64_t call, const Request& request, Checked<Accepted> accepted);
  void OnWritten(uint64_t call, Millis wait, const Result<Written>& written);
  void OnBatchWritten();
  void ListPurges(uint64_t call, const std::string& query);
  void GetPurge(uint64_t call, const std::string& id, int status = 200);
  void AnswerReceipt(uint64_t call, cache::Seq seq, Millis wait);
  void BeginDryRun(uint64_t call, Accepted accepted);
  void AnswerDryRun(uint64_t call, const std::string& id, Millis wait, int status);
  void AnswerDryRuns();
  std::string ReceiptBody(cache::Seq seq, Receipt receipt) const;
  std::optional<Receipt> ReceiptOf(cache::Seq seq) const;

  // Nodes.
  void GetNodes(uint64_t call);
  void DeleteNode(uint64_t call, const std::string& name, const std::string& query);
  void GetLog(uint64_t call, const std::string& query);
  void HoldOrAnswer(uint64_t call, LogQuery asked);
  void AnswerPull(uint64_t call, const LogQuery& asked);
  void SendRecords(uint64_t call, const LogQuery& asked, cache::Seq head,
                   const std::vector<std::string_view>& records, bool with_releases);
  static Member MemberOf(const LogQuery& asked);
  void AnswerHeld();

  // After everything that may have changed the ledger.
  void AfterLedger();
  // Makes the members of the ledger durable as they are now, then says whether they are.
  void StoreMembers(std::function<void(const Status&)> then);
  void ArmAlarm();
  BootTime Boot() const { return options_.clock->Boot(); }
  WallTime Wall() const { return options_.clock->Wall(); }
  std::string IdOf(cache::Seq seq) const;

  net::Loop& loop_;
  Pool& writer_;
  Pool& reader_;
  Log& log_;
  Metrics& metrics_;
  Options options_;
  Ledger ledger_;
  Batch batch_;
  Tail tail_;
  DryRuns dry_runs_;
  std::map<std::string, std::string> releases_;  // site → newest activation, JSON
  std::map<cache::Seq, Receipt> recent_;         // complete ones, the newest
  std::map<cache::Seq, SteadyTime> begun_;       // open ones, for the histogram
  struct Turns {
    double left = 0;
    SteadyTime at;
  };
  std::map<std::string, Turns> turns_;  // by who; only where there is a rate
  uint64_t last_call_ = 0;
  std::map<uint64_t, Reply> calls_;
  std::map<uint64_t, Held> held_;
  std::map<uint64_t, Waiter> waiters_;
  uint64_t stored_members_ = 0;  // version of the membership that is (being) stored
  net::Timer alarm_;
  bool holding_ = true;
  std::shared_ptr<bool> alive_ = std::make_shared<bool>(true);
};

}  // namespace skerry::purge
