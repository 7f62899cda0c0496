// Priorities of responses (RFC 9218).
#pragma once

#include <cstdint>
#include <string_view>

namespace skerry::http {

struct Priority {
  uint8_t urgency = 3;  // 0 first, 7 last
  bool incremental = false;
  bool operator==(const Priority&) const = default;
};

// Of the Priority field or a PRIORITY_UPDATE frame. Values out of range and unknown
// ones are ignored one by one, a field that does not parse as a whole.
Priority ParsePriority(std::string_view text);

}  // namespace skerry::http
