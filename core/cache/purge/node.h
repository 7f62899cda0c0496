// A node's side of the log: what it pulls, applies and acknowledges, and whether
// its lease holds. No I/O, no clock inside: the program and the simulator drive it
// with the same calls. docs/purge-protocol.md has the exchange.
//
// A pull acknowledges the applied position and asks for a lease; the node counts
// the lease from *sending* the pull on boot time, the server from *answering*,
// plus 1 % drift. A node begins fenced.
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
  Seq head = 0;                 // newest position of the log
  Millis lease{0};              // 0: none granted
  std::vector<Record> records;  // the next ones in order, no gap after the asked position
};
std::string ToJson(const PullAnswer& answer);
Result<PullAnswer> PullAnswerFromJson(std::string_view json);

class PurgeNode {
 public:
  struct Options {
    std::string name;
    std::string incarnation;           // random hex, new with every process
    bool serves_on_partition = false;  // some rule has on_partition = "serve"
  };
  // What was durable when the process started; empty log_id: nothing.
  struct Durable {
    std::string log_id;
    Seq applied = 0;
  };
  PurgeNode(Options options, Durable durable);

  // The next GET /v1/log?…, and when it may be sent.
  struct Pull {
    std::string log_id;  // empty: not known yet
    Seq after = 0;       // acknowledges everything up to here
    Millis wait{0};      // 0 at first, then up to a third of the lease
  };
  Pull NextPull() const;
  void OnSent(BootTime now);

  // What the driver must do with an answer, in this order: if `reset`, forget the
  // generations and start at reset_head (durably); apply `records` (durably, synced)
  // to the generations; then call OnApplied.
  struct Work {
    bool reset = false;  // another log, or a gap: everything purgeable becomes stale
    std::string log_id;
    Seq reset_head = 0;
    std::vector<Record> records;
  };
  Result<Work> OnAnswer(PullAnswer answer, BootTime now);
  void OnApplied(Seq applied);
  // No answer, or one that was refused. Returns how long to wait before the next.
  Millis OnFailed(BootTime now);
  // The server knows another log id (409): the next pull names none.
  void OnWrongLog();

  // Fenced: purgeable objects must be validated upstream before they are used.
  bool fenced(BootTime now) const;
  // True once a first lease was held with the head of that moment applied.
  bool ready() const;
  Seq applied() const;
  Seq head() const;
  std::string_view log_id() const;

 private:
  Options options_;
  std::string log_id_;
  Seq applied_ = 0;
  Seq head_ = 0;
  std::optional<BootTime> sent_at_;
  std::optional<BootTime> lease_until_;  // granted, counts once the head of then is applied
  std::optional<BootTime> pending_until_;
  Seq pending_head_ = 0;
  bool ready_ = false;
  uint32_t failures_ = 0;
};

}  // namespace skerry::cache
