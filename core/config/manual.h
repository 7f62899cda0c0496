// What people and editors read about an option table: --help is in command_line.h.
#pragma once

#include <string>
#include <string_view>

#include "core/config/table.h"

namespace skerry::config {

// A chapter of docs/options.md: a heading and one table for the options, one for
// each kind of section.
std::string Markdown(std::string_view program, const Shape& shape);

// JSON Schema (2020-12) of the configuration file, for editors: the same types,
// ranges and words, nothing unknown allowed.
std::string JsonSchema(std::string_view program, const Shape& shape);

}  // namespace skerry::config
