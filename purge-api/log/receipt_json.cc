#include "purge-api/log/receipt_json.h"

#include <cstdio>
#include <ctime>
#include <nlohmann/json.hpp>

namespace skerry::purge {
namespace {

using Json = nlohmann::ordered_json;

tl::unexpected<Error> Corrupt(std::string_view what) {
  return Fail(Code::kCorrupt, Side::kStorage, "receipt: " + std::string(what));
}

std::optional<NodeState> StateOf(std::string_view name) {
  for (const NodeState state :
       {NodeState::kApplied, NodeState::kFenced, NodeState::kUnreachable, NodeState::kPending}) {
    if (Name(state) == name) return state;
  }
  return std::nullopt;
}

std::optional<WallTime> FromRfc3339(const std::string& text) {
  std::tm utc{};
  int ms = 0;
  const int read =
      std::sscanf(text.c_str(), "%4d-%2d-%2dT%2d:%2d:%2d.%3dZ", &utc.tm_year, &utc.tm_mon,
                  &utc.tm_mday, &utc.tm_hour, &utc.tm_min, &utc.tm_sec, &ms);
  if (read != 7) return std::nullopt;
  utc.tm_year -= 1900;
  utc.tm_mon -= 1;
  return WallTime(Millis(static_cast<int64_t>(timegm(&utc)) * 1000 + ms));
}

}  // namespace

std::string ToJson(std::string_view id, cache::Seq seq, const Receipt& receipt) {
  Json nodes = Json::object();
  for (const auto& [name, its] : receipt.nodes) {
    nodes[name] = {{"state", Name(its.state)}, {"seq", its.seq}, {"at", ToRfc3339(its.at)}};
  }
  const Json json = {{"id", id},
                     {"seq", seq},
                     {"state", receipt.complete ? "complete" : "accepted"},
                     {"nodes", nodes}};
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

Result<Receipt> ReceiptFromJson(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  if (!json.is_object() || !json.contains("state") || !json.contains("nodes") ||
      !json["nodes"].is_object()) {
    return Corrupt("no object with state and nodes");
  }
  Receipt receipt;
  receipt.complete = json["state"] == "complete";
  for (const auto& [name, its] : json["nodes"].items()) {
    if (!its.is_object() || !its.contains("state") || !its["state"].is_string() ||
        !its.contains("seq") || !its["seq"].is_number_unsigned() || !its.contains("at") ||
        !its["at"].is_string()) {
      return Corrupt(name);
    }
    const auto state = StateOf(its["state"].get_ref<const std::string&>());
    const auto at = FromRfc3339(its["at"].get_ref<const std::string&>());
    if (!state || !at) return Corrupt(name);
    receipt.nodes[name] = {*state, its["seq"].get<cache::Seq>(), *at};
  }
  return receipt;
}

}  // namespace skerry::purge
