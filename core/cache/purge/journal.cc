#include "core/cache/purge/journal.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/base/digest.h"
#include "core/base/log.h"
#include "core/cache/purge/change.h"
#include "core/cache/purge/record_json.h"

namespace skerry::cache {
namespace {

constexpr char kNode[] = "purge.node";
constexpr char kGenerations[] = "purge.generations";
constexpr char kRules[] = "purge.rules";
constexpr size_t kTailBatches = 2048;
constexpr size_t kTailBytes = 8 << 20;

// A line of purge.rules; nothing where URLs are named as they are, which every process does.
std::string RulesLine(std::string_view rules) {
  return rules.empty() ? "" : Sha256(rules).Hex() + '\n';
}

std::string TailName(size_t index) { return "purge.tail." + std::to_string(index); }

struct NodeFacts {
  PurgeNode::Durable durable;
  uint64_t stamp = 0;
  uint64_t tail = 0;
};

Result<NodeFacts> ParseNode(const std::string& text) {
  const Result<ParsedJson> value = ParsedJson::Of(text, kNode);
  if (!value) return Fail(value.error());
  NodeFacts facts;
  JsonMembers members(value->root(), kNode);
  members.Read("log", facts.durable.log_id, true);
  members.Read("applied", facts.durable.applied, true);
  members.Read("stamp", facts.stamp, true);
  members.Read("tail", facts.tail, true);
  members.Read("given", facts.durable.may_lack);
  if (Status status = members.Finish(); !status) return Fail(std::move(status.error()));
  return facts;
}

}  // namespace

std::string Journal::NodeValue(const std::string& log_id) const {
  nlohmann::json value = {{"log", log_id},
                          {"applied", generations_.head()},
                          {"stamp", generations_.Now().seq},
                          {"tail", tail_}};
  if (given_) value["given"] = true;
  return DumpJson(value);
}

// False where a batch is missing or does not follow.
Result<bool> Journal::Replay(size_t batches) {
  for (size_t i = 0; i < batches; ++i) {
    Result<std::string> text = store_.Get(TailName(i));
    if (!text && text.error().code == Code::kNotFound) return false;
    if (!text) return Fail(std::move(text.error()));
    const std::optional<std::vector<Change>> changes = DecodeChanges(*text);
    if (!changes) return false;
    for (const Change& change : *changes) {
      if (change.seq != generations_.head() + 1) return false;
      generations_.Apply(change);
    }
  }
  return true;
}

Status Journal::LoadRules(std::string_view rules) {
  Result<std::string> before = store_.Get(kRules);
  if (!before && before.error().code != Code::kNotFound) return Fail(std::move(before.error()));
  rules_ = RulesLine(rules);
  if (!before || before->empty() || *before == rules_) return {};
  LogWarning("purge: key rules have changed: everything cached will be validated");
  generations_.DoubtAll();
  return {};
}

Status Journal::AddRules(std::string_view rules) {
  const std::string line = RulesLine(rules);
  if (rules_.find(line) != rules_.npos) return {};
  rules_ += line;
  return store_.Put({{kRules, rules_}});
}

Result<PurgeNode::Durable> Journal::Load(std::string_view rules) {
  Result<std::string> text = store_.Get(kNode);
  if (!text && text.error().code == Code::kNotFound) {
    rules_ = RulesLine(rules);
    return PurgeNode::Durable{};
  }
  if (!text) return Fail(std::move(text.error()));
  Result<NodeFacts> facts = ParseNode(*text);
  Result<std::string> snapshot = store_.Get(kGenerations);
  if (!snapshot && snapshot.error().code != Code::kNotFound) {
    return Fail(std::move(snapshot.error()));
  }
  bool good = facts && snapshot && generations_.Restore(*snapshot, /*more_follow=*/true);
  if (good) {
    Result<bool> replayed = Replay(facts->tail);
    if (!replayed) return Fail(std::move(replayed.error()));
    good = *replayed && generations_.head() == facts->durable.applied;
    if (good) generations_.RestoredAll();
  }
  if (!good) {
    LogError("purge: the stored state is damaged: everything cached will be validated");
    // Without the fact itself, above any position a log can have reached.
    generations_.RestoreNothing(facts ? facts->stamp : uint64_t{1} << 62);
  }
  if (Status status = LoadRules(rules); !status) return Fail(std::move(status.error()));
  PurgeNode::Durable durable = good ? facts->durable : PurgeNode::Durable{};
  given_ = durable.may_lack;
  if (Status status = Snapshot(durable.log_id); !status) return Fail(std::move(status.error()));
  return durable;
}

Status Journal::Append(const std::string& log_id, const std::vector<Change>& changes) {
  if (tail_ >= kTailBatches || tail_bytes_ >= std::max(kTailBytes, snapshot_bytes_))
    return Snapshot(log_id);
  std::string bytes = EncodeChanges(changes);
  const size_t size = bytes.size();
  const std::string name = TailName(tail_);
  ++tail_;
  Status status = store_.Put({{name, std::move(bytes)}, {kNode, NodeValue(log_id)}});
  if (!status) {
    --tail_;
    return status;
  }
  tail_bytes_ += size;
  return {};
}

Status Journal::Snapshot(const std::string& log_id) {
  tail_ = 0;
  tail_bytes_ = 0;
  std::string bytes = generations_.Serialize();
  snapshot_bytes_ = bytes.size();
  Status status =
      store_.Put({{kGenerations, std::move(bytes)}, {kNode, NodeValue(log_id)}, {kRules, rules_}});
  // Nothing may be appended to a snapshot that is not there.
  if (!status) tail_ = kTailBatches;
  return status;
}

Status Journal::GiveAway(const std::string& log_id) {
  given_ = true;
  // All of it: the last batch may be applied and not yet written.
  return Snapshot(log_id);
}

}  // namespace skerry::cache
