// "Did you mean": the word nearest to a misspelt one.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace skerry::config {

// The candidate reached with the fewest insertions, deletions, replacements and
// swaps of neighbours; the first of equals. Empty when even the nearest differs
// in more than a third of its letters (two at least): a wild guess is no help.
std::string_view Nearest(std::string_view word, const std::vector<std::string>& candidates);

}  // namespace skerry::config
