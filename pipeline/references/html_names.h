// Which attributes of HTML and SVG hold URLs, and what for. Private to this folder.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "pipeline/references/reference.h"

namespace skerry::pipeline {

// For a link element's href, by its (lower-case) rel; nothing where no file is meant.
std::optional<Use> UseOfLink(const std::string& rel);
// For a meta element's content, by its property, name and itemprop in lower case.
std::optional<Use> UseOfMeta(const std::string& words);
// For every other element and attribute, in lower case.
std::optional<Use> UseOfAttribute(std::string_view tag, std::string_view attribute);

}  // namespace skerry::pipeline
