#include "tests/simulation/schedule.h"

#include <functional>
#include <memory>
#include <vector>

#include "core/cache/purge/scopes.h"

namespace skerry::simulation {
namespace {

constexpr Micros kLength = 70s;

class Schedule {
 public:
  // Nodes end in order, or make way for another process, in every third schedule: the seeds
  // that were there before stay the schedules they were.
  Schedule(uint64_t seed, const Planted& planted)
      : ends_in_order_(seed % 3 == 0),
        world_(seed),
        network_(world_, SomeFaults(world_)),
        service_(world_, promise_, LedgerOptions(planted)) {
    shield_ = AddNode("shield", true, planted);
    const uint64_t edges = 1 + world_.Below(2);
    for (uint64_t i = 0; i < edges; ++i) {
      AddNode("edge-" + std::to_string(i + 1), false, planted)->SetUpstream(shield_);
    }
    for (const auto& node : nodes_) {
      others_.push_back(ends_in_order_ && node.get() != shield_ ? AddOther(*node, planted)
                                                                : nullptr);
    }
    service_.on_complete = [this] { AskSoon(); };
    service_.leases_before_stored = planted.leases_before_stored;
    PlaceDangers(seed);
  }

  Outcome Run() {
    service_.Start();
    for (const auto& node : nodes_) node->Start();
    EachTime(40ms, 400ms, [this] { AnEdge().Ask(AResource()); });
    EachTime(200ms, 4s, [this] { service_.Post(APurge()); });
    EachTime(3s, 20s, [this] {
      // Whoever activates is a shield that the log knows.
      if (!log_is_new_ && service_.Knows(*shield_)) service_.Post(AnActivation());
    });
    EachTime(1s, 10s, [this] { ANode().Reinsert(); });
    EachTime(1s, 10s, [this] { ANode().ForgetOldGenerations(); });
    Maybe(0.5, [this] { EachTime(2s, 25s, [this] { CrashSomebody(); }); });
    Maybe(0.5, [this] { EachTime(2s, 25s, [this] { PauseSomebody(); }); });
    Maybe(0.6, [this] { EachTime(1s, 20s, [this] { CutSomebodyOff(); }); });
    Maybe(0.2, [this] { EachTime(5s, 40s, [this] { service_.Trim(); }); });
    Maybe(0.2, [this] { EachTime(1s, 20s, [this] { JumpSomebody(); }); });
    if (ends_in_order_) {
      Maybe(0.7, [this] { EachTime(1s, 20s, [this] { EndSomebody(); }); });
      Maybe(0.7, [this] { EachTime(1s, 20s, [this] { HandOver(); }); });
    }
    Maybe(serves_on_partition_ ? 0 : 0.1, [this] { LoseTheLogAt(world_.Between(15s, 40s)); });
    world_.Run(kLength);
    return {promise_.served(), promise_.completed(), promise_.broken()};
  }

 private:
  static Faults SomeFaults(World& world) {
    Faults faults;
    if (world.Chance(0.5)) faults.loss = 0.1 * static_cast<double>(world.Below(100)) / 100;
    if (world.Chance(0.3)) faults.repeat = 0.1;
    if (world.Chance(0.4)) faults.slow = 0.05;
    return faults;
  }
  static purge::Ledger::Options LedgerOptions(const Planted& planted) {
    purge::Ledger::Options options;
    if (planted.no_lease_margin) options.drift_percent = 0;
    return options;
  }

  CacheNode* AddNode(std::string name, bool is_shield, const Planted& planted) {
    CacheNode::Options options{std::move(name), is_shield, world_.Chance(0.15), planted, nullptr};
    serves_on_partition_ = serves_on_partition_ || options.serves_on_partition;
    nodes_.push_back(
        std::make_unique<CacheNode>(world_, network_, promise_, service_, std::move(options)));
    return nodes_.back().get();
  }
  std::unique_ptr<CacheNode> AddOther(CacheNode& node, const Planted& planted) {
    auto other = std::make_unique<CacheNode>(
        world_, network_, promise_, service_,
        CacheNode::Options{node.options().name, false, node.options().serves_on_partition, planted,
                           &node});
    other->SetUpstream(shield_);
    return other;
  }
  // One of its processes that is up, if there is one.
  CacheNode& ProcessOf(size_t node) {
    CacheNode* const other = others_[node].get();
    if (other == nullptr || !other->up()) return *nodes_[node];
    return nodes_[node]->up() && world_.Chance(0.5) ? *nodes_[node] : *other;
  }
  CacheNode& ANode() { return ProcessOf(world_.Below(nodes_.size())); }
  CacheNode& AnEdge() { return ProcessOf(1 + world_.Below(nodes_.size() - 1)); }
  Machine& AMachine() {
    if (world_.Chance(0.3)) return service_;
    return ANode();
  }
  // Half of all requests are for one resource, so that they meet.
  size_t AResource() { return world_.Chance(0.5) ? 0 : world_.Below(Resources().size()); }

  void Maybe(double probability, const std::function<void()>& what) {
    if (world_.Chance(probability)) what();
  }
  void EachTime(Micros least, Micros most, std::function<void()> what) {
    world_.After(world_.Between(least, most), [this, least, most, what] {
      what();
      EachTime(least, most, what);
    });
  }

  // The moment after a receipt is when the promise is easiest to break.
  void AskSoon() {
    for (int i = 0; i < 8; ++i) {
      world_.After(world_.Between(1us, 120ms), [this] { AnEdge().Ask(AResource()); });
    }
  }

