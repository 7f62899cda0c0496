// The report of a build as one self-contained HTML page.
#pragma once

#include <optional>
#include <string>

#include "pipeline/report/report.h"
#include "pipeline/ship/releases.h"

namespace skerry::pipeline {

// Bars by kind and coding, what was derived, what is over budget, notes; with `difference`
// (to the release before) what a new and a returning visitor load. Nothing is fetched and no
// script runs; light and dark follow the reader's settings.
std::string ReportPage(const BuildReport& report, const std::optional<Difference>& difference,
                       const std::string& title);

}  // namespace skerry::pipeline
