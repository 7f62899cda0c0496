#include "core/http/vary.h"

#include <algorithm>

namespace skerry::http {

Vary ParseVary(const Fields& fields) {
  Vary vary;
  for (const Field& field : fields) {
    if (field.name != "vary") continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const size_t comma = std::min(rest.find(','), rest.size());
      const std::string_view name = TrimBlanks(rest.substr(0, comma));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
      if (name.empty()) continue;
      // "*" is a token by its letters, so it is asked for by name.
      if (name == "*" || !IsToken(name)) return {.any = true, .names = {}};
      vary.names.push_back(AsciiLower(name));
    }
  }
  std::sort(vary.names.begin(), vary.names.end());
  vary.names.erase(std::unique(vary.names.begin(), vary.names.end()), vary.names.end());
  return vary;
}

}  // namespace skerry::http
