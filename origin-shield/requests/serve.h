// What a worker does with a request: the upload API, a release's files, or the
// caching gateway towards --origin.
//
//   Skerry-* fields without a node's token   403
//   /v1/sites/…, /v1/blobs/… (not from edges)  upload.h
//   a path that a release has                  respond.h, from Pieces
//   everything else                            the gateway; without an origin 404
//
// An edge that has applied more of the purge log than this shield waits a moment for
// it to catch up. If it does not, what may have changed is answered for nobody to keep.
#pragma once

#include <chrono>
#include <functional>
#include <memory>
#include <string>

#include "core/base/clock.h"
#include "core/cache/purge/tier.h"
#include "core/gateway/counters.h"
#include "core/gateway/gateway.h"
#include "core/gateway/tier.h"
#include "core/http/server/server.h"
#include "core/net/loop.h"
#include "origin-shield/requests/upload.h"
#include "origin-shield/respond/pieces.h"
#include "origin-shield/store/releases.h"

namespace skerry::shield {

// Shared by all workers; outlives them. Immutable after start. Thread: any.
struct Serving {
  const Releases* releases = nullptr;
  Pieces* pieces = nullptr;
  const Uploads* uploads = nullptr;
  gateway::Tier tier;  // credentials between tiers
  // How much of the purge log is applied here; null: this shield follows none.
  std::function<cache::AppliedAt()> applied;
  gateway::AccessLog* access_log = nullptr;  // null: off
  const Clock* clock = &Clock::Real();
  Millis catch_up = Millis(250);  // at most, for an edge that is ahead
  Millis look_again = Millis(5);  // meanwhile
};

// Owner and thread: one worker's loop.
class Service {
 public:
  // `gateway`: towards --origin; null: there is none.
  Service(net::Loop& loop, const Serving& serving, gateway::Counters& counters,
          gateway::Gateway* gateway)
      : loop_(loop), serving_(serving), counters_(counters), gateway_(gateway) {}

  // What http::Server calls for a request. Never null.
  std::shared_ptr<http::StreamEvents> OnRequest(std::shared_ptr<http::ServerStream> stream);

  net::Loop& loop() { return loop_; }
  const Serving& serving() const { return serving_; }
  gateway::Counters& counters() { return counters_; }
  gateway::Gateway* gateway() { return gateway_; }

 private:
  net::Loop& loop_;
  const Serving& serving_;
  gateway::Counters& counters_;
  gateway::Gateway* gateway_;
};

}  // namespace skerry::shield
