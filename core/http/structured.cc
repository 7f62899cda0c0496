#include "core/http/structured.h"

#include <algorithm>
#include <array>
#include <optional>

#include "core/base/digest.h"
#include "core/http/message.h"

namespace skerry::http::structured {
namespace {

constexpr int64_t kMaxInteger = 999'999'999'999'999;  // RFC 9651 3.3.1; also of thousandths

bool IsLower(char c) { return c >= 'a' && c <= 'z'; }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsAlpha(char c) { return IsLower(c) || (c >= 'A' && c <= 'Z'); }
bool IsPrintable(char c) { return c >= 0x20 && c <= 0x7e; }
bool IsKeyStart(char c) { return IsLower(c) || c == '*'; }
bool IsKeyPart(char c) { return IsKeyStart(c) || IsDigit(c) || c == '_' || c == '-' || c == '.'; }
bool IsTokenStart(char c) { return IsAlpha(c) || c == '*'; }
bool IsTokenPart(char c) { return c == ':' || c == '/' || IsToken({&c, 1}); }

std::optional<int> LowerHex(char c) {
  if (IsDigit(c)) return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return std::nullopt;
}

// RFC 3629: no overlong forms, no surrogates, nothing above U+10FFFF.
bool IsUtf8(std::string_view text) {
  for (size_t i = 0; i < text.size();) {
    const uint8_t first = static_cast<uint8_t>(text[i]);
    const size_t length = first < 0x80                    ? 1
                          : first >= 0xc2 && first < 0xe0 ? 2
                          : first >= 0xe0 && first < 0xf0 ? 3
                          : first >= 0xf0 && first < 0xf5 ? 4
                                                          : 0;
    if (length == 0 || text.size() - i < length) return false;
    uint32_t point = length == 1 ? first : first & (0x7f >> length);
    for (size_t k = 1; k < length; ++k) {
      const uint8_t next = static_cast<uint8_t>(text[i + k]);
      if ((next & 0xc0) != 0x80) return false;
      point = point << 6 | (next & 0x3f);
    }
    if (length == 3 && (point < 0x800 || (point >= 0xd800 && point < 0xe000))) return false;
    if (length == 4 && (point < 0x10000 || point > 0x10ffff)) return false;
    i += length;
  }
  return true;
}

// Padding and the unused bits of the last letter may be missing or wrong (RFC 9651
// 4.2.7 asks parsers not to fail on them).
std::optional<std::string> DecodeBase64(std::string_view text) {
  while (text.ends_with('=')) text.remove_suffix(1);
  std::string bytes;
  uint32_t bits = 0;
  int count = 0;
  for (char c : text) {
    int value = 0;
    if (c >= 'A' && c <= 'Z') {
      value = c - 'A';
    } else if (IsLower(c)) {
      value = c - 'a' + 26;
    } else if (IsDigit(c)) {
      value = c - '0' + 52;
    } else if (c == '+' || c == '/') {
      value = c == '+' ? 62 : 63;
    } else {
      return std::nullopt;
    }
    bits = bits << 6 | static_cast<uint32_t>(value);
    count += 6;
    if (count < 8) continue;
    count -= 8;
    bytes.push_back(static_cast<char>(bits >> count));
  }
  if (count == 6) return std::nullopt;  // one letter alone is no byte
  return bytes;
}

template <class Pairs, class Value>
void Assign(Pairs& pairs, std::string name, Value value) {
  for (auto& pair : pairs) {
    if (pair.first == name) {
      pair.second = std::move(value);
      return;
    }
  }
  pairs.emplace_back(std::move(name), std::move(value));
}

// RFC 9651 4.2. The first failure stays: every later step sees ok() false.
class Parser {
 public:
  explicit Parser(std::string_view text) : text_(text) {}

  bool ok() const { return why_ == nullptr; }

  void Begin() { SkipSpaces(); }
  void End() {
    SkipSpaces();
    if (ok() && !AtEnd()) Stop("something follows the value");
  }
  Error error() const {
    return {Code::kInvalid, Side::kClient, false,
            std::string("structured field: ") + why_ + " at byte " + std::to_string(at_)};
  }

