#include "core/config/place.h"

#include <algorithm>
#include <tuple>

namespace skerry::config {
namespace {

// Files before flags and defaults, which have no lines.
auto Order(const Problem& problem) {
  const Place& place = problem.place;
  return std::tuple(place.line == 0, place.line, place.column);
}

}  // namespace

std::string Place::ToString() const {
  if (source.empty()) return "default";
  if (line == 0) return source;
  return source + ":" + std::to_string(line) + ":" + std::to_string(column);
}

std::string Problem::ToString() const {
  if (place.source.empty()) return message;
  const bool flag = place.line == 0 && place.source.starts_with("--");
  if (flag && message.starts_with(place.source.substr(2) + ": ")) return "--" + message;
  return place.ToString() + ": " + message;
}

void Problems::Add(Place place, std::string message) {
  Problem problem{std::move(place), std::move(message)};
  const auto behind =
      std::upper_bound(list_.begin(), list_.end(), problem,
                       [](const Problem& a, const Problem& b) { return Order(a) < Order(b); });
  list_.insert(behind, std::move(problem));
}

std::string Problems::ToString() const {
  std::string text;
  for (const Problem& problem : list_) {
    text += (text.empty() ? "" : "\n") + problem.ToString();
  }
  return text;
}

const Place& Places::Of(std::string_view name) const {
  const auto found = set_.find(name);
  return found == set_.end() ? start_ : found->second;
}

std::string Places::Title(std::string_view name) const {
  const auto found = set_.find(name);
  if (found == set_.end()) return std::string(name);
  if (found->second.line == 0) return found->second.ToString();
  return found->second.ToString() + ": " + std::string(name);
}

}  // namespace skerry::config
