// The receipt of an activation: what the purge service says about its record, or, on
// a shield without one, what this node says itself. The same form as a purge's.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "origin-shield/store/releases.h"

namespace skerry::shield {

struct NodeReceipt {
  std::string state;  // "applied", "pending", "fenced", "unreachable"
  Seq seq = 0;
  std::string at;  // RFC 3339; empty: not said
  bool operator==(const NodeReceipt&) const = default;
};

struct Receipt {
  std::string id;
  Seq seq = 0;
  bool complete = false;
  std::map<std::string, NodeReceipt> nodes;
  bool operator==(const Receipt&) const = default;

  // {"id","seq","state","nodes":{NAME:{"state","seq","at"}}}
  std::string ToJson() const;
  // What is not of that form is kInvalid, upstream; unknown members are passed over.
  static Result<Receipt> FromJson(std::string_view json);
};

}  // namespace skerry::shield
