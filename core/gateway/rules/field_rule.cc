#include "core/gateway/rules/field_rule.h"

#include <algorithm>
#include <array>
#include <utility>

namespace skerry::gateway {
namespace {

// Framing, routing and what belongs to one connection: never a rule's to change.
constexpr std::array<std::string_view, 12> kOfConnection = {"connection",
                                                            "content-length",
                                                            "host",
                                                            "keep-alive",
                                                            "proxy-authenticate",
                                                            "proxy-authorization",
                                                            "proxy-connection",
                                                            "te",
                                                            "trailer",
                                                            "transfer-encoding",
                                                            "upgrade",
                                                            "content-range"};

Result<std::string> ParseName(std::string_view text) {
  const std::string name = http::AsciiLower(http::TrimBlanks(text));
  const std::string found = "\"" + std::string(text) + "\"";
  if (!http::IsToken(name)) {
    return Fail(Code::kInvalid, Side::kConfig, "expected the name of a field, found " + found);
  }
  const bool of_connection =
      std::find(kOfConnection.begin(), kOfConnection.end(), name) != kOfConnection.end();
  if (of_connection || name.starts_with("skerry-")) {
    return Fail(Code::kInvalid, Side::kConfig, found + " is not a rule's to change");
  }
  return name;
}

// Calls `seen` with the name and value of each cookie until it says true.
template <class Seen>
bool AnyCookie(const http::Fields& request, const Seen& seen) {
  for (const http::Field& field : request) {
    if (field.name != "cookie") continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const size_t end = std::min(rest.find(';'), rest.size());
      const std::string_view pair = http::TrimBlanks(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      const size_t equals = pair.find('=');
      if (equals == pair.npos) continue;
      if (seen(pair.substr(0, equals), pair.substr(equals + 1))) return true;
    }
  }
  return false;
}

}  // namespace

Result<FieldLine> FieldLine::Parse(std::string_view text) {
  const size_t colon = text.find(':');
  const std::string_view value =
      http::TrimBlanks(colon == text.npos ? std::string_view() : text.substr(colon + 1));
  if (colon == text.npos || !http::IsFieldValue(value)) {
    return Fail(Code::kInvalid, Side::kConfig,
                "expected \"Name: value\", found \"" + std::string(text) + "\"");
  }
  Result<std::string> name = ParseName(text.substr(0, colon));
  if (!name) return Fail(std::move(name.error()));
  return FieldLine{std::move(*name), std::string(value)};
}

Result<FieldName> FieldName::Parse(std::string_view text) {
  return ParseName(text).map([](std::string name) { return FieldName{std::move(name)}; });
}

Result<FieldTest> FieldTest::Parse(std::string_view text) {
  const size_t colon = text.find(':');
  FieldTest test;
  test.name = http::AsciiLower(http::TrimBlanks(text.substr(0, colon)));
  test.text = text;
  if (!http::IsToken(test.name)) {
    return Fail(Code::kInvalid, Side::kConfig,
                "expected \"Name\" or \"Name: value\", found \"" + test.text + "\"");
  }
  if (colon != text.npos) test.value = Glob(http::TrimBlanks(text.substr(colon + 1)));
  return test;
}

bool FieldTest::Holds(const http::Fields& request) const {
  return std::any_of(request.begin(), request.end(), [this](const http::Field& field) {
    return field.name == name && (!value || value->Matches(field.value));
  });
}

Result<CookieTest> CookieTest::Parse(std::string_view text) {
  const size_t equals = text.find('=');
  const std::string_view name = http::TrimBlanks(text.substr(0, equals));
  // "*" is a token character.
  if (!http::IsToken(name)) {
    return Fail(
        Code::kInvalid, Side::kConfig,
        "expected the name of a cookie, or \"name=value\", found \"" + std::string(text) + "\"");
  }
  CookieTest test{Glob(name), std::nullopt, std::string(text)};
  if (equals != text.npos) test.value = Glob(http::TrimBlanks(text.substr(equals + 1)));
  return test;
}

bool CookieTest::Holds(const http::Fields& request) const {
  return AnyCookie(request, [this](std::string_view cookie, std::string_view given) {
    return name.Matches(cookie) && (!value || value->Matches(given));
  });
}

std::optional<std::string_view> FindCookie(const http::Fields& request, std::string_view name) {
  std::optional<std::string_view> found;
  AnyCookie(request, [&](std::string_view cookie, std::string_view given) {
    if (cookie == name) found = given;
    return cookie == name;
  });
  return found;
}

std::string BypassOn::Cause(const http::Fields& request) const {
  for (const FieldTest& test : fields) {
    if (test.Holds(request)) return test.text;
  }
  for (const CookieTest& test : cookies) {
    if (test.Holds(request)) return "cookie " + test.text;
  }
  return {};
}

}  // namespace skerry::gateway
