// The Vary field (RFC 9110 12.5.5).
#pragma once

#include <string>
#include <vector>

#include "core/http/message.h"

namespace skerry::http {

// What a stored response was selected by.
struct Vary {
  // "*" stands somewhere, or a member that cannot be the name of a field: what
  // decided is not known, so no later request may be given this response.
  bool any = false;
  // Lower case, sorted, each once; empty if `any`.
  std::vector<std::string> names;
  bool operator==(const Vary&) const = default;
};

// Of all Vary lines together; empty members are ignored.
Vary ParseVary(const Fields& fields);

}  // namespace skerry::http