  List ReadList() {
    List list;
    while (ok() && !AtEnd()) {
      list.push_back(ReadMember());
      if (!NextMember()) break;
    }
    return list;
  }

  Dictionary ReadDictionary() {
    Dictionary dictionary;
    while (ok() && !AtEnd()) {
      std::string name = ReadKey();
      Member member;
      if (Take('=')) {
        member = ReadMember();
      } else {
        member = Item{true, ReadParameters()};
      }
      if (ok()) Assign(dictionary, std::move(name), std::move(member));
      if (!NextMember()) break;
    }
    return dictionary;
  }

  Item ReadItem() {
    Item item;
    item.value = ReadBareItem();
    item.parameters = ReadParameters();
    return item;
  }

 private:
  bool AtEnd() const { return at_ == text_.size(); }
  char Peek() const { return AtEnd() ? '\0' : text_[at_]; }
  bool Take(char wanted) {
    if (!ok() || AtEnd() || text_[at_] != wanted) return false;
    ++at_;
    return true;
  }
  void Stop(const char* why) {
    if (why_ == nullptr) why_ = why;
  }
  void SkipSpaces() {
    while (Take(' ')) {
    }
  }
  void SkipBlanks() {
    while (Take(' ') || Take('\t')) {
    }
  }

  // Behind a member: true if another one follows.
  bool NextMember() {
    SkipBlanks();
    if (!ok() || AtEnd()) return false;
    if (!Take(',')) {
      Stop("members need a comma between them");
      return false;
    }
    SkipBlanks();
    if (AtEnd()) Stop("nothing follows the last comma");
    return ok();
  }

  Member ReadMember() {
    if (Peek() == '(') return ReadInnerList();
    return ReadItem();
  }

  InnerList ReadInnerList() {
    InnerList list;
    Take('(');
    while (ok()) {
      SkipSpaces();
      if (Take(')')) {
        list.parameters = ReadParameters();
        return list;
      }
      list.items.push_back(ReadItem());
      if (ok() && Peek() != ' ' && Peek() != ')') Stop("an inner list is not closed");
    }
    return list;
  }

  Parameters ReadParameters() {
    Parameters parameters;
    while (Take(';')) {
      SkipSpaces();
      std::string name = ReadKey();
      BareItem value = true;
      if (Take('=')) value = ReadBareItem();
      if (ok()) Assign(parameters, std::move(name), std::move(value));
    }
    return parameters;
  }

  std::string ReadKey() {
    std::string key;
    if (!ok()) return key;
    if (!IsKeyStart(Peek())) {
      Stop("a key begins with a lower-case letter or *");
      return key;
    }
    while (!AtEnd() && IsKeyPart(Peek())) key.push_back(text_[at_++]);
    return key;
  }

  BareItem ReadBareItem() {
    if (!ok()) return false;
    const char first = Peek();
    if (first == '-' || IsDigit(first)) return ReadNumber();
    if (first == '"') return ReadString();
    if (IsTokenStart(first)) return ReadToken();
    if (first == ':') return ReadBytes();
    if (first == '?') return ReadBoolean();
    if (first == '@') return ReadDate();
    if (first == '%') return ReadDisplayString();
    Stop("no item begins like that");
    return false;
  }

  BareItem ReadNumber() {
    const bool negative = Take('-');
    int64_t value = 0;
    size_t digits = 0;
    size_t behind = 0;
    bool point = false;
    if (!IsDigit(Peek())) Stop("a number needs digits");
    while (ok() && (IsDigit(Peek()) || (Peek() == '.' && !point))) {
      const char c = text_[at_++];
      if (c == '.') {
        if (digits > 12) Stop("a decimal has at most 12 digits before its point");
        point = true;
        continue;
      }
      value = value * 10 + (c - '0');
      ++digits;
      if (point) ++behind;
      if (digits > 15) Stop("a number has at most 15 digits");
      if (behind > 3) Stop("a decimal has at most 3 digits behind its point");
    }
    if (point && behind == 0) Stop("a decimal needs digits behind its point");
    if (!ok()) return false;
    if (!point) return negative ? -value : value;
    for (; behind < 3; ++behind) value *= 10;
    return Decimal{negative ? -value : value};
  }

