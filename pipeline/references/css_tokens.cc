#include "pipeline/references/css_tokens.h"

#include "core/base/ascii.h"

namespace skerry::pipeline {
namespace {

bool IsNewline(char c) { return c == '\n' || c == '\r' || c == '\f'; }
bool IsSpace(char c) { return IsNewline(c) || c == ' ' || c == '\t'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsNameStart(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_' ||
         static_cast<uint8_t>(c) >= 0x80;
}
bool IsName(char c) { return IsNameStart(c) || IsDigit(c) || c == '-'; }
bool IsNonPrintable(char c) {
  const auto byte = static_cast<uint8_t>(c);
  return byte <= 0x08 || byte == 0x0b || (byte >= 0x0e && byte <= 0x1f) || byte == 0x7f;
}

void AppendUtf8(std::string& to, uint32_t code) {
  if (code == 0 || code > 0x10ffff || (code >= 0xd800 && code <= 0xdfff)) code = 0xfffd;
  if (code < 0x80) {
    to.push_back(static_cast<char>(code));
  } else if (code < 0x800) {
    to.push_back(static_cast<char>(0xc0 | code >> 6));
    to.push_back(static_cast<char>(0x80 | (code & 0x3f)));
  } else if (code < 0x10000) {
    to.push_back(static_cast<char>(0xe0 | code >> 12));
    to.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3f)));
    to.push_back(static_cast<char>(0x80 | (code & 0x3f)));
  } else {
    to.push_back(static_cast<char>(0xf0 | code >> 18));
    to.push_back(static_cast<char>(0x80 | (code >> 12 & 0x3f)));
    to.push_back(static_cast<char>(0x80 | (code >> 6 & 0x3f)));
    to.push_back(static_cast<char>(0x80 | (code & 0x3f)));
  }
}

bool EqualsUrl(std::string_view name) {
  return name.size() == 3 && (name[0] | 0x20) == 'u' && (name[1] | 0x20) == 'r' &&
         (name[2] | 0x20) == 'l';
}

}  // namespace

bool CssTokens::StartsEscape(size_t i) const {
  return At(i) == '\\' && i + 1 < css_.size() && !IsNewline(At(i + 1));
}

bool CssTokens::StartsIdent(size_t i) const {
  if (At(i) == '-') return IsNameStart(At(i + 1)) || At(i + 1) == '-' || StartsEscape(i + 1);
  return IsNameStart(At(i)) || StartsEscape(i);
}

bool CssTokens::StartsNumber(size_t i) const {
  if (At(i) == '+' || At(i) == '-') ++i;
  return IsDigit(At(i)) || (At(i) == '.' && IsDigit(At(i + 1)));
}

void CssTokens::SkipSpace() {
  while (at_ < css_.size() && IsSpace(css_[at_])) ++at_;
}

// At the backslash. REQUIRES: StartsEscape(at_).
void CssTokens::Escape(std::string& to) {
  ++at_;
  if (HexValue(At(at_)) < 0) {
    to.push_back(css_[at_++]);
    return;
  }
  uint32_t code = 0;
  for (int digits = 0; digits < 6 && HexValue(At(at_)) >= 0; ++digits, ++at_) {
    code = code * 16 + static_cast<uint32_t>(HexValue(At(at_)));
  }
  if (At(at_) == '\r' && At(at_ + 1) == '\n') ++at_;
  if (at_ < css_.size() && IsSpace(At(at_))) ++at_;
  AppendUtf8(to, code);
}

std::string CssTokens::Name() {
  std::string name;
  for (;;) {
    if (at_ < css_.size() && IsName(At(at_))) {
      name.push_back(css_[at_++]);
    } else if (StartsEscape(at_)) {
      Escape(name);
    } else {
      return name;
    }
  }
}

CssToken CssTokens::Comment() {
  const size_t begin = at_;
  const size_t close = css_.find("*/", at_ + 2);
  at_ = close == std::string_view::npos ? css_.size() : close + 2;
  return {CssTokenKind::kComment, begin, at_, 0, {}};
}

CssToken CssTokens::String(char quote) {
  const size_t begin = ++at_;
  std::string value;
  while (at_ < css_.size()) {
    const char c = css_[at_];
    if (c == quote) {
      ++at_;
      return {CssTokenKind::kString, begin, at_ - 1, quote, std::move(value)};
    }
    if (IsNewline(c)) return {CssTokenKind::kBad, begin, at_, 0, {}};
    if (c != '\\') {
      value.push_back(c);
      ++at_;
    } else if (StartsEscape(at_)) {
      Escape(value);
    } else {
      ++at_;  // a backslash at the end of a line continues the string
      if (At(at_) == '\r' && At(at_ + 1) == '\n') ++at_;
      if (at_ < css_.size()) ++at_;
    }
  }
  return {CssTokenKind::kString, begin, at_, quote, std::move(value)};
}

