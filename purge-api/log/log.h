// The log: records in one order, durable before anybody hears of them. Beside it,
// what must survive with it: idempotency keys, membership, receipts.
//
// An interface, so that a replicated engine can take the place of the embedded one
// (RocksDB, rocks_log.h) without the service noticing.
//
// Thread: any but a loop's; every call may block. Append, PutMembers and PutReceipt
// are called one at a time.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/cache/purge/record.h"
#include "purge-api/ledger/ledger.h"
#include "purge-api/log/search.h"

namespace skerry::purge {

// A record that is to be written.
struct Draft {
  cache::Record record;  // without seq and id
  std::string key;       // Idempotency-Key, with whose it is; empty: none
  std::string digest;    // of the request: the same key with another one is refused
  std::string who;       // short digest of the token
  WallTime at;
};

struct Written {
  enum class Outcome : uint8_t {
    kNew,
    kRepeated,  // the key was used for the same request: this is its record
    kMismatch,  // the key was used for another request: nothing was written
  };
  Outcome outcome = Outcome::kNew;
  cache::Seq seq = 0;
  std::string id;
  Needs needs = Needs::kFence;
  std::string json;  // the record; empty unless kNew
};

// One record, looked up by its id.
struct Found {
  cache::Seq seq = 0;
  std::optional<Receipt> receipt;  // of a complete one
};

Needs NeedsOf(const cache::Record& record);

class Log {
 public:
  // What was durable when it was opened.
  struct State {
    std::string id;  // hex; new with every new log
    cache::Seq head = 0;
    std::vector<Member> members;
    std::vector<std::pair<cache::Seq, Needs>> open;  // not complete yet
  };

  virtual ~Log() = default;
  virtual const State& opened() const = 0;

  // All of them with one sync, in this order; nothing at all on an error.
  virtual Result<std::vector<Written>> Append(const std::vector<Draft>& drafts) = 0;
  // Records behind `after` as JSON, in order: as many as fit into `most_bytes`, one at
  // least. None: it is the head, or they are no longer kept.
  virtual Result<std::vector<std::string>> Read(cache::Seq after, size_t most_bytes) = 0;
  // The newest activation of each site, as JSON.
  virtual Result<std::vector<std::string>> Releases() = 0;
  // kNotFound: no such record, or no longer kept.
  virtual Result<Found> Find(std::string_view id) = 0;
  virtual Result<Pasts> List(const Search& search) = 0;

  // Synced: a restarted service waits for these.
  virtual Status PutMembers(const std::vector<Member>& members) = 0;
  // Not synced: a receipt that is lost is completed again.
  virtual Status PutReceipts(const std::vector<std::pair<cache::Seq, Receipt>>& receipts) = 0;
};

}  // namespace skerry::purge
