// Structured fields (RFC 9651, and so RFC 8941): items, lists, dictionaries.
//
// Parsing is strict: a field that does not parse is ignored as a whole, which is
// the caller's part (RFC 9651 4.2). Several lines are joined first
// (Fields::Combined). Errors are Code::kInvalid; whose fault it is, the caller
// knows: the side is kClient here.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

#include "core/base/result.h"

namespace skerry::http::structured {

// 12 digits before the point and 3 behind it, so thousandths are exact.
struct Decimal {
  int64_t thousandths = 0;
  bool operator==(const Decimal&) const = default;
};
struct Token {
  std::string text;
  bool operator==(const Token&) const = default;
};
struct Bytes {
  std::string bytes;
  bool operator==(const Bytes&) const = default;
};
struct Date {
  int64_t seconds = 0;  // since 1970
  bool operator==(const Date&) const = default;
};
struct DisplayString {
  std::string text;  // UTF-8
  bool operator==(const DisplayString&) const = default;
};

// An Integer is int64_t, a String is std::string, a Boolean is bool.
using BareItem =
    std::variant<int64_t, Decimal, std::string, Token, Bytes, bool, Date, DisplayString>;

// In the order of their first appearance; of equal names the last value counts.
using Parameters = std::vector<std::pair<std::string, BareItem>>;

struct Item {
  BareItem value;
  Parameters parameters;
  bool operator==(const Item&) const = default;
};
struct InnerList {
  std::vector<Item> items;
  Parameters parameters;
  bool operator==(const InnerList&) const = default;
};
using Member = std::variant<Item, InnerList>;
using List = std::vector<Member>;
// As Parameters: order of first appearance, last value.
using Dictionary = std::vector<std::pair<std::string, Member>>;

Result<Item> ParseItem(std::string_view text);
Result<List> ParseList(std::string_view text);
Result<Dictionary> ParseDictionary(std::string_view text);

// Fail where the value cannot be written: numbers out of range, strings that are
// not printable ASCII, names that are no keys, display strings that are not UTF-8.
Result<std::string> Serialize(const Item& item);
Result<std::string> Serialize(const List& list);
Result<std::string> Serialize(const Dictionary& dictionary);

// The value of that name, or null.
const BareItem* Find(const Parameters& parameters, std::string_view name);
const Member* Find(const Dictionary& dictionary, std::string_view name);

// The value inside, if the member is a single item of that type; null otherwise.
template <class T>
const T* As(const Member& member) {
  const Item* item = std::get_if<Item>(&member);
  return item == nullptr ? nullptr : std::get_if<T>(&item->value);
}
template <class T>
const T* As(const Member* member) {
  return member == nullptr ? nullptr : As<T>(*member);
}

}  // namespace skerry::http::structured
