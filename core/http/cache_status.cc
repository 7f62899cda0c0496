#include "core/http/cache_status.h"

#include <algorithm>

#include "core/http/message.h"
#include "core/http/structured.h"

namespace skerry::http {
namespace {

std::string Printable(std::string text) {
  for (char& c : text) {
    if (c < 0x20 || c > 0x7e) c = '?';
  }
  return text;
}

std::string AsString(const std::string& text) {
  return structured::Serialize(structured::Item{Printable(text), {}}).value_or("\"\"");
}

// sf-token without its rarer first letters (RFC 9651 3.3.4).
bool IsPlainToken(const std::string& text) {
  if (text.empty() || !IsToken(text)) return false;
  const char first = static_cast<char>(text[0] | 0x20);
  return first >= 'a' && first <= 'z';
}

// A token where the text is one, a string otherwise.
std::string AsWord(const std::string& text) {
  if (IsPlainToken(text)) return text;
  const structured::Item token{structured::Token{text}, {}};
  if (Result<std::string> word = structured::Serialize(token)) return std::move(*word);
  return AsString(text);
}

}  // namespace

std::string_view Name(Forward forward) {
  switch (forward) {
    case Forward::kBypass: return "bypass";
    case Forward::kMethod: return "method";
    case Forward::kUriMiss: return "uri-miss";
    case Forward::kVaryMiss: return "vary-miss";
    case Forward::kMiss: return "miss";
    case Forward::kRequest: return "request";
    case Forward::kStale: return "stale";
    case Forward::kPartial: return "partial";
  }
  return "";
}

std::string CacheStatus::ToString() const {
  std::string text = AsWord(cache);
  if (forward) {
    text.append("; fwd=").append(Name(*forward));
  } else if (!generated) {
    text += "; hit";
  }
  if (forward_status) text += "; fwd-status=" + std::to_string(*forward_status);
  if (ttl) text += "; ttl=" + std::to_string(ttl->count());
  if (stored) text += "; stored";
  if (collapsed) text += "; collapsed";
  if (!key.empty()) text += "; key=" + AsString(key);
  if (!detail.empty()) text += "; detail=" + AsWord(detail);
  return text;
}

}  // namespace skerry::http
