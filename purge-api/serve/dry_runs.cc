#include "purge-api/serve/dry_runs.h"

#include <algorithm>
#include <nlohmann/json.hpp>
#include <utility>

#include "core/base/random.h"

namespace skerry::purge {

using Json = nlohmann::ordered_json;

DryRuns::DryRuns() : prefix_("dry-" + Random::Secure().Hex(4) + '-') {}

std::optional<std::string> DryRuns::Begin(cache::Record record, Seq head,
                                          const std::vector<Ledger::NodeView>& nodes,
                                          WallTime wall) {
  const auto under_way = std::count_if(
      runs_.begin(), runs_.end(), [&](const auto& run) { return !Complete(run.first, nodes); });
  if (static_cast<size_t>(under_way) >= kUnderWay) return std::nullopt;
  Run run;
  run.number = record.seq = ++last_;
  record.id = prefix_ + std::to_string(last_);
  run.json = cache::ToJson(record);
  run.head = head;
  std::set<std::string> processes;
  for (const Ledger::NodeView& view : nodes) {
    const std::string who = NameOf(view.member);
    processes.insert(who);
    run.nodes[who] = {view.member.node, false, std::nullopt, wall};
  }
  std::erase_if(counting_, [&](const std::string& who) { return !processes.contains(who); });
  runs_[record.id] = std::move(run);
  kept_.push_back(record.id);
  if (kept_.size() > kKept) {
    runs_.erase(kept_.front());
    kept_.pop_front();
  }
  return record.id;
}

bool DryRuns::OnCounted(const Member& who, const Counted& counted, WallTime wall) {
  const auto run = runs_.find(counted.id);
  if (run == runs_.end()) return false;
  const auto node = run->second.nodes.find(NameOf(who));
  if (node == run->second.nodes.end()) return false;
  node->second.counted = counted;
  node->second.at = wall;
  return true;
}

std::vector<std::string_view> DryRuns::AskedOf(const Member& who) {
  std::vector<std::string_view> asked;
  if (!counting_.contains(NameOf(who))) return asked;
  for (auto& [id, run] : runs_) {
    const auto node = run.nodes.find(NameOf(who));
    if (node == run.nodes.end() || node->second.counted) continue;
    node->second.told = true;
    asked.push_back(run.json);
  }
  return asked;
}

bool DryRuns::HasNew(const Member& who) const {
  if (!counting_.contains(NameOf(who))) return false;
  return std::any_of(runs_.begin(), runs_.end(), [&](const auto& run) {
    const auto node = run.second.nodes.find(NameOf(who));
    return node != run.second.nodes.end() && !node->second.told;
  });
}

bool DryRuns::Pending(const std::string& who, const Node& node,
                      const std::vector<Ledger::NodeView>& nodes) const {
  if (node.counted || !counting_.contains(who)) return false;
  return std::any_of(nodes.begin(), nodes.end(), [&](const Ledger::NodeView& view) {
    return view.leased && NameOf(view.member) == who;
  });
}

bool DryRuns::Complete(const std::string& id, const std::vector<Ledger::NodeView>& nodes) const {
  const Run& run = runs_.at(id);
  return std::none_of(run.nodes.begin(), run.nodes.end(),
                      [&](const auto& node) { return Pending(node.first, node.second, nodes); });
}

// Of two processes of a node the one that has counted.
std::string DryRuns::Body(const std::string& id, const std::vector<Ledger::NodeView>& nodes) const {
  const Run& run = runs_.at(id);
  Json of_nodes = Json::object();
  for (const auto& [who, node] : run.nodes) {
    const bool pending = Pending(who, node, nodes);
    if (of_nodes.contains(node.name) && !node.counted && !pending) continue;
    Json its = {{"state", node.counted ? "counted"
                          : pending    ? "pending"
                                       : "unreachable"},
                {"at", ToRfc3339(node.at)}};
    if (node.counted) {
      its["objects"] = node.counted->objects;
      its["bytes"] = node.counted->bytes;
      its["ram_objects"] = node.counted->ram_objects;
      its["disk_objects"] = node.counted->disk_objects;
    }
    of_nodes[node.name] = std::move(its);
  }
  const Json body = {{"id", id},
                     {"dry_run", true},
                     {"seq", run.head},
                     {"state", Complete(id, nodes) ? "complete" : "accepted"},
                     {"nodes", of_nodes}};
  return body.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace skerry::purge
