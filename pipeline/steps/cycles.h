// In which order files can be named: what they refer to comes first.
#pragma once

#include <vector>

namespace skerry::pipeline {

// The strongly connected components of a graph, each sorted; a component comes after all
// that it points to. The same graph gives the same order. Tarjan's algorithm, without
// recursion: chains of references may be as long as they like.
std::vector<std::vector<int>> Components(const std::vector<std::vector<int>>& edges);

}  // namespace skerry::pipeline
