// `sourceMappingURL=` comments of scripts and style sheets (ECMA-426). Private to this folder.
#pragma once

#include <optional>
#include <string_view>

#include "pipeline/references/reference.h"

namespace skerry::pipeline {

// The reference in a comment that begins with "//#", "//@", "/*#" or "/*@".
inline std::optional<Reference> SourceMapReference(std::string_view comment) {
  constexpr std::string_view kWord = "sourceMappingURL=";
  if (comment.size() < 3 || (comment[2] != '#' && comment[2] != '@')) return std::nullopt;
  size_t at = comment.find_first_not_of(" \t", 3);
  if (at == std::string_view::npos || !comment.substr(at).starts_with(kWord)) return std::nullopt;
  at += kWord.size();
  const std::string_view url = comment.substr(at, comment.find_first_of(" \t\r\n'\"*", at) - at);
  if (url.empty() || url.starts_with("data:")) return std::nullopt;
  return Reference{at, url.size(), std::string(url), Quoting::kPlain, Use::kMention};
}

}  // namespace skerry::pipeline
