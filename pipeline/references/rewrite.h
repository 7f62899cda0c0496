// Writes a document again with some references changed; every other byte stays.
#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>

#include "pipeline/references/reference.h"

namespace skerry::pipeline {

// What a reference shall say instead, or nothing to leave it.
using Renamer = std::function<std::optional<std::string>(const Reference&)>;

// Text that goes into the file at an offset, in place of `length` bytes.
struct Edit {
  size_t offset = 0;
  size_t length = 0;
  std::string text = {};
};

// The edits that rename the references of `document` in `file`, in order of offset.
// A new URL is written in the quoting of the old one. REQUIRES: `document` was read
// from `file`.
std::vector<Edit> RenameEdits(std::string_view file, const Document& document,
                              const Renamer& rename);

// `file` with the edits applied. REQUIRES: they are within the file and do not overlap.
std::string Apply(std::string_view file, std::vector<Edit> edits);

// `url` with the last segment of its path exchanged for that of `path` (a site path in
// the same folder): what stands around it, and its query and fragment, stay.
std::string WithFileName(std::string_view url, size_t path_length, std::string_view path);

// For attribute values in double or single quotes: & < > " ' as character references.
std::string EscapeAttribute(std::string_view text);

}  // namespace skerry::pipeline
