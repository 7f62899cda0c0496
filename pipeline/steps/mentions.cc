#include "pipeline/steps/mentions.h"

#include <algorithm>

#include "core/asset/site_path.h"

namespace skerry::pipeline {
namespace {

bool IsWordChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         static_cast<unsigned char>(c) >= 0x80 ||
         std::string_view("._-~@+%").find(c) != std::string_view::npos;
}

}  // namespace

template <class Counts>
void Mentions::Read(std::string_view text, Counts counts) {
  for (size_t at = 0; at < text.size(); ++at) {
    if (!IsWordChar(text[at])) continue;
    const size_t begin = at;
    while (at < text.size() && IsWordChar(text[at])) ++at;
    const std::string_view word = text.substr(begin, at - begin);
    // Every name that is looked for has a dot.
    if (word.find('.') != std::string_view::npos && counts(at)) words_.emplace(word);
  }
  texts_.emplace_back(text);
}

void Mentions::ReadScript(std::string_view script) {
  Read(script, [script](size_t end) {
    return end < script.size() &&
           std::string_view("\"'`?#\\").find(script[end]) != std::string_view::npos;
  });
}

void Mentions::ReadText(std::string_view text) {
  Read(text, [](size_t) { return true; });
}

bool Mentions::Has(std::string_view path) const {
  const std::string name(path.substr(path.rfind('/') + 1));
  const std::string encoded = asset::UrlOfSitePath(name);
  if (words_.contains(name) || words_.contains(encoded)) return true;
  const bool plain =
      name.find('.') != std::string::npos && std::all_of(name.begin(), name.end(), &IsWordChar);
  if (plain) return false;
  return std::any_of(texts_.begin(), texts_.end(), [&](const std::string& text) {
    return text.find(name) != std::string::npos || text.find(encoded) != std::string::npos;
  });
}

}  // namespace skerry::pipeline
