// A node's side of the log: what it pulls, applies and acknowledges, and whether
// its lease holds. No I/O, no clock inside: the program and the simulator drive it
// with the same calls. docs/purge-protocol.md has the exchange.
//
// A pull acknowledges the applied position and asks for a lease; the node counts
// the lease from *sending* the pull on boot time, the server from *answering*,
// plus 1 % drift. A node begins fenced.
//
// Order of calls, one pull at a time:
//   NextPull, OnSent, then one of
//     OnAnswer, the work it gives, OnApplied
//     OnWrongLog                (409)
//     OnFailed                  (no answer, or one that makes no sense)
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/cache/purge/record.h"

namespace skerry::cache {

// What GET /v1/log answers.
struct PullAnswer {
  std::string log_id;
  Seq head = 0;                  // newest position of the log
  Millis lease{0};               // 0: none granted
  std::vector<Record> records;   // the next ones in order, no gap after the asked position;
                                 // none although head is further: they are no longer kept
  std::vector<Record> releases;  // where a node begins or has a gap: the newest
                                 // activation of each site
  // What it is asked to count (a dry run), by their ids; not of the log: their seq means
  // nothing.
  std::vector<Record> counts = {};
  bool operator==(const PullAnswer&) const = default;
};
std::string ToJson(const PullAnswer& answer);
Result<PullAnswer> PullAnswerFromJson(std::string_view json);

// Why objects must be validated upstream before they are used (and are not used where
// that fails). A request that is fenced shares no fetch that began before it.
enum class Fence : uint8_t {
  kNone,
  kPartition,  // the lease has run out
  kStart,      // this process has held no lease yet
  kFull,       // no log knows what this process has: nobody waits for it, whatever the record
};
std::string_view Name(Fence fence);

// Does a fence hold for this object? `serves_on_partition`: its rule says so, and this
// node's pulls have declared it; the log then keeps receipts open until this node has
// heard. For content-hashed objects the same is true of immutable purges.
bool Holds(Fence fence, bool serves_on_partition, bool content_hashed);

class PurgeNode {
 public:
  // What was durable when the process started; empty log_id: nothing.
  struct Durable {
    std::string log_id;
    Seq applied = 0;
    // Another process has acknowledged in this node's name what is not in the store (it had
    // given it away, Journal::GiveAway). Then nothing in it is believed before the first
    // lease, immutable purges included: kFull in place of kStart.
    bool may_lack = false;
  };
  explicit PurgeNode(Durable durable);

  // The next GET /v1/log?….
  struct Pull {
    std::string log_id;  // empty: not known yet
    Seq after = 0;       // acknowledges everything up to here
    Millis wait{0};      // 0 while fenced, else a third of the lease
  };
  Pull NextPull(BootTime now) const;
  void OnSent(BootTime now);

  // What the driver must do with an answer, in this order: act on `releases` and
  // apply `records` to the generations (an activation is acted on first, so that
  // nothing old is stamped new); with `reset`, Generations::Reset(reset_head) comes
  // before the records; make all that durable; then call OnApplied(position).
  struct Work {
    bool reset = false;  // another log, or a gap: what was fetched before is unknown
    std::string log_id;
    Seq reset_head = 0;
    std::vector<Record> releases;
    std::vector<Record> records;
    Seq position = 0;  // applied when all this is done
  };
  // An answer that contradicts itself or the pull is kInvalid: call OnFailed.
  Result<Work> OnAnswer(PullAnswer answer);
  void OnApplied(Seq applied);
  // No answer, one that was refused, or one whose work could not be done: the next
  // pull asks the same again. Returns how long to wait before it.
  Millis OnFailed();
  // The server knows another log id (409): fenced at once, the next pull names none.
  void OnWrongLog();

  // Another process of this node takes over, and this one serves on without the store. The
  // log may not know this one, or forget it when its lease has run out: without a lease
  // nothing is used.
  void OnStoreGivenAway() { begins_full_ = ends_full_ = true; }

  Fence fence(BootTime now) const;
  // While no lease was held: kStart or kFull.
  Fence begins_with() const {
    return log_id_.empty() || begins_full_ ? Fence::kFull : Fence::kStart;
  }
  bool fenced(BootTime now) const { return fence(now) != Fence::kNone; }
  // Until when the last lease holds; nothing: none was held.
  std::optional<BootTime> lease_until() const { return lease_until_; }
  // True once a first lease was held with the head of that moment applied.
  bool ready() const { return ready_; }
  Seq applied() const { return applied_; }
  Seq head() const { return head_; }
  const std::string& log_id() const { return log_id_; }

 private:
  Status CheckRecords(const PullAnswer& answer) const;

  bool begins_full_ = false;  // in place of kStart
  bool ends_full_ = false;    // in place of kPartition
  std::string log_id_;
  Seq applied_ = 0;
  Seq head_ = 0;
  Millis lease_{0};                  // as last granted
  std::optional<BootTime> sent_at_;  // of the pull under way
  std::optional<BootTime> lease_until_;
  std::optional<BootTime> granted_until_;  // counts once granted_head_ is applied
  Seq granted_head_ = 0;
  std::string answered_log_;  // becomes log_id_ with OnApplied
  bool ready_ = false;
  uint32_t failures_ = 0;
};

}  // namespace skerry::cache
