// A caching reverse proxy (a gateway, RFC 9110 3.7): what skerry-edge and
// skerry-shield do with a request. docs/life-of-a-request.md walks through it;
// exchange.cc has the steps in order.
//
// A Gateway belongs to one worker. What workers share is in Shared, and listed in
// docs/threads.md.
#pragma once

#include <atomic>
#include <functional>
#include <memory>
#include <string>
#include <unordered_set>
#include <vector>

#include "core/base/metrics.h"
#include "core/base/thread.h"
#include "core/cache/disk/disk.h"
#include "core/cache/fill/table.h"
#include "core/cache/purge/generations.h"
#include "core/cache/purge/node.h"
#include "core/cache/purge/tier.h"
#include "core/cache/ram.h"
#include "core/cache/search_aliases.h"
#include "core/gateway/access_log.h"
#include "core/gateway/counters.h"
#include "core/gateway/pace.h"
#include "core/gateway/route.h"
#include "core/gateway/tier.h"
#include "core/http/server/server.h"
#include "core/http/upstream/upstream.h"
#include "core/net/loop.h"

namespace skerry::gateway {

class Upgrades;

// Process-wide. Owner: the program; outlives every Gateway. Thread: any.
struct Shared {
  std::string name;  // "skerry-edge": our member in Cache-Status and Via
  cache::Ram* ram = nullptr;
  cache::Disk* disk = nullptr;  // may be null: memory only
  cache::Generations* generations = nullptr;
  Pool* compute = nullptr;       // compression
  Upgrades* upgrades = nullptr;  // null: hot objects stay as they were compressed
  Metrics* metrics = nullptr;
  const Clock* clock = &Clock::Real();
  // Whether purgeable objects must be validated before they are used. Called on
  // every hit: one atomic load.
  std::function<cache::Fence()> fence = [] { return cache::Fence::kNone; };
  Tier tier;                     // credentials between tiers
  uint64_t keep_bytes = 8_MiB;   // bodies up to this are offered to the RAM tier
  size_t variants_per_key = 16;  // on disk; beyond that the oldest goes, counted

  // Of refreshes behind what was purged softly, which are left out beyond it, and of what
  // a fence sends upstream, which waits.
  Pace pace;

  cache::FillTable fills;
  cache::UnshareableKeys unshareable;
  cache::SearchAliases aliases;  // of responses with No-Vary-Search
};

class QuickHits;
class Retrieval;

// Owner and thread: one worker's loop.
class Gateway {
 public:
  struct Options {
    std::shared_ptr<const Classifier> classifier;
    std::vector<std::unique_ptr<http::Upstream>> upstreams;
    std::vector<bool> upstream_is_shield;  // by index: speaks Skerry-* with us
    AccessLog* access_log = nullptr;       // null: off
    size_t most_tunnels = 128;  // WebSockets at one time; each holds a connection upstream
  };
  Gateway(net::Loop& loop, Shared& shared, Options options);
  ~Gateway();
  Gateway(const Gateway&) = delete;
  Gateway& operator=(const Gateway&) = delete;

  // What http::Server calls for a request. Never null.
  std::shared_ptr<http::StreamEvents> OnRequest(const std::shared_ptr<http::ServerStream>& stream);

  // A new configuration for requests that begin from now on. Upstreams that its routes
  // name by a further index are added before.
  void SetClassifier(std::shared_ptr<const Classifier> classifier);
  void AddUpstream(std::unique_ptr<http::Upstream> upstream, bool is_shield);

  net::Loop& loop() { return loop_; }
  Shared& shared() { return shared_; }
  Counters& counters() { return counters_; }
  AccessLog* access_log() { return options_.access_log; }
  const Classifier& classifier() const { return *options_.classifier; }
  http::Upstream* upstream(size_t index);
  bool upstream_is_shield(size_t index) const;

  // Keeps a retrieval alive until Release: it outlives the request that began it
  // when others wait or when it is a refresh behind a stale answer.
  void Keep(std::shared_ptr<Retrieval> retrieval);
  void Release(const std::shared_ptr<Retrieval>& retrieval);
  size_t retrievals() const { return retrievals_.size(); }

  // A place for one more WebSocket, until it is destroyed; null if there is none.
  std::shared_ptr<void> EnterTunnel();

 private:
  net::Loop& loop_;
  Shared& shared_;
  Options options_;
  Counters counters_;
  std::unique_ptr<QuickHits> quick_hits_;
  std::unordered_set<std::shared_ptr<Retrieval>> retrievals_;
  const std::shared_ptr<size_t> tunnels_ = std::make_shared<size_t>(0);
};

}  // namespace skerry::gateway
