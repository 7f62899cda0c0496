// The version that --version prints and nodes report.
#pragma once

#include <string_view>

namespace skerry::config {

inline constexpr std::string_view kVersion = "0.1.0";

}  // namespace skerry::config
