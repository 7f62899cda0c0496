#include "core/config/kind.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>

#include "core/base/ascii.h"
#include "core/config/nearest.h"

namespace skerry::config {
namespace {

struct Unit {
  std::string_view name;
  uint64_t factor;
};
constexpr std::array<Unit, 5> kByteUnits = {
    {{"B", 1}, {"KiB", 1_KiB}, {"MiB", 1_MiB}, {"GiB", 1_GiB}, {"TiB", 1024_GiB}}};
// In milliseconds.
constexpr std::array<Unit, 5> kTimeUnits = {
    {{"ms", 1}, {"s", 1000}, {"m", 60'000}, {"h", 3'600'000}, {"d", 86'400'000}}};

tl::unexpected<Error> Refuse(std::string message) {
  return Fail(Code::kInvalid, Side::kConfig, std::move(message));
}

std::string Quoted(std::string_view text) { return "\"" + std::string(text) + "\""; }

std::string Join(const std::vector<std::string>& words, std::string_view between) {
  std::string text;
  for (const std::string& word : words) {
    if (!text.empty()) text += between;
    text += word;
  }
  return text;
}

template <size_t N>
std::string Names(const std::array<Unit, N>& units) {
  std::vector<std::string> names;
  for (const Unit& unit : units) names.emplace_back(unit.name);
  return Join(names, ", ");
}

// In the largest unit that divides it.
template <size_t N>
std::string Print(uint64_t value, const std::array<Unit, N>& units) {
  const Unit* best = &units[0];
  for (const Unit& unit : units) {
    if (value != 0 && value % unit.factor == 0) best = &unit;
  }
  if (value == 0) return "0";
  return std::to_string(value / best->factor) + std::string(best->name);
}

// "512mb" most probably means MiB: the same first letter.
template <size_t N>
std::string UnitHint(std::string_view number, std::string_view written,
                     const std::array<Unit, N>& units) {
  for (const Unit& unit : units) {
    if (!written.empty() && AsciiLower(unit.name[0]) == AsciiLower(written[0])) {
      return "; did you mean " + Quoted(std::string(number) + std::string(unit.name)) + "?";
    }
  }
  return "";
}

// A number with its unit, in the smallest unit; nullopt when no 64 bits hold it,
// which is out of every range.
template <size_t N>
Result<std::optional<uint64_t>> ParseAmount(const Written& written, std::string_view what,
                                            std::string_view example,
                                            const std::array<Unit, N>& units) {
  const std::string expected =
      "expected " + std::string(what) + " such as " + Quoted(example) + " (" + Names(units) + ")";
  if (const int64_t* number = std::get_if<int64_t>(&written); number != nullptr) {
    if (*number == 0) return uint64_t{0};
    return Refuse(expected + ", found " + Describe(written) + " without a unit");
  }
  const std::string* text = std::get_if<std::string>(&written);
  if (text == nullptr) return Refuse(expected + ", found " + Describe(written));
  uint64_t number = 0;
  const auto [end, failed] = std::from_chars(text->data(), text->data() + text->size(), number);
  const std::string_view digits(text->data(), static_cast<size_t>(end - text->data()));
  const std::string_view name = std::string_view(*text).substr(digits.size());
  if (failed == std::errc::result_out_of_range) return std::nullopt;
  if (digits.empty()) return Refuse(expected + ", found " + Describe(written));
  if (name.empty() && number == 0) return uint64_t{0};
  if (name.empty()) return Refuse(expected + ", found " + Describe(written) + " without a unit");
  for (const Unit& unit : units) {
    if (unit.name != name) continue;
    uint64_t product = 0;
    if (__builtin_mul_overflow(number, unit.factor, &product)) return std::nullopt;
    return product;
  }
  return Refuse("unknown unit " + Quoted(name) + "; units are " + Names(units) +
                UnitHint(digits, name, units));
}

std::string OutOfRange(const std::string& found, const std::string& range) {
  return "out of range: " + found + "; allowed is " + range;
}

template <size_t N>
std::string AmountRange(uint64_t least, uint64_t most, const std::array<Unit, N>& units) {
  return Print(least, units) + " to " + Print(most, units);
}

template <class D>
Kind<D> DurationKind(D least, D most, std::optional<D> fallback) {
  const uint64_t low = static_cast<uint64_t>(Millis(least).count());
  const uint64_t high = static_cast<uint64_t>(Millis(most).count());
  Kind<D> kind;
  kind.about = {
      .form = Form::kDuration, .type = "duration", .range = AmountRange(low, high, kTimeUnits)};
  kind.parse = [low, high, range = kind.about.range](const Written& written) -> Result<D> {
    const Result<std::optional<uint64_t>> amount =
        ParseAmount(written, "a duration", "10s", kTimeUnits);
    if (!amount) return Fail(amount.error());
    if (!*amount || **amount < low || **amount > high) {
      return Refuse(OutOfRange(Describe(written), range));
    }
    const Millis exact(static_cast<int64_t>(**amount));
    const D value = std::chrono::duration_cast<D>(exact);
    if (value != exact) return Refuse("expected whole seconds, found " + Describe(written));
    return value;
  };
  kind.print = [](const D& value) {
    return Print(static_cast<uint64_t>(Millis(value).count()), kTimeUnits);
  };
  kind.fallback = fallback;
  return kind;
}

Kind<std::string> TextKind(const std::string& type, std::optional<std::string> fallback) {
  Kind<std::string> kind;
  kind.about = {.form = Form::kText, .type = type};
  kind.parse = [type](const Written& written) { return ParseText(written, type); };
  kind.print = [](const std::string& value) { return value; };
  kind.fallback = std::move(fallback);
  return kind;
}

// Control characters in a host name or header value are never meant.
bool HasControl(std::string_view text) {
  return std::any_of(text.begin(), text.end(),
                     [](char c) { return static_cast<unsigned char>(c) < 0x20 || c == 0x7f; });
}

std::vector<std::string_view> SplitAtCommas(std::string_view text) {
  std::vector<std::string_view> parts;
  if (text.empty()) return parts;
  for (size_t comma; (comma = text.find(',')) != text.npos; text.remove_prefix(comma + 1)) {
    parts.push_back(text.substr(0, comma));
  }
  parts.push_back(text);
  return parts;
}

std::optional<int64_t> WholeNumber(std::string_view text) {
  int64_t number = 0;
  const auto [end, failed] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (failed != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return number;
}

Result<Written> IntegersFromFlag(std::string_view text) {
  std::vector<int64_t> numbers;
  for (const std::string_view part : SplitAtCommas(text)) {
    const std::optional<int64_t> number = WholeNumber(part);
    if (!number) return Refuse("expected whole numbers with commas between, found " + Quoted(text));
    numbers.push_back(*number);
  }
  return Written(std::move(numbers));
}

}  // namespace

std::string Describe(const Written& written) {
  if (const bool* truth = std::get_if<bool>(&written)) return *truth ? "true" : "false";
  if (const int64_t* number = std::get_if<int64_t>(&written))
    return "the number " + std::to_string(*number);
  if (const std::string* text = std::get_if<std::string>(&written)) return Quoted(*text);
  if (std::holds_alternative<std::vector<int64_t>>(written)) return "a list of numbers";
  return "a list";
}

Result<Written> FromFlag(Form form, std::string_view text) {
  switch (form) {
    case Form::kBool:
      if (text == "true") return Written(true);
      if (text == "false") return Written(false);
      return Refuse("expected true or false, found " + Quoted(text));
    case Form::kInteger: {
      const std::optional<int64_t> number = WholeNumber(text);
      if (!number) return Refuse("expected a whole number, found " + Quoted(text));
      return Written(*number);
    }
    case Form::kIntegerList: return IntegersFromFlag(text);
    case Form::kTextList: {
      const std::vector<std::string_view> parts = SplitAtCommas(text);
      return Written(std::vector<std::string>(parts.begin(), parts.end()));
    }
    case Form::kBytes:
    case Form::kDuration:
    case Form::kText:
    case Form::kWord: break;
  }
  return Written(std::string(text));
}

Result<std::string> ParseText(const Written& written, std::string_view type) {
  const std::string* text = std::get_if<std::string>(&written);
  if (text == nullptr) {
    return Refuse("expected " + std::string(type) + " in quotes, found " + Describe(written));
  }
  if (HasControl(*text)) return Refuse("control characters are not allowed");
  return *text;
}

Result<std::vector<std::string>> ParseTextList(const Written& written, std::string_view type) {
  const auto* texts = std::get_if<std::vector<std::string>>(&written);
  if (texts == nullptr) {
    return Refuse("expected a " + std::string(type) + " in brackets, found " + Describe(written));
  }
  for (const std::string& text : *texts) {
    if (text.empty()) return Refuse("an empty text in the list");
    if (HasControl(text)) return Refuse("control characters are not allowed");
  }
  return *texts;
}

Result<size_t> ParseWord(const Written& written, const std::vector<std::string>& words) {
  const std::string expected = "expected one of " + Join(words, ", ");
  const std::string* word = std::get_if<std::string>(&written);
  if (word == nullptr) return Refuse(expected + "; found " + Describe(written));
  const auto found = std::find(words.begin(), words.end(), *word);
  if (found != words.end()) return static_cast<size_t>(found - words.begin());
  const std::string_view nearest = Nearest(*word, words);
  return Refuse(expected + "; found " + Quoted(*word) +
                (nearest.empty() ? "" : "; did you mean " + Quoted(nearest) + "?"));
}

Kind<bool> Bool(std::optional<bool> fallback) {
  Kind<bool> kind;
  kind.about = {.form = Form::kBool, .type = "true or false"};
  kind.parse = [](const Written& written) -> Result<bool> {
    if (const bool* truth = std::get_if<bool>(&written)) return *truth;
    return Refuse("expected true or false, found " + Describe(written));
  };
  kind.print = [](bool value) { return std::string(value ? "true" : "false"); };
  kind.fallback = fallback;
  return kind;
}

Kind<int64_t> Integer(int64_t least, int64_t most, std::optional<int64_t> fallback) {
  Kind<int64_t> kind;
  kind.about = {.form = Form::kInteger,
                .type = "number",
                .range = std::to_string(least) + " to " + std::to_string(most),
                .least = least,
                .most = most};
  kind.parse = [least, most, range = kind.about.range](const Written& written) -> Result<int64_t> {
    const int64_t* number = std::get_if<int64_t>(&written);
    if (number == nullptr) return Refuse("expected a whole number, found " + Describe(written));
    if (*number < least || *number > most)
      return Refuse(OutOfRange(std::to_string(*number), range));
    return *number;
  };
  kind.print = [](int64_t value) { return std::to_string(value); };
  kind.fallback = fallback;
  return kind;
}

Kind<ByteCount> Bytes(ByteCount least, ByteCount most, std::optional<ByteCount> fallback) {
  Kind<ByteCount> kind;
  kind.about = {
      .form = Form::kBytes, .type = "size", .range = AmountRange(least, most, kByteUnits)};
  kind.parse = [least, most,
                range = kind.about.range](const Written& written) -> Result<ByteCount> {
    const Result<std::optional<uint64_t>> amount =
        ParseAmount(written, "a size", "512MiB", kByteUnits);
    if (!amount) return Fail(amount.error());
    if (!*amount || **amount < least || **amount > most) {
      return Refuse(OutOfRange(Describe(written), range));
    }
    return **amount;
  };
  kind.print = [](ByteCount value) { return Print(value, kByteUnits); };
  kind.fallback = fallback;
  return kind;
}

Kind<Millis> Duration(Millis least, Millis most, std::optional<Millis> fallback) {
  return DurationKind<Millis>(least, most, fallback);
}

Kind<Seconds> WholeSeconds(Seconds least, Seconds most, std::optional<Seconds> fallback) {
  return DurationKind<Seconds>(least, most, fallback);
}

Kind<std::string> Text(std::optional<std::string> fallback) {
  return TextKind("text", std::move(fallback));
}

Kind<std::string> Path(std::optional<std::string> fallback) {
  return TextKind("path", std::move(fallback));
}

Kind<std::vector<std::string>> TextList(std::optional<std::vector<std::string>> fallback) {
  Kind<std::vector<std::string>> kind;
  kind.about = {.form = Form::kTextList, .type = "list of texts"};
  kind.parse = [](const Written& written) { return ParseTextList(written, "list of texts"); };
  kind.print = [](const std::vector<std::string>& values) { return Join(values, ","); };
  kind.fallback = std::move(fallback);
  return kind;
}

Kind<std::vector<int64_t>> IntegerList(int64_t least, int64_t most,
                                       std::optional<std::vector<int64_t>> fallback) {
  Kind<std::vector<int64_t>> kind;
  kind.about = {.form = Form::kIntegerList,
                .type = "list of numbers",
                .range = "each " + std::to_string(least) + " to " + std::to_string(most),
                .least = least,
                .most = most};
  kind.parse = [least, most,
                range = kind.about.range](const Written& written) -> Result<std::vector<int64_t>> {
    // An empty list says nothing about what it is a list of.
    const auto* texts = std::get_if<std::vector<std::string>>(&written);
    if (texts != nullptr && texts->empty()) return std::vector<int64_t>();
    const auto* numbers = std::get_if<std::vector<int64_t>>(&written);
    if (numbers == nullptr)
      return Refuse("expected a list of whole numbers, found " + Describe(written));
    for (const int64_t number : *numbers) {
      if (number < least || number > most) return Refuse(OutOfRange(std::to_string(number), range));
    }
    return *numbers;
  };
  kind.print = [](const std::vector<int64_t>& values) {
    std::vector<std::string> words;
    for (const int64_t value : values) words.push_back(std::to_string(value));
    return Join(words, ",");
  };
  kind.fallback = std::move(fallback);
  return kind;
}

}  // namespace skerry::config
