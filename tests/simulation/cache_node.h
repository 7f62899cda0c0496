// An edge or a shield as the simulation runs it: the program's journal, generations,
// lease, tier check and fill decisions, on a machine that crashes. Bodies are two
// numbers; what is checked is which of them is handed to whom.
#pragma once

#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/cache/fill/state.h"
#include "core/cache/purge/control_store.h"
#include "core/cache/purge/generations.h"
#include "core/cache/purge/journal.h"
#include "core/cache/purge/node.h"
#include "core/cache/purge/tier.h"
#include "tests/simulation/promise.h"
#include "tests/simulation/purge_service.h"
#include "tests/simulation/world.h"

namespace skerry::simulation {

// What is left out, to see that it is missed.
struct Planted {
  bool no_join_check = false;   // any request joins any fill of its key
  bool no_store_check = false;  // stored and restamped without asking the generations
  bool no_tier_check = false;   // the shield answers from its cache whoever asks
  bool no_lease_margin = false;
  bool joins_while_fenced = false;
  bool no_fence = false;
};

class CacheNode : public Machine {
 public:
  struct Options {
    std::string name;
    bool is_shield = false;
    bool serves_on_partition = false;
    Planted planted;
  };
  CacheNode(World& world, Network& network, Promise& promise, PurgeService& service,
            Options options);
  // Edges ask a shield; the shield asks the origin.
  void SetUpstream(CacheNode* shield) { shield_ = shield; }

  // A client asks an edge.
  void Ask(size_t resource);
  // The disk tier moves what is old to its front, at the current position.
  void Reinsert();
  void ForgetOldGenerations();

 private:
  struct Object {
    std::shared_ptr<const cache::Entry> entry;
    Bytes bytes;
    Micros stale_at{0};
  };
  // A request on its way through this node. `reply` is called once, or never.
  struct Request {
    size_t resource = 0;
    Micros begun{0};
    std::optional<cache::AppliedAt> asker;  // of an edge, at its shield
    // Nothing: failed.
    std::function<void(std::optional<Bytes>, bool fresh)> reply;
    int patience = 0;  // how often it may still wait for the log
  };
  struct Fill {
    Fill(uint64_t number, cache::Key key, cache::Stamp stamp)
        : id(number), state(std::move(key), stamp) {}
    uint64_t id;
    cache::FillState state;
    struct Waiter {
      Request request;
      std::optional<Object> if_it_fails;
      bool initiator = false;
    };
    explicit Fill(uint64_t number, cache::Key key) : id(number), state(std::move(key)) {}
    std::vector<Waiter> waiters;
    std::shared_ptr<Fill> next;  // gathers behind this one
    Bytes bytes;
    bool has_head = false;
  };
  using FillPtr = std::shared_ptr<Fill>;

  void OnStart() override;
  void OnCrash() override;

  // The log's side.
  void SendPull();
  void OnPulled(uint64_t id, bool ok, cache::PullAnswer answer);
  void Retry();
  void Begin(cache::PurgeNode::Work work);
  void ApplyFrom(std::shared_ptr<cache::PurgeNode::Work> work, size_t index);
  void MakeDurable(const std::shared_ptr<cache::PurgeNode::Work>& work);
  void Activate(const cache::Record& record);

  // The requests' side.
  bool Fenced(const Resource& resource) const;
  void Handle(Request request);
  bool MayAnswerFromCache(Request& request);
  void Lookup(Request request);
  void Fetch(Request request, std::optional<Object> if_it_fails);
  void BeginGathered(const FillPtr& fill, size_t resource);
  void EndFill(const FillPtr& fill, size_t resource);
  void AskUpstream(const FillPtr& fill, size_t resource);
  void FetchPrivately(Request request);
  void OnHead(const FillPtr& fill, size_t resource, std::optional<Bytes> bytes);
  void OnComplete(const FillPtr& fill, size_t resource);
  void OnFailed(const FillPtr& fill, size_t resource);
  void Store(const Fill& fill, size_t resource);
  std::shared_ptr<cache::Entry> EntryOf(size_t resource, cache::Stamp stamp) const;

  Network& network_;
  Promise& promise_;
  PurgeService& service_;
  const Options options_;
  CacheNode* shield_ = nullptr;

  // What survives a crash.
  cache::MemoryControlStore store_;
  std::map<size_t, Object> disk_;
  uint64_t active_release_ = 0;

  // The process.
  std::unique_ptr<cache::Generations> generations_;
  std::unique_ptr<cache::Journal> journal_;
  std::unique_ptr<cache::PurgeNode> node_;
  std::string incarnation_;
  uint64_t pull_id_ = 0;  // of the pull under way; 0: none
  uint64_t last_id_ = 0;
  std::map<size_t, Object> cache_;
  std::map<size_t, FillPtr> fills_;
};

}  // namespace skerry::simulation
