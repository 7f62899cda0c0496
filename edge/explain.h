// skerry-edge --explain=URL: what would happen to a request, asked of the running node
// at --admin; or, where none answers there, told from the configuration alone.
#pragma once

#include <string>
#include <vector>

#include "edge/config/options.h"

namespace skerry::edge {

// Prints to stdout, and answers the exit code: 0, 1 when the node gave no explanation,
// 2 when the URL or a header is wrong.
int RunExplain(const Options& options, const std::vector<std::string>& headers);

}  // namespace skerry::edge
