// What scripts refer to in ways that can be rewritten: module specifiers that are URLs, in imports,
// exports and import(), new URL("…", import.meta.url), and the source map comment at the end.
// ECMAScript 2024, read by tokens only; what divides and what begins a regular expression is told
// by the token before.
#include <algorithm>
#include <array>
#include <optional>

#include "pipeline/references/reference.h"
#include "pipeline/references/source_map.h"

namespace skerry::pipeline {
namespace {

enum class Kind : uint8_t { kNone, kWord, kNumber, kString, kTemplate, kRegex, kPunctuator };

struct Token {
  Kind kind = Kind::kNone;
  std::string_view text = {};  // of strings and whole templates with their quotes
  bool member = false;         // a word behind a dot
};

bool IsWordChar(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_' ||
         c == '$' || c == '\\' || static_cast<unsigned char>(c) >= 0x80;
}
bool IsDigit(char c) { return c >= '0' && c <= '9'; }

template <size_t N>
bool IsOneOf(std::string_view word, const std::array<std::string_view, N>& list) {
  return std::find(list.begin(), list.end(), word) != list.end();
}

constexpr std::array<std::string_view, 15> kBeforeExpression = {
    "return", "typeof", "instanceof", "in", "new",   "delete", "void",   "throw",
    "case",   "do",     "else",       "of", "await", "yield",  "default"};
constexpr std::array<std::string_view, 4> kBeforeCondition = {"if", "while", "for", "with"};

// Tells tokens apart. Gives up, for good, where brackets or quotes do not match.
class Lexer {
 public:
  explicit Lexer(std::string_view script) : script_(script) {
    if (script.starts_with("#!")) at_ = std::min(script.find('\n'), script.size());
  }

  bool gave_up() const { return gave_up_ || (Ended() && !open_.empty()); }

  // kNone at the end.
  Token Next() {
    SkipBlanks();
    if (gave_up_ || Ended()) return {};
    const size_t begin = at_;
    Token token{Kind::kPunctuator, {}, false};
    const char c = script_[at_];
    if (c == '"' || c == '\'') {
      token.kind = Kind::kString;
      ReadString(c);
    } else if (c == '`') {
      ++at_;
      token.kind = ReadTemplate();
    } else if (IsDigit(c) || (c == '.' && IsDigit(Peek(1)))) {
      token.kind = Kind::kNumber;
      while (IsWordChar(Peek()) || Peek() == '.') ++at_;
    } else if (IsWordChar(c)) {
      token.kind = Kind::kWord;
      while (IsWordChar(Peek())) ++at_;
      token.member = last_.kind == Kind::kPunctuator && (last_.text == "." || last_.text == "?.");
    } else if (c == '/' && ExpressionMayBegin()) {
      token.kind = Kind::kRegex;
      ReadRegex();
    } else {
      token.kind = ReadPunctuator();
    }
    token.text = script_.substr(begin, at_ - begin);
    last_ = token;
    return gave_up_ ? Token{} : token;
  }

 private:
  // An open bracket, and what to make of a '/' behind its end.
  struct Open {
    char bracket = 0;  // '`' for "${" in a template
    bool expression_may_follow = false;
  };

  bool Ended() const { return at_ >= script_.size(); }
  char Peek(size_t ahead = 0) const {
    return at_ + ahead < script_.size() ? script_[at_ + ahead] : '\0';
  }
  void GiveUp() {
    gave_up_ = true;
    at_ = script_.size();
  }

  void SkipBlanks() {
    while (!Ended()) {
      if (std::string_view(" \t\r\n\v\f").find(Peek()) != std::string_view::npos) {
        ++at_;
      } else if (script_.substr(at_, 3) == "\xef\xbb\xbf") {
        at_ += 3;
      } else if (Peek() == '/' && Peek(1) == '/') {
        at_ = std::min(script_.find_first_of("\r\n", at_), script_.size());
      } else if (Peek() == '/' && Peek(1) == '*') {
        const size_t end = script_.find("*/", at_ + 2);
        if (end == std::string_view::npos) return GiveUp();
        at_ = end + 2;
      } else {
        return;
      }
    }
  }

  void ReadString(char quote) {
    for (++at_; !Ended(); ++at_) {
      const char c = Peek();
      if (c == quote) {
        ++at_;
        return;
      }
      if (c == '\n') break;
      if (c == '\\') at_ += Peek(1) == '\r' && Peek(2) == '\n' ? 2 : 1;
    }
    GiveUp();
  }

