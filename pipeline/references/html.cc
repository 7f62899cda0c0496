// References of HTML and SVG, found with gumbo, which knows where each attribute
// stands in the source.
#include <gumbo.h>

#include <algorithm>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/base/ascii.h"
#include "pipeline/references/html_depth.h"
#include "pipeline/references/html_names.h"
#include "pipeline/references/reference.h"

namespace skerry::pipeline {
namespace {

// Where an attribute's value stands in the file, without its quotes.
struct Place {
  size_t offset = 0;
  size_t length = 0;
};

constexpr std::string_view kBlanks = " \t\n\f\r";

class HtmlReader {
 public:
  explicit HtmlReader(std::string_view html) : html_(html) {}

  Document Read() {
    // Overflowing gumbo's recursion would end the process.
    if (HtmlDepthBound(html_) > kDeepestHtml) {
      document_.refused = "elements nest deeper than " + std::to_string(kDeepestHtml);
      return std::move(document_);
    }
    GumboOutput* output =
        gumbo_parse_with_options(&kGumboDefaultOptions, html_.data(), html_.size());
    Walk(output->document);
    FindScriptPlace(*output->root);
    gumbo_destroy_output(&kGumboDefaultOptions, output);
    Tidy();
    return std::move(document_);
  }

 private:
  // An explicit stack: documents nest as they like.
  void Walk(const GumboNode* root) {
    std::vector<const GumboNode*> todo{root};
    while (!todo.empty()) {
      const GumboNode* node = todo.back();
      todo.pop_back();
      const GumboVector* children = nullptr;
      if (node->type == GUMBO_NODE_DOCUMENT) children = &node->v.document.children;
      if (node->type == GUMBO_NODE_COMMENT) SeeComment(node->v.text.original_text);
      if (node->type == GUMBO_NODE_ELEMENT || node->type == GUMBO_NODE_TEMPLATE) {
        children = &node->v.element.children;
        See(*node);
      }
      for (unsigned i = children == nullptr ? 0 : children->length; i > 0; --i) {
        todo.push_back(static_cast<const GumboNode*>(children->data[i - 1]));
      }
    }
  }

  void FindScriptPlace(const GumboNode& root) {
    document_.script_place = html_.size();
    const GumboVector& children = root.v.element.children;
    for (unsigned i = children.length; i > 0; --i) {  // the head comes before the body: it wins
      const auto* child = static_cast<const GumboNode*>(children.data[i - 1]);
      if (child->type != GUMBO_NODE_ELEMENT) continue;
      const GumboElement& element = child->v.element;
      const bool fits = element.tag == GUMBO_TAG_HEAD || element.tag == GUMBO_TAG_BODY;
      const GumboStringPiece& end = element.original_end_tag;
      if (!fits || end.data == nullptr || end.length < 2 || end.data[1] != '/') continue;
      document_.script_place = static_cast<size_t>(end.data - html_.data());
    }
  }

  std::optional<Place> PlaceOf(const GumboAttribute& attribute) const {
    const GumboStringPiece& raw = attribute.original_value;
    if (raw.data == nullptr || raw.data < html_.data() ||
        raw.data + raw.length > html_.data() + html_.size()) {
      return std::nullopt;
    }
    Place place{static_cast<size_t>(raw.data - html_.data()), raw.length};
    const char first = raw.length > 0 ? raw.data[0] : '\0';
    if (raw.length >= 2 && (first == '"' || first == '\'') && raw.data[raw.length - 1] == first) {
      place = {place.offset + 1, place.length - 2};
    }
    return place;
  }

  static std::string Value(const GumboElement& element, const char* name) {
    const GumboAttribute* found = gumbo_get_attribute(&element.attributes, name);
    return found == nullptr ? "" : found->value;
  }
  static bool Has(const GumboElement& element, const char* name) {
    return gumbo_get_attribute(&element.attributes, name) != nullptr;
  }

  std::string NameOf(const GumboElement& element) const {
    if (element.tag != GUMBO_TAG_UNKNOWN) return gumbo_normalized_tagname(element.tag);
    GumboStringPiece text = element.original_tag;
    if (text.data == nullptr) return "";
    gumbo_tag_from_original_text(&text);
    return AsciiLower({text.data, text.length});
  }

