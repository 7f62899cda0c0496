// Inline scripts and style sheets of a page, as browsers hash them: the text of the element.
#include <gumbo.h>

#include "core/base/ascii.h"
#include "pipeline/references/html_depth.h"
#include "pipeline/references/html_names.h"
#include "pipeline/references/reference.h"

namespace skerry::pipeline {
namespace {

std::string TextOf(const GumboElement& element) {
  std::string text;
  for (unsigned i = 0; i < element.children.length; ++i) {
    const auto* child = static_cast<const GumboNode*>(element.children.data[i]);
    if (child->type == GUMBO_NODE_TEXT || child->type == GUMBO_NODE_WHITESPACE ||
        child->type == GUMBO_NODE_CDATA) {
      text += child->v.text.text;
    }
  }
  return text;
}

// Data blocks are not run: no policy is asked about them.
bool IsRun(const GumboElement& script) {
  const GumboAttribute* type = gumbo_get_attribute(&script.attributes, "type");
  if (type == nullptr) return true;
  const std::string word = AsciiLower(type->value);
  return word.empty() || word == "module" || word == "importmap" || word == "speculationrules" ||
         word.ends_with("javascript") || word.ends_with("ecmascript");
}

}  // namespace

InlineTexts ReadInlineTexts(std::string_view html) {
  InlineTexts texts;
  if (HtmlDepthBound(html) > kDeepestHtml) return texts;
  GumboOutput* output = gumbo_parse_with_options(&kGumboDefaultOptions, html.data(), html.size());
  std::vector<const GumboNode*> todo{output->root};
  while (!todo.empty()) {
    const GumboNode* node = todo.back();
    todo.pop_back();
    if (node->type != GUMBO_NODE_ELEMENT && node->type != GUMBO_NODE_TEMPLATE) continue;
    const GumboElement& element = node->v.element;
    if (element.tag == GUMBO_TAG_STYLE) texts.styles.push_back(TextOf(element));
    if (element.tag == GUMBO_TAG_SCRIPT && IsRun(element) &&
        gumbo_get_attribute(&element.attributes, "src") == nullptr) {
      texts.scripts.push_back(TextOf(element));
    }
    for (unsigned i = element.children.length; i > 0; --i) {
      todo.push_back(static_cast<const GumboNode*>(element.children.data[i - 1]));
    }
  }
  gumbo_destroy_output(&kGumboDefaultOptions, output);
  return texts;
}

}  // namespace skerry::pipeline
