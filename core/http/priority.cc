#include "core/http/priority.h"

#include "core/http/structured.h"

namespace skerry::http {

Priority ParsePriority(std::string_view text) {
  Priority priority;
  const Result<structured::Dictionary> dictionary = structured::ParseDictionary(text);
  if (!dictionary) return priority;
  const int64_t* urgency = structured::As<int64_t>(structured::Find(*dictionary, "u"));
  if (urgency != nullptr && *urgency >= 0 && *urgency <= 7) {
    priority.urgency = static_cast<uint8_t>(*urgency);
  }
  const bool* incremental = structured::As<bool>(structured::Find(*dictionary, "i"));
  if (incremental != nullptr) priority.incremental = *incremental;
  return priority;
}

}  // namespace skerry::http