  void See(const GumboNode& node) {
    const GumboElement& element = node.v.element;
    const std::string name = NameOf(element);
    if (name == "base" && document_.base.empty()) document_.base = Value(element, "href");
    for (unsigned i = 0; i < element.attributes.length; ++i) {
      SeeAttribute(element, name, *static_cast<GumboAttribute*>(element.attributes.data[i]));
    }
    if (name == "style") SeeStyle(element);
    if (name == "script") SeeScript(element);
    if (name == "img") SeeImage(node);
    if (name == "link" || name == "script") SeePreload(element, name);
  }

  void SeeAttribute(const GumboElement& element, const std::string& tag,
                    const GumboAttribute& attribute) {
    const std::optional<Place> place = PlaceOf(attribute);
    if (!place || place->length == 0) return;
    const std::string name = AsciiLower(attribute.name);
    const std::string value = attribute.value;
    std::vector<Reference> found;
    if (name == "style" || (name != "content" && value.find("url(") != std::string::npos)) {
      found = CssReferences(value);
    } else if (name == "srcset" || name == "imagesrcset") {
      found = SrcsetReferences(value);
    } else if (const std::optional<Use> use = UseOf(element, tag, name)) {
      found = UrlReference(value, *use);
      if (tag == "img" && name == "src" && !found.empty()) found.front().crop = CropOf(element);
    } else if (name == "integrity" && (tag == "link" || tag == "script")) {
      const std::string url = Value(element, tag == "link" ? "href" : "src");
      document_.integrities.push_back({place->offset, place->length, url});
    } else {
      document_.values.push_back(value);
    }
    if (found.empty()) return;
    document_.fragments.push_back({place->offset, place->length, value, true, std::move(found)});
  }

  std::optional<Use> UseOf(const GumboElement& element, const std::string& tag,
                           const std::string& attribute) const {
    if (tag == "link" && attribute == "href") return UseOfLink(AsciiLower(Value(element, "rel")));
    if (tag == "meta" && attribute == "content") {
      const std::string word = Value(element, "property") + " " + Value(element, "name") + " " +
                               Value(element, "itemprop");
      return UseOfMeta(AsciiLower(word));
    }
    return UseOfAttribute(tag, attribute);
  }

  // The URL parser strips leading and trailing spaces.
  static std::vector<Reference> UrlReference(const std::string& value, Use use) {
    const size_t from = value.find_first_not_of(" \t\n\f\r");
    if (from == std::string::npos) return {};
    const size_t end = value.find_last_not_of(" \t\n\f\r") + 1;
    return {{from, end - from, value.substr(from, end - from), Quoting::kPlain, use}};
  }

  // The text inside, and where it stands.
  template <class See>
  void EachText(const GumboElement& element, See see) {
    for (unsigned i = 0; i < element.children.length; ++i) {
      const auto* child = static_cast<const GumboNode*>(element.children.data[i]);
      if (child->type != GUMBO_NODE_TEXT && child->type != GUMBO_NODE_CDATA) continue;
      const GumboStringPiece& raw = child->v.text.original_text;
      if (raw.data == nullptr) continue;
      see(std::string(raw.data, raw.length), static_cast<size_t>(raw.data - html_.data()));
    }
  }

  void SeeStyle(const GumboElement& element) {
    EachText(element, [&](std::string text, size_t offset) {
      std::vector<Reference> found = CssReferences(text);
      const size_t size = text.size();
      document_.fragments.push_back({offset, size, std::move(text), false, std::move(found)});
    });
  }

  void SeeScript(const GumboElement& element) {
    const std::string type = AsciiLower(Value(element, "type"));
    const bool code = type.empty() || type == "module" || type.ends_with("/javascript");
    // In XML its text has character references.
    const bool plain = element.tag_namespace == GUMBO_NAMESPACE_HTML;
    EachText(element, [&](std::string text, size_t offset) {
      std::vector<Reference> found;
      if (code && plain) found = ScriptReferences(text);
      document_.scripts.push_back(WithoutReferences(text, found));
      const size_t size = text.size();
      if (found.empty()) return;
      document_.fragments.push_back({offset, size, std::move(text), false, std::move(found)});
    });
  }

