#include "core/http/age.h"

#include <algorithm>

namespace skerry::http {

std::optional<Seconds> ParseDeltaSeconds(std::string_view text) {
  if (text.empty()) return std::nullopt;
  int64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = std::min(value * 10 + (c - '0'), kMaxDelta.count());
  }
  return Seconds(value);
}

std::optional<Seconds> ParseAge(const Fields& fields) {
  const std::optional<std::string_view> line = fields.Find("age");
  if (!line) return std::nullopt;
  return ParseDeltaSeconds(TrimBlanks(line->substr(0, line->find(','))));
}

}  // namespace skerry::http
