// Fields and cookies in rules: what to set, and what to look for. Values of the
// configuration; each is written as one text.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "core/gateway/rules/glob.h"
#include "core/http/message.h"

namespace skerry::gateway {

// "Name: value": a field to set. Names of the connection (Connection,
// Transfer-Encoding, Content-Length, …) and Skerry-* are refused.
struct FieldLine {
  std::string name;  // lower case
  std::string value;

  static Result<FieldLine> Parse(std::string_view text);
  std::string ToString() const { return name + ": " + value; }
};

// The name of a field that a rule may touch, lower case.
struct FieldName {
  std::string name;

  static Result<FieldName> Parse(std::string_view text);
  std::string ToString() const { return name; }
};

// "Name": is it there at all? "Name: glob": has one of its lines such a value?
struct FieldTest {
  std::string name;  // lower case
  std::optional<Glob> value;
  std::string text;  // as written

  static Result<FieldTest> Parse(std::string_view text);
  std::string ToString() const { return text; }
  bool Holds(const http::Fields& request) const;
};

// "name", "name_*": is there such a cookie? "name=glob": with such a value?
struct CookieTest {
  Glob name;
  std::optional<Glob> value;
  std::string text;  // as written

  static Result<CookieTest> Parse(std::string_view text);
  std::string ToString() const { return text; }
  bool Holds(const http::Fields& request) const;
};

// The value of the first cookie of that name; nothing if there is none.
std::optional<std::string_view> FindCookie(const http::Fields& request, std::string_view name);

// When requests of a rule go past the cache.
struct BypassOn {
  std::vector<FieldTest> fields;
  std::vector<CookieTest> cookies;

  // The first test that holds, as written ("cookie session" for a cookie); empty: none.
  std::string Cause(const http::Fields& request) const;
  bool empty() const { return fields.empty() && cookies.empty(); }
};

}  // namespace skerry::gateway