  static std::string CropOf(const GumboElement& element) {
    const std::string ratio = Value(element, "data-skerry-ratio");
    const std::string focus = Value(element, "data-skerry-focus");
    return ratio.empty() && focus.empty() ? "" : ratio + "|" + focus;
  }

  // <?xml-stylesheet href="a.css"?>: XML's way to a style sheet, for SVG. To HTML it is a comment,
  // so a missing file is no fault.
  void SeeComment(const GumboStringPiece& raw) {
    const std::string_view text(raw.data, raw.data == nullptr ? 0 : raw.length);
    if (!text.starts_with("<?xml-stylesheet") || text.find('&') != std::string_view::npos) return;
    size_t at = text.find("href");
    if (at == std::string_view::npos) return;
    at = text.find_first_not_of(kBlanks, at + 4);
    if (at == std::string_view::npos || text[at] != '=') return;
    at = text.find_first_not_of(kBlanks, at + 1);
    if (at == std::string_view::npos || (text[at] != '"' && text[at] != '\'')) return;
    const size_t end = text.find(text[at], at + 1);
    if (end == std::string_view::npos) return;
    const std::string url(text.substr(at + 1, end - at - 1));
    const auto offset = static_cast<size_t>(text.data() - html_.data()) + at + 1;
    std::vector<Reference> found = UrlReference(url, Use::kMention);
    if (!found.empty()) {
      document_.fragments.push_back({offset, url.size(), url, false, std::move(found)});
    }
  }

  void SeeImage(const GumboNode& node) {
    const GumboElement& element = node.v.element;
    const GumboStringPiece& raw = element.original_tag;
    if (raw.data == nullptr || raw.length == 0) return;
    const auto offset = static_cast<size_t>(raw.data - html_.data());
    const GumboNode* parent = node.parent;
    const bool in_picture = parent != nullptr && parent->type == GUMBO_NODE_ELEMENT &&
                            NameOf(parent->v.element) == "picture";
    Img img{offset, offset + raw.length, Value(element, "src"), Value(element, "sizes")};
    img.crop = CropOf(element);
    img.wants_picture = Has(element, "data-skerry-picture");
    img.wants_placeholder = Has(element, "data-skerry-placeholder");
    img.has_style = Has(element, "style");
    img.in_picture = in_picture;
    img.has_srcset = Has(element, "srcset");
    img.has_size = Has(element, "width") || Has(element, "height");
    document_.images.push_back(std::move(img));
  }

  void SeePreload(const GumboElement& element, const std::string& tag) {
    const bool module = AsciiLower(Value(element, "type")) == "module";
    const std::string rel = tag == "link" ? AsciiLower(Value(element, "rel")) : "script";
    Preload preload{Value(element, tag == "link" ? "href" : "src"), "preload", "",
                    Has(element, "crossorigin")};
    if (preload.url.empty()) return;
    if (rel == "stylesheet") {
      // Alternatives and print styles are not needed for the first picture.
      const std::string media = AsciiLower(Value(element, "media"));
      if (!media.empty() && media != "all" && media != "screen") return;
      preload.as = "style";
    } else if (rel == "modulepreload" || (rel == "script" && module)) {
      preload.rel = "modulepreload";
    } else if (rel == "preload") {
      preload.as = AsciiLower(Value(element, "as"));
      if (preload.as.empty() || preload.as.find_first_of("\";, ") != std::string::npos) return;
    } else if (rel == "preconnect") {
      preload.rel = "preconnect";
    } else {
      return;
    }
    document_.preloads.push_back(std::move(preload));
  }

  // Formatting elements that gumbo had to repeat name the same place twice.
  void Tidy() {
    std::vector<Fragment>& fragments = document_.fragments;
    std::stable_sort(fragments.begin(), fragments.end(),
                     [](const Fragment& a, const Fragment& b) { return a.offset < b.offset; });
    fragments.erase(
        std::unique(fragments.begin(), fragments.end(),
                    [](const Fragment& a, const Fragment& b) { return a.offset == b.offset; }),
        fragments.end());
  }

  std::string_view html_;
  Document document_;
};

}  // namespace

Document ReadHtml(std::string_view html) { return HtmlReader(html).Read(); }

}  // namespace skerry::pipeline
