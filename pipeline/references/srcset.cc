// HTML, section 4.8.4.2.1: srcset attributes.
#include "pipeline/references/reference.h"

namespace skerry::pipeline {
namespace {

constexpr std::string_view kSpace = " \t\n\f\r";

bool IsSpace(char c) { return kSpace.find(c) != std::string_view::npos; }

// From behind the URL to behind the comma that ends the candidate; commas in
// parentheses do not.
size_t SkipDescriptors(std::string_view text, size_t at) {
  int depth = 0;
  for (; at < text.size(); ++at) {
    if (text[at] == '(') ++depth;
    if (text[at] == ')' && depth > 0) --depth;
    if (text[at] == ',' && depth == 0) return at + 1;
  }
  return at;
}

}  // namespace

std::vector<Reference> SrcsetReferences(std::string_view srcset) {
  std::vector<Reference> found;
  size_t at = 0;
  for (;;) {
    while (at < srcset.size() && (IsSpace(srcset[at]) || srcset[at] == ',')) ++at;
    if (at >= srcset.size()) return found;
    const size_t begin = at;
    while (at < srcset.size() && !IsSpace(srcset[at])) ++at;
    size_t end = at;
    while (end > begin && srcset[end - 1] == ',') --end;
    found.push_back({begin, end - begin, std::string(srcset.substr(begin, end - begin))});
    if (end == at) at = SkipDescriptors(srcset, at);
  }
}

}  // namespace skerry::pipeline
