// CSS Syntax Level 3, section 4: tokens with their places in the source.
//
// Only what finding URLs needs is told apart: numbers, delimiters and brackets other
// than parentheses are kOther. Escapes are undone in `value`.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace skerry::pipeline {

enum class CssTokenKind : uint8_t {
  kEnd,
  kComment,
  kSpace,
  kIdent,
  kFunction,   // value: the name; the '(' belongs to the token
  kAtKeyword,  // value: without '@'
  kString,     // value: without quotes; [begin, end) is what stands between them
  kUrl,        // url(unquoted): value and [begin, end) are what stands inside
  kOpen,       // '('
  kClose,      // ')'
  kSemicolon,  // ';'
  kBrace,      // '{' or '}'
  kBad,        // bad string or bad url: no URL here
  kOther,
};

struct CssToken {
  CssTokenKind kind = CssTokenKind::kEnd;
  size_t begin = 0;
  size_t end = 0;
  char quote = 0;  // of a string
  std::string value = {};
};

// Any bytes give tokens: CSS has no syntax error at this level.
class CssTokens {
 public:
  explicit CssTokens(std::string_view css) : css_(css) {}
  CssToken Next();

 private:
  char At(size_t i) const { return i < css_.size() ? css_[i] : '\0'; }
  bool StartsEscape(size_t i) const;
  bool StartsIdent(size_t i) const;
  bool StartsNumber(size_t i) const;
  std::string Name();
  void Escape(std::string& to);
  void SkipSpace();
  CssToken Comment();
  CssToken String(char quote);
  CssToken Number();
  CssToken IdentLike();
  CssToken Url(size_t begin);
  CssToken BadUrl(size_t begin);
  CssToken Single(CssTokenKind kind);

  std::string_view css_;
  size_t at_ = 0;
};

}  // namespace skerry::pipeline
