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
  bool early_goodbye = false;         // said when it begins to drain
  bool serves_on_given_away = false;  // and uses what it has when its lease has run out
  bool takes_over_as_new = false;     // with the fence of a process that was restarted
  bool leases_before_stored = false;  // the service; a restart forgets who had the lease
};

class CacheNode : public Machine {
 public:
  struct Options {
    std::string name;
    bool is_shield = false;
    bool serves_on_partition = false;
    Planted planted;
    // The same node's other process, where one may take over from the other: a machine of
    // its own here, with the same disk.
    CacheNode* other = nullptr;
  };
  CacheNode(World& world, Network& network, Promise& promise, PurgeService& service,
            Options options);
  // Edges ask a shield; the shield asks the origin.
  void SetUpstream(CacheNode* shield) { shield_ = shield; }

  const Options& options() const { return options_; }
  CacheNode* other() const { return other_; }

  // A client asks an edge.
  void Ask(size_t resource);
  // It goes on answering for so long, then ends and says goodbye.
  void EndAfter(Micros drain);
  bool ending() const { return ending_; }
  // Starts in place of the other process, which gives its disk away and serves on.
  void TakeOver();
  // The disk tier moves what is old to its front, at the current position.
  void Reinsert();
  void ForgetOldGenerations();

 private:
  struct Object {
    std::shared_ptr<const cache::Entry> entry;
    Bytes bytes;
    Micros stale_at{0};
  };
  // What survives a crash. One process at a time has it.
  struct Disk {
    cache::MemoryControlStore control;
    std::map<size_t, Object> objects;
    uint64_t active_release = 0;
  };
  // What a process writes after it has given the disk away is in its memory only.
  class Control : public cache::ControlStore {
   public:
    explicit Control(cache::ControlStore& disk) : disk_(disk) {}
    Result<std::string> Get(std::string_view name) override { return Now().Get(name); }
    Status Put(const std::vector<std::pair<std::string, std::string>>& values) override {
      return Now().Put(values);
    }
    void GiveAway() { given_ = true; }

   private:
    cache::ControlStore& Now() { return given_ ? memory_ : disk_; }
    cache::ControlStore& disk_;
    cache::MemoryControlStore memory_;
    bool given_ = false;
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

  void GiveDiskAway();
  void SayGoodbye(const std::string& incarnation, bool given);

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

  std::shared_ptr<Disk> disk_;
  CacheNode* other_ = nullptr;

  // The process.
  std::unique_ptr<Control> control_;
  bool has_disk_ = false;
  bool ending_ = false;
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
