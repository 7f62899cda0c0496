// References of CSS: url(), src(), @import, image-set(), and the source map comment.
#include <algorithm>
#include <string>
#include <vector>

#include "core/base/ascii.h"
#include "pipeline/references/css_tokens.h"
#include "pipeline/references/reference.h"
#include "pipeline/references/source_map.h"

namespace skerry::pipeline {
namespace {

// Reads token by token; knows the function it is in and the at-rule it began.
class CssReader {
 public:
  explicit CssReader(std::string_view css) : css_(css), tokens_(css) {}

  std::vector<Reference> Read() {
    for (CssToken token = tokens_.Next(); token.kind != CssTokenKind::kEnd;
         token = tokens_.Next()) {
      See(token);
    }
    return std::move(found_);
  }

 private:
  void See(const CssToken& token) {
    switch (token.kind) {
      case CssTokenKind::kComment: SeeComment(token); return;
      case CssTokenKind::kSpace: return;
      case CssTokenKind::kAtKeyword: at_rule_ = AsciiLower(token.value); return;
      case CssTokenKind::kSemicolon:
      case CssTokenKind::kBrace: at_rule_.clear(); break;
      case CssTokenKind::kFunction: open_.push_back(AsciiLower(token.value)); return;
      case CssTokenKind::kOpen: open_.emplace_back(); return;
      case CssTokenKind::kClose:
        if (!open_.empty()) open_.pop_back();
        return;
      case CssTokenKind::kUrl:
        if (at_rule_ != "namespace") Add(token, Quoting::kCssUrl);
        return;
      case CssTokenKind::kString:
        if (NamesAFile()) {
          Add(token, token.quote == '"' ? Quoting::kCssDouble : Quoting::kCssSingle);
        }
        return;
      default: return;
    }
  }

  // A string is a URL as the argument of url(), src() or image-set(), and behind @import.
  bool NamesAFile() const {
    if (at_rule_ == "namespace" || at_rule_ == "charset") return false;
    if (open_.empty()) return at_rule_ == "import";
    const std::string& in = open_.back();
    return in == "url" || in == "src" || in == "image-set" || in == "-webkit-image-set";
  }

  void Add(const CssToken& token, Quoting quoting) {
    found_.push_back({token.begin, token.end - token.begin, token.value, quoting, Use::kLoad});
  }

  void SeeComment(const CssToken& token) {
    const std::string_view comment = css_.substr(token.begin, token.end - token.begin);
    if (std::optional<Reference> map = SourceMapReference(comment)) {
      map->offset += token.begin;
      found_.push_back(*std::move(map));
    }
  }

  std::string_view css_;
  CssTokens tokens_;
  std::vector<std::string> open_;  // functions and parentheses around the token
  std::string at_rule_;            // whose prelude the token stands in
  std::vector<Reference> found_;
};

}  // namespace

std::vector<Reference> CssReferences(std::string_view css) { return CssReader(css).Read(); }

Document ReadCss(std::string_view css) {
  Document document;
  document.fragments.push_back({0, css.size(), std::string(css), false, CssReferences(css)});
  return document;
}

}  // namespace skerry::pipeline
