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
    text += problem.place.ToString() + ": " + problem.message + "\n";
  }
  return text;
}

const Place& Places::Of(std::string_view name) const {
  const auto found = set_.find(name);
  return found == set_.end() ? start_ : found->second;
}

}  // namespace skerry::config
