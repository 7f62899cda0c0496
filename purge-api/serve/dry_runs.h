// Dry runs: nodes count what a purge would drop, and nothing is written. They live in
// memory only: a restarted service knows none of the former's.
//
// A node hears of one with its next pull, again until it has answered, and answers with
// another pull. One that has lost its lease meanwhile is not waited for.
//
// Owner and thread: one loop.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/cache/purge/record.h"
#include "purge-api/accept/request.h"
#include "purge-api/ledger/ledger.h"

namespace skerry::purge {

class DryRuns {
 public:
  // Of the newest so many the results are kept; so many may be under way.
  static constexpr size_t kKept = 100;
  static constexpr size_t kUnderWay = 8;

  DryRuns();

  // `nodes`: all that are known. Answers its id; nothing where too many are under way.
  std::optional<std::string> Begin(cache::Record record, Seq head,
                                   const std::vector<Ledger::NodeView>& nodes, WallTime wall);
  // A pull of this process says that it counts.
  void OnPull(const Member& who) { counting_.insert(NameOf(who)); }
  // False: no such dry run, or not asked of this process.
  bool OnCounted(const Member& who, const Counted& counted, WallTime wall);

  // What this process has not answered yet, as JSON; it has been told then.
  std::vector<std::string_view> AskedOf(const Member& who);
  // Is there something that it was not told?
  bool HasNew(const Member& who) const;

  bool Knows(const std::string& id) const { return runs_.contains(id); }
  // Nobody is waited for: those without a lease are not. REQUIRES: Knows(id).
  bool Complete(const std::string& id, const std::vector<Ledger::NodeView>& nodes) const;
  std::string Body(const std::string& id, const std::vector<Ledger::NodeView>& nodes) const;

 private:
  struct Node {
    std::string name;
    bool told = false;
    std::optional<Counted> counted;
    WallTime at;
  };
  struct Run {
    uint64_t number = 0;
    std::string json;  // of the record that a node is given
    Seq head = 0;
    std::map<std::string, Node> nodes;  // by NameOf
  };
  static std::string NameOf(const Member& who) { return who.incarnation + '/' + who.node; }
  bool Pending(const std::string& who, const Node& node,
               const std::vector<Ledger::NodeView>& nodes) const;

  const std::string prefix_;  // of this process
  uint64_t last_ = 0;
  std::map<std::string, Run> runs_;
  std::deque<std::string> kept_;    // their ids, the oldest first
  std::set<std::string> counting_;  // processes that take part
};

}  // namespace skerry::purge
