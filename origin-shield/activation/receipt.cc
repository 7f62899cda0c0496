#include "origin-shield/activation/receipt.h"

#include <nlohmann/json.hpp>

namespace skerry::shield {
namespace {

using Json = nlohmann::ordered_json;

std::string TextOf(const Json& object, const char* name) {
  const auto it = object.find(name);
  return it != object.end() && it->is_string() ? it->get<std::string>() : std::string();
}
Seq SeqOf(const Json& object) {
  const auto it = object.find("seq");
  return it != object.end() && it->is_number_unsigned() ? it->get<Seq>() : 0;
}

}  // namespace

std::string Receipt::ToJson() const {
  Json json;
  json["id"] = id;
  json["seq"] = seq;
  json["state"] = complete ? "complete" : "accepted";
  json["nodes"] = Json::object();
  for (const auto& [name, node] : nodes) {
    Json& to = json["nodes"][name];
    to["state"] = node.state;
    to["seq"] = node.seq;
    if (!node.at.empty()) to["at"] = node.at;
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace);
}

Result<Receipt> Receipt::FromJson(std::string_view text) {
  const Json json = Json::parse(text, nullptr, false);
  const auto unexpected = [](const char* what) {
    return Fail(Code::kInvalid, Side::kUpstream,
                std::string("the purge service's receipt has no ") + what);
  };
  if (!json.is_object()) return unexpected("JSON object");
  Receipt receipt;
  receipt.id = TextOf(json, "id");
  receipt.seq = SeqOf(json);
  const std::string state = TextOf(json, "state");
  if (receipt.id.empty()) return unexpected("id");
  if (receipt.seq == 0) return unexpected("seq");
  if (state != "complete" && state != "accepted") return unexpected("state");
  receipt.complete = state == "complete";
  const auto nodes = json.find("nodes");
  if (nodes == json.end() || !nodes->is_object()) return receipt;
  for (const auto& [name, node] : nodes->items()) {
    if (!node.is_object()) continue;
    receipt.nodes[name] = {TextOf(node, "state"), SeqOf(node), TextOf(node, "at")};
  }
  return receipt;
}

}  // namespace skerry::shield
