#include "core/http/etag.h"

#include <algorithm>
#include <cstdint>

#include "core/http/message.h"

namespace skerry::http {
namespace {

// etagc: %x21 / %x23-7E / obs-text.
bool IsOpaque(char c) {
  const uint8_t byte = static_cast<uint8_t>(c);
  return byte == 0x21 || (byte >= 0x23 && byte <= 0x7e) || byte >= 0x80;
}

// The length of the entity tag at the front of `text`; 0 if there is none.
size_t TagLength(std::string_view text) {
  const size_t open = text.starts_with("W/") ? 2 : 0;
  if (text.size() <= open || text[open] != '"') return 0;
  size_t at = open + 1;
  while (at < text.size() && IsOpaque(text[at])) ++at;
  return at < text.size() && text[at] == '"' ? at + 1 : 0;
}

EntityTag MakeTag(std::string_view checked) {
  const bool weak = checked[0] == 'W';
  const size_t open = weak ? 3 : 1;
  return {weak, std::string(checked.substr(open, checked.size() - open - 1))};
}

}  // namespace

std::string EntityTag::ToString() const { return (weak ? "W/\"" : "\"") + opaque + '"'; }

std::optional<EntityTag> ParseEntityTag(std::string_view text) {
  const size_t length = TagLength(text);
  if (length == 0 || length != text.size()) return std::nullopt;
  return MakeTag(text);
}

bool StrongMatch(const EntityTag& a, const EntityTag& b) {
  return !a.weak && !b.weak && a.opaque == b.opaque;
}

bool WeakMatch(const EntityTag& a, const EntityTag& b) { return a.opaque == b.opaque; }

EntityTagList ParseEntityTagList(std::string_view text) {
  EntityTagList list;
  text = TrimBlanks(text);
  if (text == "*") {
    list.any = true;
    return list;
  }
  while (!text.empty()) {
    // An opaque tag may hold commas, so tags are measured, not split off.
    const size_t length = TagLength(text);
    const std::string_view behind = TrimBlanks(text.substr(length));
    if (length > 0 && (behind.empty() || behind[0] == ',')) {
      list.tags.push_back(MakeTag(text.substr(0, length)));
      text = behind;
    }
    const size_t comma = std::min(text.find(','), text.size());
    text = TrimBlanks(text.substr(std::min(comma + 1, text.size())));
  }
  return list;
}

}  // namespace skerry::http