  // From inside of a template to its end, or to the next "${".
  Kind ReadTemplate() {
    for (; !Ended(); ++at_) {
      if (Peek() == '`') {
        ++at_;
        return Kind::kTemplate;
      }
      if (Peek() == '$' && Peek(1) == '{') {
        at_ += 2;
        open_.push_back({'`', false});
        return Kind::kPunctuator;
      }
      if (Peek() == '\\') ++at_;
    }
    GiveUp();
    return Kind::kNone;
  }

  void ReadRegex() {
    bool in_class = false;
    for (++at_; !Ended() && Peek() != '\n'; ++at_) {
      const char c = Peek();
      if (c == '\\') ++at_;
      if (c == '[') in_class = true;
      if (c == ']') in_class = false;
      if (c != '/' || in_class) continue;
      ++at_;
      while (IsWordChar(Peek())) ++at_;
      return;
    }
    GiveUp();
  }

  Kind ReadPunctuator() {
    const char c = Peek();
    ++at_;
    if (c == '(' || c == '[' || c == '{') {
      open_.push_back({c, ExpressionMayFollow(c)});
    } else if (c == ')' || c == ']' || c == '}') {
      return Close(c);
    } else if (c == '?' && Peek() == '.' && !IsDigit(Peek(1))) {
      ++at_;
    } else if ((c == '+' || c == '-') && Peek() == c) {
      ++at_;
    } else if (c == '=' && Peek() == '>') {
      ++at_;
    } else if (c == '.' && Peek() == '.' && Peek(1) == '.') {
      at_ += 2;
    }
    return Kind::kPunctuator;
  }

  Kind Close(char c) {
    const char wanted = c == ')' ? '(' : c == ']' ? '[' : '{';
    const Open open = open_.empty() ? Open{} : open_.back();
    if (open.bracket != wanted && !(c == '}' && open.bracket == '`')) {
      GiveUp();
      return Kind::kNone;
    }
    open_.pop_back();
    closed_ = open;
    return open.bracket == '`' ? ReadTemplate() : Kind::kPunctuator;
  }

  // Behind the bracket that closes the one now opened: a condition's and a block's end begin a
  // statement, that of an object or of arguments is a value.
  bool ExpressionMayFollow(char bracket) const {
    const bool word = last_.kind == Kind::kWord && !last_.member;
    if (bracket == '(') return word && IsOneOf(last_.text, kBeforeCondition);
    if (bracket == '[') return false;
    if (last_.kind == Kind::kNone) return true;
    if (word)
      return !IsOneOf(last_.text, kBeforeExpression) || last_.text == "do" || last_.text == "else";
    if (last_.kind != Kind::kPunctuator) return true;
    if (last_.text == "}") return closed_.expression_may_follow;
    return last_.text == ")" || last_.text == ";" || last_.text == "{" || last_.text == "=>";
  }

  bool ExpressionMayBegin() const {
    switch (last_.kind) {
      case Kind::kNone: return true;
      case Kind::kWord: return !last_.member && IsOneOf(last_.text, kBeforeExpression);
      case Kind::kPunctuator: break;
      default: return false;
    }
    if (last_.text == ")" || last_.text == "}") return closed_.expression_may_follow;
    return last_.text != "]" && last_.text != "++" && last_.text != "--";
  }

  std::string_view script_;
  size_t at_ = 0;
  bool gave_up_ = false;
  Token last_;
  std::vector<Open> open_;
  Open closed_;  // the last that was closed
};

bool IsUrl(std::string_view specifier) {
  const size_t colon = specifier.find_first_of(":/");
  return specifier.starts_with("/") || specifier.starts_with("./") ||
         specifier.starts_with("../") ||
         (colon != std::string_view::npos && specifier[colon] == ':');
}

class ScriptReader {
 public:
  explicit ScriptReader(std::string_view script) : script_(script), lexer_(script) {}

  std::vector<Reference> Read() {
    for (Token token = lexer_.Next(); token.kind != Kind::kNone; token = lexer_.Next()) {
      See(token);
      std::rotate(before_.begin(), before_.end() - 1, before_.end());
      before_[0] = token;
    }
    if (lexer_.gave_up()) return {};
    return std::move(found_);
  }

 private:
  // What has to follow a string so that it is a reference.
  static constexpr std::array<std::string_view, 7> kOfMetaUrl = {",", "import", ".", "meta",
                                                                 ".", "url",    ")"};

  static bool Is(const Token& token, std::string_view text) {
    return (token.kind == Kind::kWord || token.kind == Kind::kPunctuator) && token.text == text &&
           !token.member;
  }

