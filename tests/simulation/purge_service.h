// The purge service as the simulation runs it: the program's ledger and the order of
// its steps (durable, then told to the ledger, then answered), on a machine that
// crashes.
#pragma once

#include <deque>
#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "core/cache/purge/node.h"
#include "purge-api/ledger/ledger.h"
#include "tests/simulation/promise.h"
#include "tests/simulation/world.h"

namespace skerry::simulation {

class PurgeService : public Machine {
 public:
  struct Pull {
    purge::Member who;
    cache::PurgeNode::Pull asked;
    // 200 with an answer, or 409.
    std::function<void(bool ok, const cache::PullAnswer&)> reply;
  };

  PurgeService(World& world, Promise& promise, purge::Ledger::Options options);

  // A backend's request; the record without seq.
  void Post(cache::Record record);
  void OnPull(Pull pull);
  void OnGoodbye(const std::string& node, const std::string& incarnation, bool given);

  // Drops the older half of the log: nodes that were away too long find a gap.
  void Trim();
  // The machine was lost with all its data.
  void Wipe();
  bool Knows(const Machine& node) const;
  Millis lease() const { return options_.lease; }
  // Called whenever something became complete.
  std::function<void()> on_complete;
  // Called whenever a process was seen that is not durable.
  std::function<void()> on_join;
  std::function<void()> on_goodbye;
  // A planted fault.
  bool leases_before_stored = false;

 private:
  void OnStart() override;
  void OnCrash() override;

  void Append(cache::Record record);
  void Answer(const Pull& pull);
  void SendAnswer(const Pull& pull, cache::PullAnswer answer);
  void Hold(Pull pull);
  void AfterEvent();
  // In the order of the calls.
  void StoreMembers(Micros takes, std::function<void()> then);

  const purge::Ledger::Options options_;
  Promise& promise_;

  struct Durable {
    std::string log_id;
    std::vector<cache::Record> records;
    cache::Seq first_kept = 1;
    std::vector<purge::Member> members;
    std::set<cache::Seq> complete;
    std::map<std::string, cache::Record> releases;
  } durable_;
  cache::Seq written() const { return durable_.records.size(); }

  // The process.
  std::unique_ptr<purge::Ledger> ledger_;
  std::map<uint64_t, Pull> held_;
  uint64_t last_held_ = 0;
  uint64_t stored_members_ = 0;               // version of the membership that is (being) stored
  std::deque<std::function<void()>> writes_;  // that the writer has before it
  std::optional<BootTime> alarm_;
};

}  // namespace skerry::simulation
