// Reads a configuration file (TOML 1.0) into the struct of an option table.
//
// Every mistake is reported with its place: malformed TOML, an unknown key (with
// the nearest valid one), a wrong type or unit, a value out of range, a missing
// required option, an option that can only be a flag. Nothing is skipped.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/config/table.h"

namespace skerry::config {

// A configuration file is read whole; a larger one is a mistake.
constexpr size_t kLargestFile = 16 << 20;

// The text of a file. Errors name the file and the reason.
Result<std::string> ReadFile(const std::string& path);

// Names of the options that were set at all.
using Given = std::set<std::string, std::less<>>;

// Applies `text` on top of what `object` holds; repeated sections are replaced by
// those of the text. `file` names it in problems. When a problem was added,
// `object` is half read and not to be used. Required options of sections are
// checked here; those of the top only by RequireAll, since a flag may set them.
// False when the text is not TOML at all: then one problem says where.
// REQUIRES: object is the struct of `shape`.
bool ReadToml(std::string_view text, std::string_view file, const Shape& shape, void* object,
              Given& given, Problems& problems);

// Adds a problem at `start` for every required option that is not in `given`.
void RequireAll(const Shape& shape, const Given& given, const Place& start, Problems& problems);

// A whole configuration from one text: defaults, then the text, nothing missing.
template <class S>
S ReadToml(std::string_view text, std::string_view file, const Table<S>& table,
           Problems& problems) {
  S object = table.Defaults();
  Given given;
  if (ReadToml(text, file, table.shape(), &object, given, problems)) {
    RequireAll(table.shape(), given, Place{std::string(file), 1, 1}, problems);
  }
  return object;
}

}  // namespace skerry::config
