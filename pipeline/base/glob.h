// Patterns of the configuration: "photos/**", "*.svg", "**/hero-?.{jpg,png}".
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace skerry::pipeline {

// Whether a site path matches: '*' and '?' stay within a segment, '**' crosses them,
// {a,b} are alternatives (not nested). A pattern without a leading '/' and without a
// slash matches the file name in every folder; others start at the site's root.
bool GlobMatches(std::string_view pattern, std::string_view path);
bool AnyGlobMatches(const std::vector<std::string>& patterns, std::string_view path);

}  // namespace skerry::pipeline
