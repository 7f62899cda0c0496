#include "core/config/nearest.h"

#include <algorithm>
#include <cstddef>

namespace skerry::config {
namespace {

constexpr size_t kLongestWord = 64;  // longer ones are no misspelling of an option

// Optimal string alignment distance, three rows at a time.
size_t Distance(std::string_view a, std::string_view b) {
  std::vector<size_t> before(b.size() + 1), last(b.size() + 1), row(b.size() + 1);
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t replaced = last[j - 1] + (a[i - 1] == b[j - 1] ? 0 : 1);
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, replaced});
      const bool swapped = i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1];
      if (swapped) row[j] = std::min(row[j], before[j - 2] + 1);
    }
    before.swap(last);
    last.swap(row);
  }
  return last[b.size()];
}

}  // namespace

std::string_view Nearest(std::string_view word, const std::vector<std::string>& candidates) {
  if (word.size() > kLongestWord) return {};
  std::string_view nearest;
  size_t least = kLongestWord;
  for (const std::string& candidate : candidates) {
    const size_t distance = Distance(word, candidate);
    const size_t allowed = std::max<size_t>(2, candidate.size() / 3);
    if (distance < least && distance <= allowed && distance < candidate.size()) {
      nearest = candidate;
      least = distance;
    }
  }
  return nearest;
}

}  // namespace skerry::config
