#include "pipeline/base/glob.h"

#include <algorithm>

namespace skerry::pipeline {
namespace {

// Without braces. Patterns come from the site's own configuration: no defence against
// hostile ones.
bool Matches(std::string_view pattern, std::string_view path) {
  if (pattern.empty()) return path.empty();
  if (pattern.starts_with("**")) {
    std::string_view rest = pattern.substr(2);
    // "**/x" also matches "x" with no folder in between.
    if (rest.starts_with('/') && Matches(rest.substr(1), path)) return true;
    for (size_t i = 0; i <= path.size(); ++i) {
      if (Matches(rest, path.substr(i))) return true;
    }
    return false;
  }
  if (pattern.front() == '*') {
    for (size_t i = 0; i <= path.size(); ++i) {
      if (Matches(pattern.substr(1), path.substr(i))) return true;
      if (i < path.size() && path[i] == '/') return false;
    }
    return false;
  }
  if (path.empty()) return false;
  const bool one = pattern.front() == '?' ? path.front() != '/' : pattern.front() == path.front();
  return one && Matches(pattern.substr(1), path.substr(1));
}

std::vector<std::string> Alternatives(std::string_view pattern) {
  const size_t open = pattern.find('{');
  const size_t close = pattern.find('}', open == std::string_view::npos ? 0 : open);
  if (open == std::string_view::npos || close == std::string_view::npos) {
    return {std::string(pattern)};
  }
  std::vector<std::string> all;
  size_t at = open + 1;
  while (at <= close) {
    const size_t end = std::min(pattern.find(',', at), close);
    const std::string head(pattern.substr(0, open));
    const std::string choice(pattern.substr(at, end - at));
    for (const std::string& tail : Alternatives(pattern.substr(close + 1))) {
      all.push_back(head + choice + tail);
    }
    at = end + 1;
  }
  return all;
}

}  // namespace

bool GlobMatches(std::string_view pattern, std::string_view path) {
  if (path.starts_with('/')) path.remove_prefix(1);
  for (const std::string& alternative : Alternatives(pattern)) {
    std::string_view wanted = alternative;
    if (wanted.find('/') == std::string_view::npos) {
      if (Matches(wanted, path.substr(path.rfind('/') + 1))) return true;
      continue;
    }
    if (wanted.starts_with('/')) wanted.remove_prefix(1);
    if (Matches(wanted, path)) return true;
  }
  return false;
}

bool AnyGlobMatches(const std::vector<std::string>& patterns, std::string_view path) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [path](const std::string& pattern) { return GlobMatches(pattern, path); });
}

}  // namespace skerry::pipeline
