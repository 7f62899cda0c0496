#include "core/gateway/rules/glob.h"

namespace skerry::gateway {

Glob::Glob(std::string_view pattern) {
  size_t star;
  while ((star = pattern.find('*')) != pattern.npos) {
    pieces_.emplace_back(pattern.substr(0, star));
    pattern.remove_prefix(star + 1);
  }
  pieces_.emplace_back(pattern);
}

std::optional<std::vector<std::string_view>> Glob::Capture(std::string_view text) const {
  std::vector<std::string_view> captured;
  if (!Walk(text, &captured)) return std::nullopt;
  return captured;
}

bool Glob::Walk(std::string_view text, std::vector<std::string_view>* captured) const {
  const std::string& first = pieces_.front();
  if (pieces_.size() == 1) return text == first;
  const std::string& last = pieces_.back();
  if (text.size() < first.size() + last.size()) return false;
  if (!text.starts_with(first) || !text.ends_with(last)) return false;
  text.remove_prefix(first.size());
  text.remove_suffix(last.size());
  // Each piece where it is found first leaves the most for those behind it.
  for (size_t i = 1; i + 1 < pieces_.size(); ++i) {
    const size_t at = text.find(pieces_[i]);
    if (at == text.npos) return false;
    if (captured != nullptr) captured->push_back(text.substr(0, at));
    text.remove_prefix(at + pieces_[i].size());
  }
  if (captured != nullptr) captured->push_back(text);
  return true;
}

}  // namespace skerry::gateway
