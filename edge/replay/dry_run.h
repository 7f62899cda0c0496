// skerry-edge --dry_run=ACCESS.log: what would have come of this traffic under this
// configuration, and which URLs would behave differently.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <vector>

#include "edge/config/options.h"
#include "edge/replay/replay.h"
#include "edge/replay/replay_log.h"

namespace skerry::edge {

// Prints to stdout (a progress bar to a terminal's stderr). `against`: what to compare
// with; nothing: what the log says has happened. Exit code: 0, 1 when no line of the log
// can be used, 2 when the file cannot be opened.
int RunDryRun(const Options& options, const std::optional<Options>& against);

// What people read; `outcomes` are what is compared with, and the configuration.
std::string DryRunText(const ReplayLog& log, const std::vector<Outcome>& outcomes);
std::string DryRunJson(const ReplayLog& log, const std::vector<Outcome>& outcomes);

}  // namespace skerry::edge
