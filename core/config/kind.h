// The kinds of values that options have: how they are written, which are allowed.
//
// A kind takes a value as it stands in the file or behind a flag and gives a
// typed one, or an error that says what was expected and what was found. Nothing
// is clipped, guessed or ignored: a size or a duration without a unit is refused
// (except 0, which needs none).
#pragma once

#include <cstdint>
#include <functional>
#include <initializer_list>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/clock.h"
#include "core/base/result.h"

namespace skerry::config {

// As written, before a kind looks at it.
using Written =
    std::variant<bool, int64_t, std::string, std::vector<std::string>, std::vector<int64_t>>;

// "the number 12", "the text \"12\"", …: for messages.
std::string Describe(const Written& written);

// How a value is written; also decides its JSON Schema.
enum class Form : uint8_t {
  kBool,         // true, false
  kInteger,      // 8
  kBytes,        // "512MiB": B, KiB, MiB, GiB, TiB
  kDuration,     // "10s": ms, s, m, h, d
  kText,         // "…"
  kWord,         // one of a few words
  kTextList,     // ["a", "b"]; behind a flag a,b
  kIntegerList,  // [1, 2]; behind a flag 1,2
};

// What people read about a kind.
struct KindText {
  Form form = Form::kText;
  std::string type = {};                         // "size", "ADDRESS:PORT"
  std::string range = {};                        // "64MiB to 1TiB"; empty: any
  std::vector<std::string> words = {};           // of kWord
  std::optional<int64_t> least = {}, most = {};  // of kInteger and kIntegerList
};

template <class V>
struct Kind {
  KindText about;
  std::function<Result<V>(const Written&)> parse;  // its error has only a context
  std::function<std::string(const V&)> print;      // as it would be written behind a flag
  std::optional<V> fallback = {};                  // none: the option is required, or optional<V>
};

// Value of a flag as the file would have it; lists are split at commas.
Result<Written> FromFlag(Form form, std::string_view text);

Kind<bool> Bool(std::optional<bool> fallback = {});
Kind<int64_t> Integer(int64_t least, int64_t most, std::optional<int64_t> fallback = {});
Kind<ByteCount> Bytes(ByteCount least, ByteCount most, std::optional<ByteCount> fallback = {});
Kind<Millis> Duration(Millis least, Millis most, std::optional<Millis> fallback = {});
// For what HTTP counts in seconds: "500ms" is refused.
Kind<Seconds> WholeSeconds(Seconds least, Seconds most, std::optional<Seconds> fallback = {});
// Any text without control characters.
Kind<std::string> Text(std::optional<std::string> fallback = {});
// A file or folder name; whether it exists is found out by whoever opens it.
Kind<std::string> Path(std::optional<std::string> fallback = {});
Kind<std::vector<std::string>> TextList(std::optional<std::vector<std::string>> fallback = {});
Kind<std::vector<int64_t>> IntegerList(int64_t least, int64_t most,
                                       std::optional<std::vector<int64_t>> fallback = {});

// The parts that templates below are made of.
Result<std::string> ParseText(const Written& written, std::string_view type);
Result<std::vector<std::string>> ParseTextList(const Written& written, std::string_view type);
Result<size_t> ParseWord(const Written& written, const std::vector<std::string>& words);

// One of a few words, each standing for a value of an enum (or anything with ==).
template <class E>
Kind<E> Choice(std::initializer_list<std::pair<std::string_view, E>> choices,
               std::optional<E> fallback = {}) {
  std::vector<std::string> words;
  std::vector<E> values;
  for (const auto& [word, value] : choices) {
    words.emplace_back(word);
    values.push_back(value);
  }
  Kind<E> kind;
  kind.about = {.form = Form::kWord, .type = "word", .words = words};
  kind.parse = [words, values](const Written& written) {
    return ParseWord(written, words).map([&](size_t index) { return values[index]; });
  };
  kind.print = [words, values](const E& value) {
    for (size_t i = 0; i < values.size(); ++i) {
      if (values[i] == value) return words[i];
    }
    return std::string();
  };
  kind.fallback = fallback;
  return kind;
}

// Text that a type of another room understands: T::Parse(std::string_view) gives a
// Result<T>, and T::ToString() prints it. `type` is what people read: "ADDRESS:PORT".
template <class T>
Kind<T> Parsed(std::string_view type, std::optional<T> fallback = {}) {
  Kind<T> kind;
  kind.about = {.form = Form::kText, .type = std::string(type)};
  kind.parse = [type](const Written& written) -> Result<T> {
    Result<std::string> text = ParseText(written, type);
    if (!text) return Fail(std::move(text.error()));
    return T::Parse(*text);
  };
  kind.print = [](const T& value) { return value.ToString(); };
  kind.fallback = std::move(fallback);
  return kind;
}

// A list of the same.
template <class T>
Kind<std::vector<T>> ParsedList(std::string_view type,
                                std::optional<std::vector<T>> fallback = {}) {
  Kind<std::vector<T>> kind;
  kind.about = {.form = Form::kTextList, .type = "list of " + std::string(type)};
  kind.parse = [about = kind.about.type](const Written& written) -> Result<std::vector<T>> {
    Result<std::vector<std::string>> texts = ParseTextList(written, about);
    if (!texts) return Fail(std::move(texts.error()));
    std::vector<T> values;
    for (const std::string& text : *texts) {
      Result<T> value = T::Parse(text);
      if (!value) return Fail(std::move(value.error()));
      values.push_back(std::move(*value));
    }
    return values;
  };
  kind.print = [](const std::vector<T>& values) {
    std::string text;
    for (const T& value : values) text += (text.empty() ? "" : ",") + value.ToString();
    return text;
  };
  kind.fallback = std::move(fallback);
  return kind;
}

}  // namespace skerry::config
