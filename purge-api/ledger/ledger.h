// Who has applied what: leases, acknowledgements and receipts. No I/O, no clock
// inside: the program and the simulator drive it with the same calls.
//
// A record is complete when every node has applied it or is fenced because its lease
// has run out. The lease of a node runs from *answering* its pull, by the server's
// boot clock, plus 1 % for the drift between two clocks; the node counts the same
// lease from *sending*, so it is fenced before the server believes it is.
//
// A node is a name; each of its processes is an incarnation. While two overlap, both
// count. One that was seen to expire is forgotten as soon as a later process of its
// node is alive. A node that has no lease has none until it has applied the head of
// the answer that gives it one, so nothing up to that head waits for it, unless
// - it serves on partition, or
// - the record is immutable (fenced nodes go on serving content-hashed objects), or
// - the record is an activation and the node serves releases (a fenced shield has
//   nobody to ask which release is active):
// these complete by acknowledgement only.
//
// A process that has said goodbye answers nobody any more: it holds no lease, and is
// fenced whatever it declared. It is not forgotten: what its node has on disk is served
// again by the next process, which knows no newer release and goes on serving what is
// content-hashed, so records of these two kinds wait for that one.
//
// Owner and thread: one loop, which also appends to the log in the order told here.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/cache/entry.h"

namespace skerry::purge {

using cache::Seq;

enum class NodeState : uint8_t {
  kApplied,      // it has acknowledged the record
  kFenced,       // its lease has run out, or it has none until it has applied the record
  kUnreachable,  // its lease has run out, and it declared that it serves all the same
  kPending,      // it may still serve what the record names
};
std::string_view Name(NodeState state);

// What one node owes to one record. `at`: since when it is in that state.
struct NodeReceipt {
  NodeState state = NodeState::kPending;
  Seq seq = 0;  // what it has acknowledged
  WallTime at;
  bool operator==(const NodeReceipt&) const = default;
};
using NodeReceipts = std::map<std::string, NodeReceipt, std::less<>>;

struct Receipt {
  bool complete = false;
  NodeReceipts nodes;
};

// The durable part of an incarnation: a restarted service waits for it.
struct Member {
  std::string node;
  std::string incarnation;
  bool serves_on_partition = false;
  bool serves_releases = false;
  // It has given its store to another process of its node: without a lease it uses nothing,
  // and it leaves nothing behind.
  bool given = false;
  bool ended = false;  // it has said goodbye
  bool operator==(const Member&) const = default;
};

// What a record needs to be complete, beside nodes that apply it.
enum class Needs : uint8_t {
  kFence,       // a fence will do
  kNotice,      // immutable: every node must acknowledge
  kActivation,  // nodes that serve releases must acknowledge
};

class Ledger {
 public:
  struct Options {
    Millis lease{10'000};
    int drift_percent = 1;  // how much faster this clock may run than a node's
    // Expired nodes are forgotten after this, while no record waits for them; never
    // those that serve on partition.
    Millis forget_after = std::chrono::hours(24);
  };
  // `members`: as the former process left them. Their leases may have been given a
  // moment before it ended: none expires for one lease time.
  Ledger(Options options, std::vector<Member> members, Seq head, BootTime now);

  // The next record is durable. REQUIRES: seq == head() + 1.
  void OnAppended(Seq seq, Needs needs, BootTime now, WallTime wall);
  // At start-up: a record of the former process that was not complete. REQUIRES:
  // seq <= head().
  void Reopen(Seq seq, Needs needs, BootTime now, WallTime wall);

  enum class Pulled : uint8_t {
    kKnown,   // go on
    kJoined,  // not (yet) durable as it is: make members() durable, then Grant
    kBeyond,  // it claims records that were never written: not our log (409)
    kEnded,   // a pull from before its goodbye (409)
  };
  // A pull has come. `after`: what it acknowledges; nothing where it names no log.
  Pulled OnPull(const Member& who, std::optional<Seq> after, BootTime now, WallTime wall);
  // members() as they were at that version are durable.
  void OnMembersStored(uint64_t version);
  // Its answer is sent now, with everything up to `head` as the newest. The lease to
  // write into it; 0 where records have come meanwhile that a node without a lease
  // must hear of first, and where a restarted service would not know of the lease.
  Millis Grant(const Member& who, Seq head, BootTime now, WallTime wall);
  // The process of that node answers nobody any more, nor will it ever again; `given` as in
  // Member. Unknown ones too: their pulls may still be on the way.
  void OnGoodbye(std::string_view node, std::string_view incarnation, bool given, BootTime now,
                 WallTime wall);
  // Time has passed; call it at NextExpiry at the latest.
  void OnTime(BootTime now, WallTime wall);
  // When a lease runs out next; nothing while none is held.
  std::optional<BootTime> NextExpiry() const;
  // An operator says that a node is gone for good. False: unknown.
  bool Remove(std::string_view node, BootTime now, WallTime wall);

  Seq head() const { return head_; }
  const Options& options() const { return options_; }
  // The state of an open record; nothing once it is complete or was never opened.
  std::optional<Receipt> Open(Seq seq) const;
  // Records that became complete since the last call, with their last states.
  std::vector<std::pair<Seq, Receipt>> TakeCompleted();

  // Membership, in the order in which they came; the version changes with it.
  std::vector<Member> members() const;
  uint64_t members_version() const { return members_version_; }
  struct NodeView {
    Member member;
    bool leased = false;
    Seq acked = 0;
    Millis lease_left{0};
    WallTime seen;
  };
  std::vector<NodeView> Nodes(BootTime now) const;

 private:
  struct Incarnation {
    Member member;
    uint64_t version = 0;  // of the members in which it stands as it is
    Seq acked = 0;
    bool leased = false;
    BootTime lease_until{};  // by this clock, drift included
    Seq resumes_at = 0;      // fenced up to here until it has applied it
    WallTime acked_at;
    WallTime seen;
    BootTime seen_boot{};
  };
  struct OpenRecord {
    Needs needs = Needs::kFence;
    NodeReceipts nodes;
  };

  Incarnation* Find(std::string_view node, std::string_view incarnation);
  bool HasEnded(const Member& who) const;
  BootTime LeaseEnd(BootTime now) const;
  NodeState StateOf(const Incarnation& who, Seq seq, Needs needs) const;
  bool Settled(NodeState state, Needs needs) const;
  void Refresh(Seq from, Seq to, WallTime wall);
  bool RefreshOne(Seq seq, OpenRecord& record, WallTime wall);
  bool DropEnded(BootTime now);

  Options options_;
  Seq head_ = 0;
  std::vector<Incarnation> incarnations_;  // in the order in which they came
  uint64_t members_version_ = 0;
  uint64_t stored_version_ = 0;                            // of the members that are durable
  std::deque<std::pair<std::string, std::string>> ended_;  // the newest goodbyes
  std::map<Seq, OpenRecord> open_;
  std::vector<std::pair<Seq, Receipt>> completed_;
};

}  // namespace skerry::purge