  BareItem ReadString() {
    std::string text;
    Take('"');
    while (!AtEnd()) {
      const char c = text_[at_++];
      if (c == '"') return text;
      if (!IsPrintable(c)) break;
      if (c != '\\') {
        text.push_back(c);
      } else if (Peek() == '"' || Peek() == '\\') {
        text.push_back(text_[at_++]);
      } else {
        break;
      }
    }
    Stop("a string is broken or not closed");
    return text;
  }

  BareItem ReadToken() {
    Token token;
    while (!AtEnd() && IsTokenPart(Peek())) token.text.push_back(text_[at_++]);
    return token;
  }

  BareItem ReadBytes() {
    Take(':');
    const size_t end = text_.find(':', at_);
    if (end == std::string_view::npos) {
      Stop("a byte sequence is not closed");
      return false;
    }
    std::optional<std::string> bytes = DecodeBase64(text_.substr(at_, end - at_));
    if (!bytes) Stop("a byte sequence is not base64");
    at_ = end + 1;
    return Bytes{bytes ? std::move(*bytes) : std::string()};
  }

  BareItem ReadBoolean() {
    Take('?');
    if (Take('1')) return true;
    if (!Take('0')) Stop("a boolean is ?0 or ?1");
    return false;
  }

  BareItem ReadDate() {
    Take('@');
    const BareItem number = ReadNumber();
    if (const int64_t* seconds = std::get_if<int64_t>(&number)) return Date{*seconds};
    Stop("a date is a whole number of seconds");
    return false;
  }

  BareItem ReadDisplayString() {
    DisplayString display;
    Take('%');
    if (!Take('"')) Stop("a display string begins with %\"");
    while (ok()) {
      if (AtEnd() || !IsPrintable(Peek())) break;
      const char c = text_[at_++];
      if (c == '"') {
        if (IsUtf8(display.text)) return display;
        break;
      }
      if (c != '%') {
        display.text.push_back(c);
        continue;
      }
      const std::optional<int> high = LowerHex(Peek());
      const std::optional<int> low =
          text_.size() - at_ < 2 ? std::nullopt : LowerHex(text_[at_ + 1]);
      if (!high || !low) break;
      display.text.push_back(static_cast<char>(*high << 4 | *low));
      at_ += 2;
    }
    Stop("a display string is broken or not closed");
    return display;
  }

  std::string_view text_;
  size_t at_ = 0;
  const char* why_ = nullptr;
};

template <class T>
Result<T> ParseWhole(std::string_view text, T (Parser::*read)()) {
  Parser parser(text);
  parser.Begin();
  T value = (parser.*read)();
  parser.End();
  if (!parser.ok()) return Fail(parser.error());
  return value;
}

// RFC 9651 4.1.
class Writer {
 public:
  Result<std::string> Take() {
    if (why_ != nullptr) {
      return Fail(Code::kInvalid, Side::kSelf, std::string("structured field: ") + why_);
    }
    return std::move(out_);
  }

  void Write(const Item& item) {
    std::visit([this](const auto& value) { Bare(value); }, item.value);
    Write(item.parameters);
  }
  void Write(const List& list) {
    for (const Member& member : list) {
      Separate();
      Write(member);
    }
  }
  void Write(const Dictionary& dictionary) {
    for (const auto& [name, member] : dictionary) {
      Separate();
      Key(name);
      const Item* item = std::get_if<Item>(&member);
      const bool* flag = item == nullptr ? nullptr : std::get_if<bool>(&item->value);
      if (flag != nullptr && *flag) {
        Write(item->parameters);
      } else {
        out_ += '=';
        Write(member);
      }
    }
  }

 private:
  void Stop(const char* why) { why_ = why; }
  void Separate() {
    if (!out_.empty()) out_ += ", ";
  }

