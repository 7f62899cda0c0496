// Durations and sizes as people read them.
#pragma once

#include <cstdint>
#include <string>

#include "core/base/clock.h"

namespace skerry::gateway {

// "42 s", "3 min 20 s", "2 h 5 min", "4 d 3 h"; "for ever" from 68 years on.
std::string InWords(Seconds span);
// "1,234,567".
std::string Grouped(uint64_t number);
// "512 B", "1.2 KiB", "34.0 MiB".
std::string SizeInWords(uint64_t bytes);

}  // namespace skerry::gateway