  void See(const Token& token) {
    if (pending_) Confirm(token);
    if (token.kind == Kind::kString || token.kind == Kind::kTemplate) SeeString(token);
    if (token.kind == Kind::kWord && !token.member &&
        (token.text == "import" || token.text == "export")) {
      clause_ = true;
      return;
    }
    if (!clause_) return;
    // import a, { "b" as c } from …; export * from …
    const bool begins = Is(before_[0], "export");
    clause_ = begins ? Is(token, "*") || Is(token, "{")
                     : token.kind == Kind::kWord || token.kind == Kind::kString || Is(token, "*") ||
                           Is(token, ",") || Is(token, "{") || Is(token, "}");
  }

  void SeeString(const Token& token) {
    std::optional<Reference> reference = ReferenceOf(token);
    if (!reference) return;
    const bool exact = token.kind == Kind::kString;
    if (Is(before_[0], "import") || (clause_ && Is(before_[0], "from"))) {
      clause_ = false;
      if (exact && IsUrl(reference->url)) found_.push_back(*std::move(reference));
    } else if (Is(before_[0], "(") && Is(before_[1], "import")) {
      reference->use = Use::kMention;
      if (IsUrl(reference->url)) Await(*std::move(reference), false);
    } else if (Is(before_[0], "(") && Is(before_[1], "URL") && Is(before_[2], "new")) {
      // A service worker's name never changes.
      const bool worker = Is(before_[3], "(") && before_[4].text == "register";
      reference->use = Use::kMention;
      if (!worker) Await(*std::move(reference), true);
    }
  }

  // Nothing for what has escapes: its name stays alive as it is.
  std::optional<Reference> ReferenceOf(const Token& token) const {
    const std::string_view url = token.text.substr(1, token.text.size() - 2);
    const bool whole = token.text.size() > 2 && token.text.front() == token.text.back();
    if (!whole || url.find('\\') != std::string_view::npos) return std::nullopt;
    const auto offset = static_cast<size_t>(url.data() - script_.data());
    return Reference{offset, url.size(), std::string(url), Quoting::kPlain, Use::kImport};
  }

  void Await(Reference reference, bool meta_url) {
    pending_ = std::move(reference);
    meta_url_ = meta_url;
    confirmed_ = 0;
  }

  void Confirm(const Token& token) {
    if (!meta_url_) {
      if (Is(token, ")") || Is(token, ",")) found_.push_back(*std::move(pending_));
      pending_.reset();
      return;
    }
    if ((token.kind != Kind::kWord && token.kind != Kind::kPunctuator) ||
        token.text != kOfMetaUrl[confirmed_]) {
      pending_.reset();
    } else if (++confirmed_ == kOfMetaUrl.size()) {
      found_.push_back(*std::move(pending_));
      pending_.reset();
    }
  }

  std::string_view script_;
  Lexer lexer_;
  std::array<Token, 5> before_;       // the last first
  bool clause_ = false;               // between import or export and "from"
  std::optional<Reference> pending_;  // until the tokens behind it are seen
  bool meta_url_ = false;
  size_t confirmed_ = 0;  // tokens of kOfMetaUrl
  std::vector<Reference> found_;
};

}  // namespace

std::vector<Reference> ScriptReferences(std::string_view script) {
  // Most scripts hold neither, and need not be read by tokens.
  if (script.find("import") == std::string_view::npos &&
      script.find("export") == std::string_view::npos) {
    return {};
  }
  return ScriptReader(script).Read();
}

std::string WithoutReferences(std::string_view script, const std::vector<Reference>& references) {
  std::string text(script);
  for (const Reference& reference : references) {
    text.replace(reference.offset, reference.length, reference.length, ' ');
  }
  return text;
}

Document ReadScript(std::string_view script) {
  Document document;
  Fragment fragment{0, script.size(), std::string(script), false, ScriptReferences(script)};
  for (const std::string_view opening : {"//# sourceMappingURL=", "//@ sourceMappingURL="}) {
    const size_t at = script.rfind(opening);
    const bool on_last_line =
        at != std::string_view::npos &&
        script.find_first_not_of(" \t\r\n", std::min(script.find('\n', at), script.size())) ==
            std::string_view::npos;
    const bool inside = at != std::string_view::npos && !fragment.references.empty() &&
                        at < fragment.references.back().offset + fragment.references.back().length;
    if (!on_last_line || inside) continue;
    if (std::optional<Reference> map = SourceMapReference(script.substr(at))) {
      map->offset += at;
      fragment.references.push_back(*std::move(map));
      break;
    }
  }
  document.scripts.push_back(WithoutReferences(script, fragment.references));
  document.fragments.push_back(std::move(fragment));
  return document;
}

}  // namespace skerry::pipeline