CssToken CssTokens::Number() {
  const size_t begin = at_;
  if (At(at_) == '+' || At(at_) == '-') ++at_;
  while (IsDigit(At(at_))) ++at_;
  if (At(at_) == '.' && IsDigit(At(at_ + 1))) {
    ++at_;
    while (IsDigit(At(at_))) ++at_;
  }
  if ((At(at_) | 0x20) == 'e') {
    const size_t sign = At(at_ + 1) == '+' || At(at_ + 1) == '-' ? 1 : 0;
    if (IsDigit(At(at_ + 1 + sign))) {
      at_ += 1 + sign;
      while (IsDigit(At(at_))) ++at_;
    }
  }
  if (StartsIdent(at_)) Name();  // a dimension: "2url(" is no url
  return {CssTokenKind::kOther, begin, at_, 0, {}};
}

CssToken CssTokens::BadUrl(size_t begin) {
  while (at_ < css_.size()) {
    if (css_[at_] == ')') {
      ++at_;
      break;
    }
    if (StartsEscape(at_)) ++at_;
    ++at_;
  }
  return {CssTokenKind::kBad, begin, at_, 0, {}};
}

// Behind "url(" and spaces, and no quote follows.
CssToken CssTokens::Url(size_t begin) {
  std::string value;
  for (;;) {
    const size_t end = at_;
    const size_t spaces_from = at_;
    SkipSpace();
    if (at_ >= css_.size() || css_[at_] == ')') {
      if (at_ < css_.size()) ++at_;
      return {CssTokenKind::kUrl, begin, end, 0, std::move(value)};
    }
    const char c = css_[at_];
    if (at_ != spaces_from || c == '"' || c == '\'' || c == '(' || IsNonPrintable(c)) {
      return BadUrl(begin);
    }
    if (c != '\\') {
      value.push_back(c);
      ++at_;
    } else if (StartsEscape(at_)) {
      Escape(value);
    } else {
      return BadUrl(begin);
    }
  }
}

CssToken CssTokens::IdentLike() {
  const size_t begin = at_;
  std::string name = Name();
  if (At(at_) != '(') return {CssTokenKind::kIdent, begin, at_, 0, std::move(name)};
  ++at_;
  if (EqualsUrl(name)) {
    const size_t open = at_;
    SkipSpace();
    if (At(at_) != '"' && At(at_) != '\'') return Url(at_);
    at_ = open;
  }
  return {CssTokenKind::kFunction, begin, at_, 0, std::move(name)};
}

CssToken CssTokens::Single(CssTokenKind kind) {
  ++at_;
  return {kind, at_ - 1, at_, 0, {}};
}

CssToken CssTokens::Next() {
  if (at_ >= css_.size()) return {CssTokenKind::kEnd, at_, at_, 0, {}};
  const char c = css_[at_];
  if (c == '/' && At(at_ + 1) == '*') return Comment();
  if (IsSpace(c)) {
    const size_t begin = at_;
    SkipSpace();
    return {CssTokenKind::kSpace, begin, at_, 0, {}};
  }
  if (c == '"' || c == '\'') return String(c);
  if (c == '(') return Single(CssTokenKind::kOpen);
  if (c == ')') return Single(CssTokenKind::kClose);
  if (c == ';') return Single(CssTokenKind::kSemicolon);
  if (c == '{' || c == '}') return Single(CssTokenKind::kBrace);
  if (StartsNumber(at_)) return Number();
  if (StartsIdent(at_)) {
    if (css_.substr(at_).starts_with("-->")) {
      at_ += 3;
      return {CssTokenKind::kOther, at_ - 3, at_, 0, {}};
    }
    return IdentLike();
  }
  if (c == '@' && StartsIdent(at_ + 1)) {
    const size_t begin = at_++;
    return {CssTokenKind::kAtKeyword, begin, at_, 0, Name()};
  }
  if (c == '#' && (IsName(At(at_ + 1)) || StartsEscape(at_ + 1))) {
    const size_t begin = at_++;
    Name();
    return {CssTokenKind::kOther, begin, at_, 0, {}};
  }
  return Single(CssTokenKind::kOther);
}

}  // namespace skerry::pipeline