  void Write(const Member& member) {
    if (const Item* item = std::get_if<Item>(&member)) {
      Write(*item);
      return;
    }
    const InnerList& list = std::get<InnerList>(member);
    out_ += '(';
    for (const Item& item : list.items) {
      if (&item != &list.items.front()) out_ += ' ';
      Write(item);
    }
    out_ += ')';
    Write(list.parameters);
  }

  void Write(const Parameters& parameters) {
    for (const auto& [name, value] : parameters) {
      out_ += ';';
      Key(name);
      const bool* flag = std::get_if<bool>(&value);
      if (flag != nullptr && *flag) continue;
      out_ += '=';
      std::visit([this](const auto& bare) { Bare(bare); }, value);
    }
  }

  void Key(std::string_view name) {
    if (name.empty() || !IsKeyStart(name[0]) || !std::all_of(name.begin(), name.end(), IsKeyPart)) {
      Stop("not a key");
    }
    out_ += name;
  }

  void Bare(int64_t value) {
    if (value > kMaxInteger || value < -kMaxInteger) Stop("an integer has more than 15 digits");
    out_ += std::to_string(value);
  }
  void Bare(const Decimal& value) {
    if (value.thousandths > kMaxInteger || value.thousandths < -kMaxInteger) {
      return Stop("a decimal has more than 12 digits before its point");
    }
    const int64_t size = value.thousandths < 0 ? -value.thousandths : value.thousandths;
    if (value.thousandths < 0) out_ += '-';
    out_ += std::to_string(size / 1000);
    std::string behind = std::to_string(1000 + size % 1000).substr(1);
    while (behind.size() > 1 && behind.back() == '0') behind.pop_back();
    out_ += '.' + behind;
  }
  void Bare(const std::string& value) {
    out_ += '"';
    for (char c : value) {
      if (!IsPrintable(c)) Stop("a string is not printable ASCII");
      if (c == '"' || c == '\\') out_ += '\\';
      out_ += c;
    }
    out_ += '"';
  }
  void Bare(const Token& value) {
    if (value.text.empty() || !IsTokenStart(value.text[0]) ||
        !std::all_of(value.text.begin(), value.text.end(), IsTokenPart)) {
      Stop("not a token");
    }
    out_ += value.text;
  }
  void Bare(const Bytes& value) { out_ += ':' + ToBase64(value.bytes) + ':'; }
  void Bare(bool value) { out_ += value ? "?1" : "?0"; }
  void Bare(const Date& value) {
    out_ += '@';
    Bare(value.seconds);
  }
  void Bare(const DisplayString& value) {
    if (!IsUtf8(value.text)) Stop("a display string is not UTF-8");
    out_ += "%\"";
    for (char c : value.text) {
      if (c == '%' || c == '"' || !IsPrintable(c)) {
        out_ += '%' + ToHex({&c, 1});
      } else {
        out_ += c;
      }
    }
    out_ += '"';
  }

  std::string out_;
  const char* why_ = nullptr;
};

template <class T>
Result<std::string> WriteWhole(const T& value) {
  Writer writer;
  writer.Write(value);
  return writer.Take();
}

template <class Pairs>
auto FindIn(const Pairs& pairs, std::string_view name) -> decltype(&pairs.front().second) {
  for (const auto& pair : pairs) {
    if (pair.first == name) return &pair.second;
  }
  return nullptr;
}

}  // namespace

Result<Item> ParseItem(std::string_view text) { return ParseWhole(text, &Parser::ReadItem); }
Result<List> ParseList(std::string_view text) { return ParseWhole(text, &Parser::ReadList); }
Result<Dictionary> ParseDictionary(std::string_view text) {
  return ParseWhole(text, &Parser::ReadDictionary);
}

Result<std::string> Serialize(const Item& item) { return WriteWhole(item); }
Result<std::string> Serialize(const List& list) { return WriteWhole(list); }
Result<std::string> Serialize(const Dictionary& dictionary) { return WriteWhole(dictionary); }

const BareItem* Find(const Parameters& parameters, std::string_view name) {
  return FindIn(parameters, name);
}
const Member* Find(const Dictionary& dictionary, std::string_view name) {
  return FindIn(dictionary, name);
}

}  // namespace skerry::http::structured
