// The driver of a node's side of the log: pulls, applies, makes durable,
// acknowledges, and tells every worker whether the lease holds.
//
// State is in core/cache/purge/node.h; this adds HTTP, timers and the store.
// docs/purge-protocol.md has the exchange and the names in the store.
#pragma once

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/metrics.h"
#include "core/base/secrets.h"
#include "core/base/thread.h"
#include "core/cache/purge/control_store.h"
#include "core/cache/purge/generations.h"
#include "core/cache/purge/node.h"
#include "core/http/upstream/upstream.h"
#include "core/net/loop.h"

namespace skerry::cache {

// What a purge would drop on this node.
struct DropCount {
  uint64_t objects = 0;  // in either tier; each once
  uint64_t bytes = 0;    // of their bodies
  uint64_t ram_objects = 0;
  uint64_t disk_objects = 0;
  bool operator==(const DropCount&) const = default;
};
// Nothing while there is more to look at.
using CountStep = std::function<std::optional<DropCount>()>;

// Owner and thread: one loop, but for the observers at the end.
class PurgeFeed {
 public:
  struct Options {
    std::string name;                       // --node
    std::string incarnation;                // empty: 16 random hex digits
    bool serves_on_partition = false;       // some rule has on_partition = "serve"
    std::string rules;                      // key rules that shape URLs (Journal::Load)
    std::shared_ptr<const Secrets> tokens;  // of --purge_token_file: the first, as it is then
    std::string authority;                  // of the purge service, for Host
    // These, and the loop, outlive the tasks of the pool. The store is used there only.
    Generations* generations = nullptr;
    ControlStore* store = nullptr;
    Pool* pool = nullptr;
    Metrics* metrics = nullptr;  // may be null
    const Clock* clock = &Clock::Real();
    // An activation, in the order of the log, before it is applied to the generations
    // (so that nothing old is stamped new); also the newest of each site where this
    // node begins or has missed some: so it must be idempotent. On the pool, may
    // block; an error holds the log up, and it is called again. A node that has this
    // declares that it serves releases: no activation is complete without its
    // acknowledgement, since a fenced one has nobody to ask. Null: ignored.
    std::function<Status(const Record&)> on_activation;
    // Bounds the generations: called on the pool behind records that were applied, and
    // again until it answers false. What the log brings goes between. Null: unbounded in
    // time, not in number.
    std::function<bool()> forget_some;
    // Begins to count what a purge of these would drop, for dry runs. What it returns is
    // called on the pool, some milliseconds each time, until it answers; what the log
    // brings goes between. Null: this node takes no part in dry runs.
    std::function<CountStep(Selectors)> count;
    // Once, on the loop, when ready() becomes true. May be null.
    std::function<void()> on_ready;
  };

  // Restores what the store has into the generations. Blocks (start-up). An error is
  // the store's: damaged contents only mean that everything cached is kUnknown.
  static Result<std::unique_ptr<PurgeFeed>> Open(Options options);
  ~PurgeFeed();
  PurgeFeed(const PurgeFeed&) = delete;
  PurgeFeed& operator=(const PurgeFeed&) = delete;

  // Pulls through `upstream` until destroyed. Its first-byte timeout must be longer
  // than a third of the lease: 10 s will do.
  void Start(net::Loop& loop, std::unique_ptr<http::Upstream> upstream);

  const std::string& incarnation() const;
  bool given_away() const;
  // Another process of this node is about to open the store, while this one serves on.
  // Thread: the pool's. Afterwards the store is this feed's no longer, and may be closed.
  Status GiveStoreAway();
  // Responses may be stored under these key rules as well: a process that begins with others
  // on the same store validates them. On the pool; returns when that is durable.
  Status AddRules(std::string_view rules);

  // Thread: any, each a load or two.
  Fence fence() const;  // node.h: Holds()
  bool fenced() const { return fence() != Fence::kNone; }
  bool ready() const;
  // For /healthz: an error while fenced, with the reason.
  Status Health() const;
  Seq applied() const;
  Seq head() const;
  // What this process remembers of a record that it has applied: the newest thousand.
  std::optional<AppliedRecord> Find(Seq record) const;  // takes a lock

 private:
  class Driver;
  struct Shared;
  explicit PurgeFeed(std::shared_ptr<Driver> driver);
  std::shared_ptr<Driver> driver_;
  std::shared_ptr<const Shared> shared_;
};

// A node without a purge log has the feed's gauges too, at zero: dashboards need no
// second kind of node.
void AddGaugesWithoutFeed(Metrics& metrics);

}  // namespace skerry::cache
