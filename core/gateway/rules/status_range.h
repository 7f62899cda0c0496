// Statuses as rules name them.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"

namespace skerry::gateway {

// Both ends included. Written "404", "5xx" or "500-503"; 300 to 599, since what
// succeeded is never a rule's to replace.
struct StatusRange {
  int first = 0;
  int last = 0;

  static Result<StatusRange> Parse(std::string_view text);
  std::string ToString() const;
  bool Has(int status) const { return first <= status && status <= last; }
  bool operator==(const StatusRange&) const = default;
};

}  // namespace skerry::gateway
