// What a push did, as text and as JSON.
#include <nlohmann/json.hpp>

#include "pipeline/ship.h"
#include "pipeline/text_table.h"

namespace skerry::pipeline {

std::string ShippedText(const Shipped& shipped) {
  TextTable sums;
  sums.Row({"", "blobs", "bytes"});
  sums.Row({"release", std::to_string(shipped.blobs), HumanBytes(shipped.bytes)});
  sums.Row({"sent", std::to_string(shipped.sent_blobs), HumanBytes(shipped.sent_bytes)});
  std::string text = sums.ToString() + "  release " + shipped.release + "\n";
  if (!shipped.activated) {
    return text + "  not active yet: push again with --activate\n";
  }
  text += "  activation " + std::to_string(shipped.seq) + " is " + shipped.state + "\n";
  if (!shipped.nodes.empty()) {
    TextTable nodes;
    nodes.Row({"node", "state", "seq", "at"});
    for (const auto& [name, node] : shipped.nodes) {
      nodes.Row({name, node.state, std::to_string(node.seq), node.at});
    }
    text += "\n" + nodes.ToString();
  }
  return text;
}

std::string ShippedJson(const Shipped& shipped) {
  nlohmann::ordered_json json;
  json["release"] = shipped.release;
  json["blobs"] = shipped.blobs;
  json["bytes"] = shipped.bytes;
  json["sent"] = {{"blobs", shipped.sent_blobs}, {"bytes", shipped.sent_bytes}};
  json["activated"] = shipped.activated;
  if (shipped.activated) {
    nlohmann::ordered_json nodes = nlohmann::ordered_json::object();
    for (const auto& [name, node] : shipped.nodes) {
      nodes[name] = {{"state", node.state}, {"seq", node.seq}, {"at", node.at}};
    }
    json["receipt"] = {
        {"id", shipped.receipt}, {"seq", shipped.seq}, {"state", shipped.state}, {"nodes", nodes}};
  }
  return json.dump(2) + "\n";
}

}  // namespace skerry::pipeline
