// What a push did, as text and as JSON.
#include <nlohmann/json.hpp>

#include "pipeline/base/text_table.h"
#include "pipeline/ship/ship.h"

namespace skerry::pipeline {

namespace {

using Json = nlohmann::ordered_json;

Json ToJson(const Receipt& receipt) {
  Json nodes = Json::object();
  for (const auto& [name, node] : receipt.nodes) {
    nodes[name] = {{"state", node.state}, {"seq", node.seq}, {"at", node.at}};
  }
  return {
      {"id", receipt.receipt}, {"seq", receipt.seq}, {"state", receipt.state}, {"nodes", nodes}};
}

}  // namespace

std::string ReceiptText(const Receipt& receipt) {
  std::string text = "  activation " + std::to_string(receipt.seq) + " is " + receipt.state + "\n";
  if (receipt.nodes.empty()) return text;
  TextTable nodes;
  nodes.Row({"node", "state", "seq", "at"});
  for (const auto& [name, node] : receipt.nodes) {
    nodes.Row({name, node.state, std::to_string(node.seq), node.at});
  }
  return text + "\n" + nodes.ToString();
}

std::string ReceiptJson(const Receipt& receipt) { return ToJson(receipt).dump(2) + "\n"; }

std::string ShippedText(const Shipped& shipped) {
  TextTable sums;
  sums.Row({"", "blobs", "bytes"});
  sums.Row({"release", std::to_string(shipped.blobs), HumanBytes(shipped.bytes)});
  sums.Row({"sent", std::to_string(shipped.sent_blobs), HumanBytes(shipped.sent_bytes)});
  std::string text = sums.ToString() + "  release " + shipped.release + "\n";
  if (!shipped.preview.empty()) text += "  preview " + shipped.preview + "\n";
  if (shipped.activated) return text + ReceiptText(shipped);
  return text + "  not active yet: push again with --activate\n";
}

std::string ShippedJson(const Shipped& shipped) {
  Json json;
  json["release"] = shipped.release;
  json["blobs"] = shipped.blobs;
  json["bytes"] = shipped.bytes;
  json["sent"] = {{"blobs", shipped.sent_blobs}, {"bytes", shipped.sent_bytes}};
  if (!shipped.preview.empty()) json["preview"] = shipped.preview;
  json["activated"] = shipped.activated;
  if (shipped.activated) json["receipt"] = ToJson(shipped);
  return json.dump(2) + "\n";
}

}  // namespace skerry::pipeline
