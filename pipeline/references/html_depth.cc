#include "pipeline/references/html_depth.h"

#include <algorithm>
#include <string>

namespace skerry::pipeline {
namespace {

// Void elements and those whose end tag is implied by the next of their kind.
constexpr std::string_view kFlat[] = {
    "area",     "base",   "body", "br",    "col",   "dd",    "dt",     "embed",
    "head",     "hr",     "html", "img",   "input", "li",    "link",   "meta",
    "optgroup", "option", "p",    "param", "rp",    "rt",    "source", "tbody",
    "td",       "tfoot",  "th",   "thead", "tr",    "track", "wbr"};
// Their contents are text.
constexpr std::string_view kRaw[] = {"script", "style", "textarea", "title"};

bool IsLetter(char c) { return (c | 0x20) >= 'a' && (c | 0x20) <= 'z'; }

template <size_t n>
bool IsOneOf(const std::string& name, const std::string_view (&names)[n]) {
  return std::find(std::begin(names), std::end(names), name) != std::end(names);
}

std::string TagName(std::string_view html, size_t at) {
  std::string name;
  for (; at < html.size() && name.size() < 16; ++at) {
    const char c = html[at];
    if (!IsLetter(c) && !(c >= '0' && c <= '9')) break;
    name.push_back(IsLetter(c) ? static_cast<char>(c | 0x20) : c);
  }
  return name;
}

}  // namespace

size_t HtmlDepthBound(std::string_view html) {
  size_t depth = 0;
  size_t deepest = 0;
  for (size_t at = html.find('<'); at < html.size(); at = html.find('<', at + 1)) {
    if (html.substr(at).starts_with("<!--")) {
      at = std::min(html.find("-->", at + 4), html.size() - 1);
      continue;
    }
    const bool closes = at + 1 < html.size() && html[at + 1] == '/';
    const std::string name = TagName(html, at + (closes ? 2 : 1));
    if (name.empty() || IsOneOf(name, kFlat)) continue;
    if (closes) {
      depth -= depth > 0 ? 1 : 0;
    } else {
      deepest = std::max(deepest, ++depth);
      if (IsOneOf(name, kRaw)) {
        // The end tag brings the depth down again.
        const size_t end = html.find("</", at);
        at = std::min(end, html.size()) - 1;
      }
    }
  }
  return deepest;
}

}  // namespace skerry::pipeline