  cache::Record APurge() {
    cache::Record record;
    if (world_.Chance(0.25)) record.mode = cache::PurgeMode::kSoft;
    record.immutable = world_.Chance(0.1) && !log_is_new_;
    const Resource& resource = Resources()[AResource()];
    cache::Selectors& named = record.selectors;
    switch (world_.Below(10)) {
      case 0: named.all = true; break;
      case 1: named.hosts.push_back(resource.host); break;
      case 2: named.prefixes.push_back("https://a.example/dir/"); break;
      case 3:
      case 4:
      case 5: named.tags.push_back(world_.Chance(0.5) ? "t1" : "t2"); break;
      default: named.urls.push_back(resource.url); break;
    }
    return record;
  }
  cache::Record AnActivation() {
    cache::Record record;
    record.kind = cache::RecordKind::kActivation;
    record.site = "shop";
    record.release = std::to_string(++last_release_);
    record.selectors.tags = {cache::SitePathTag("shop", "/")};
    return record;
  }

  void CrashSomebody() {
    Machine& machine = AMachine();
    if (!machine.up()) return;
    machine.Crash();
    const Micros down = world_.Chance(0.5) ? world_.Between(1ms, 500ms) : world_.Between(1s, 20s);
    world_.After(down, [this, &machine] { StartAgain(machine); });
  }
  // Where nodes end in order somebody is likely to crash at one kind of moment, so that what
  // holds only by luck meets it within thousands of schedules, not millions. These remainders
  // leave the schedules that once broke the promise what they were.
  void PlaceDangers(uint64_t seed) {
    if (!ends_in_order_) return;
    switch (seed / 3 % 11) {
      case 2: service_.on_join = [this] { CrashSoon(service_); }; break;
      case 3: service_.on_goodbye = [this] { CrashSoon(service_); }; break;
      case 4:
        hand_over_ends_ = [this](CacheNode& old) { CrashSoon(old), CrashSoon(*old.other()); };
        break;
      case 6:
        service_.on_complete = [this] { AskSoon(), CrashSoon(service_), CrashSoon(ANode()); };
        break;
      case 7: service_.on_join = service_.on_goodbye = [this] { CrashSoon(ANode()); }; break;
      default: break;
    }
  }
  void CrashSoon(Machine& machine) {
    if (!world_.Chance(0.3)) return;
    world_.After(world_.Between(1ms, 25ms), [this, &machine] {
      if (!machine.up()) return;
      machine.Crash();
      world_.After(world_.Between(1ms, 500ms), [this, &machine] { StartAgain(machine); });
    });
  }
  // Not beside another process that has its disk.
  void StartAgain(Machine& machine) {
    const bool later = log_lost_ && &machine == &service_;
    const auto* const node = dynamic_cast<CacheNode*>(&machine);
    const bool taken = node != nullptr && node->other() != nullptr && node->other()->up();
    if (!machine.up() && !later && !taken) machine.Start();
  }
  void EndSomebody() {
    CacheNode& node = ANode();
    if (!node.up()) return;
    const Micros drain = world_.Between(0us, 3s);
    node.EndAfter(drain);
    world_.After(drain + world_.Between(1ms, 8s), [this, &node] { StartAgain(node); });
  }
  void HandOver() {
    CacheNode& old = AnEdge();
    CacheNode& next = *old.other();
    if (!old.up() || old.ending() || next.up()) return;
    next.TakeOver();
    world_.After(world_.Between(5ms, 5s), [this, &old, &next] {
      if (!old.up() || !next.up()) return;
      const Micros drain = world_.Between(0us, 5s);
      old.EndAfter(drain);
      if (hand_over_ends_) world_.After(drain, [this, &old] { hand_over_ends_(old); });
    });
  }
  void PauseSomebody() {
    AMachine().Pause(world_.Chance(0.5) ? world_.Between(1ms, 2s) : world_.Between(2s, 14s));
  }
  void CutSomebodyOff() {
    Machine& other = world_.Chance(0.7) ? static_cast<Machine&>(service_) : *shield_;
    CacheNode& node = ANode();
    if (&node != &other) network_.Cut(node, other, world_.Between(100ms, 25s));
  }
  void JumpSomebody() {
    const int64_t by = static_cast<int64_t>(world_.Below(200'000'000)) - 100'000'000;
    AMachine().JumpWall(Millis(by));
  }
  // A new log knows nobody: it may begin once no lease of the old one can hold, and
  // cannot promise anything about what fenced nodes serve all the same.
  void LoseTheLogAt(Micros when) {
    world_.After(when, [this] {
      service_.Crash();
      service_.Wipe();
      log_lost_ = log_is_new_ = true;
      world_.After(Micros(service_.lease()) * 103 / 100, [this] {
        log_lost_ = false;
        service_.Start();
      });
    });
  }

  const bool ends_in_order_;
  std::function<void(CacheNode& old)> hand_over_ends_;
  World world_;
  Network network_;
  Promise promise_;
  PurgeService service_;
  std::vector<std::unique_ptr<CacheNode>> nodes_;   // the shield first
  std::vector<std::unique_ptr<CacheNode>> others_;  // of each, who may take over; or null
  CacheNode* shield_ = nullptr;
  uint64_t last_release_ = 0;
  bool log_lost_ = false;             // and its service not yet back
  bool log_is_new_ = false;           // since then
  bool serves_on_partition_ = false;  // some node
};

}  // namespace

Outcome RunSchedule(uint64_t seed, const Planted& planted) { return Schedule(seed, planted).Run(); }

}  // namespace skerry::simulation
