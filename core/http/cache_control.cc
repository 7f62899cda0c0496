#include "core/http/cache_control.h"

#include <algorithm>
#include <utility>

#include "core/http/structured.h"

namespace skerry::http {
namespace {

// Behind the closing quote of a quoted string that begins at `open`; npos if it is
// never closed.
size_t EndOfQuoted(std::string_view text, size_t open) {
  for (size_t i = open + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i + 1;
    }
  }
  return std::string_view::npos;
}

// The comma (or end) behind the member that begins at `from`.
size_t EndOfMember(std::string_view text, size_t from) {
  for (size_t i = from; i < text.size();) {
    if (text[i] == ',') return i;
    if (text[i] == '"') {
      const size_t end = EndOfQuoted(text, i);
      if (end != std::string_view::npos) {
        i = end;
        continue;
      }
    }
    ++i;
  }
  return text.size();
}

std::string Unquote(std::string_view inside) {
  std::string text;
  for (size_t i = 0; i < inside.size(); ++i) {
    if (inside[i] == '\\' && i + 1 < inside.size()) ++i;
    text.push_back(inside[i]);
  }
  return text;
}

Directive ParseMember(std::string_view member) {
  const size_t name_end = std::min(member.find_first_of("= \t\""), member.size());
  Directive directive{.name = AsciiLower(member.substr(0, name_end))};
  directive.malformed = !IsToken(directive.name);
  const std::string_view rest = member.substr(name_end);
  if (rest.empty()) return directive;
  if (rest[0] != '=') {
    directive.malformed = true;
    return directive;
  }
  const std::string_view value = rest.substr(1);
  if (value.size() >= 2 && value[0] == '"' && EndOfQuoted(value, 0) == value.size()) {
    directive.value = Unquote(value.substr(1, value.size() - 2));
  } else {
    directive.value = std::string(value);
    directive.malformed |= !IsToken(value);
  }
  return directive;
}

std::optional<Seconds> Delta(const Directive& directive) {
  if (directive.malformed || !directive.value) return std::nullopt;
  return ParseDeltaSeconds(*directive.value);
}

void KeepSmallest(std::optional<Seconds>& slot, std::optional<Seconds> seconds) {
  if (seconds && (!slot || *seconds < *slot)) slot = seconds;
}

// Names of fields in an argument of private or no-cache; none if they cannot be read,
// and then the whole response is meant.
std::vector<std::string> FieldNames(std::string_view argument) {
  std::vector<std::string> names;
  while (!argument.empty()) {
    const size_t comma = std::min(argument.find(','), argument.size());
    const std::string_view name = TrimBlanks(argument.substr(0, comma));
    argument.remove_prefix(std::min(comma + 1, argument.size()));
    if (name.empty()) continue;
    if (!IsToken(name)) return {};
    names.push_back(AsciiLower(name));
  }
  return names;
}

void Widen(Scoped& scoped, std::vector<std::string> names) {
  const bool whole = scoped.whole() || names.empty();
  scoped.present = true;
  if (whole) {
    scoped.fields.clear();
    return;
  }
  for (std::string& name : names) {
    if (std::find(scoped.fields.begin(), scoped.fields.end(), name) == scoped.fields.end()) {
      scoped.fields.push_back(std::move(name));
    }
  }
}

struct DeltaName {
  std::string_view name;
  std::optional<Seconds> CacheControl::*slot;
  bool invalid_is_zero;
};
constexpr DeltaName kDeltas[] = {
    {"max-age", &CacheControl::max_age, true},
    {"s-maxage", &CacheControl::s_maxage, true},
    {"stale-while-revalidate", &CacheControl::stale_while_revalidate, false},
    {"stale-if-error", &CacheControl::stale_if_error, false},
};

struct ScopedName {
  std::string_view name;
  Scoped CacheControl::*slot;
};
constexpr ScopedName kScoped[] = {
    {"private", &CacheControl::is_private},
    {"no-cache", &CacheControl::no_cache},
};

struct FlagName {
  std::string_view name;
  bool CacheControl::*slot;
  bool forbids;  // counts whatever its argument is
};
constexpr FlagName kFlags[] = {
    {"public", &CacheControl::is_public, false},
    {"no-store", &CacheControl::no_store, true},
    {"must-revalidate", &CacheControl::must_revalidate, true},
    {"proxy-revalidate", &CacheControl::proxy_revalidate, true},
    {"must-understand", &CacheControl::must_understand, false},
    {"immutable", &CacheControl::immutable, false},
    {"no-transform", &CacheControl::no_transform, true},
};

template <class Table>
auto FindName(const Table& table, std::string_view name) -> decltype(&table[0]) {
  for (const auto& entry : table) {
    if (entry.name == name) return &entry;
  }
  return nullptr;
}

void Apply(const Directive& directive, CacheControl& to) {
  if (const DeltaName* delta = FindName(kDeltas, directive.name)) {
    std::optional<Seconds> seconds = Delta(directive);
    if (!seconds && delta->invalid_is_zero) seconds = Seconds(0);
    KeepSmallest(to.*delta->slot, seconds);
    return;
  }
  if (const ScopedName* scoped = FindName(kScoped, directive.name)) {
    const bool readable = directive.value && !directive.malformed;
    Widen(to.*scoped->slot, readable ? FieldNames(*directive.value) : std::vector<std::string>());
    return;
  }
  const FlagName* flag = FindName(kFlags, directive.name);
  if (flag != nullptr && (flag->forbids || (!directive.value && !directive.malformed))) {
    to.*flag->slot = true;
    return;
  }
  to.unknown.push_back(directive);
}

using structured::As;
using structured::Member;

// False if the value has a type that the directive cannot have.
bool ApplyTargeted(const std::string& name, const Member& member, CacheControl& to) {
  const bool* flag_value = As<bool>(member);
  if (const DeltaName* delta = FindName(kDeltas, name)) {
    const int64_t* seconds = As<int64_t>(member);
    if (seconds == nullptr) return false;
    to.*delta->slot = std::clamp(Seconds(*seconds), Seconds(0), kMaxDelta);
    return true;
  }
  if (const ScopedName* scoped = FindName(kScoped, name)) {
    if (flag_value != nullptr) {
      if (*flag_value) Widen(to.*scoped->slot, {});
      return true;
    }
    const std::string* names = As<std::string>(member);
    const structured::Token* token = As<structured::Token>(member);
    if (names == nullptr && token == nullptr) return false;
    Widen(to.*scoped->slot, FieldNames(names != nullptr ? *names : token->text));
    return true;
  }
  if (const FlagName* flag = FindName(kFlags, name)) {
    if (flag_value == nullptr) return false;
    to.*flag->slot = *flag_value;
    return true;
  }
  to.unknown.push_back({.name = name});
  return true;
}

}  // namespace

std::vector<Directive> ParseDirectives(std::string_view text) {
  std::vector<Directive> directives;
  for (size_t at = 0; at < text.size();) {
    const size_t end = EndOfMember(text, at);
    const std::string_view member = TrimBlanks(text.substr(at, end - at));
    if (!member.empty()) directives.push_back(ParseMember(member));
    at = end + 1;
  }
  return directives;
}

CacheControl ParseCacheControl(std::string_view text) {
  CacheControl control;
  for (const Directive& directive : ParseDirectives(text)) Apply(directive, control);
  return control;
}

CacheControl ParseCacheControl(const Fields& fields) {
  return ParseCacheControl(fields.Combined("cache-control").value_or(""));
}

Result<CacheControl> ParseTargetedCacheControl(std::string_view text) {
  Result<structured::Dictionary> dictionary = structured::ParseDictionary(text);
  if (!dictionary) return Fail(std::move(dictionary.error()));
  if (dictionary->empty()) {
    return Fail(Code::kInvalid, Side::kUpstream, "targeted field without directives");
  }
  CacheControl control;
  for (const auto& [name, member] : *dictionary) {
    if (!ApplyTargeted(name, member, control)) {
      return Fail(Code::kInvalid, Side::kUpstream,
                  "targeted field: " + name + " has a value of the wrong type");
    }
  }
  return control;
}

RequestCacheControl ParseRequestCacheControl(std::string_view text) {
  RequestCacheControl control;
  for (const Directive& directive : ParseDirectives(text)) {
    const std::optional<Seconds> delta = Delta(directive);
    if (directive.name == "max-age") {
      KeepSmallest(control.max_age, delta.value_or(Seconds(0)));
    } else if (directive.name == "max-stale") {
      const bool bare = !directive.value && !directive.malformed;
      KeepSmallest(control.max_stale, bare ? std::optional(kMaxDelta) : delta);
    } else if (directive.name == "min-fresh") {
      if (delta) control.min_fresh = std::max(*delta, control.min_fresh.value_or(Seconds(0)));
    } else if (directive.name == "no-cache") {
      control.no_cache = true;
    } else if (directive.name == "no-store") {
      control.no_store = true;
    } else if (directive.name == "only-if-cached") {
      control.only_if_cached = true;
    } else if (directive.name == "no-transform") {
      control.no_transform = true;
    }
  }
  return control;
}

RequestCacheControl ParseRequestCacheControl(const Fields& fields) {
  if (!fields.Has("cache-control") && !fields.Has("pragma")) return {};
  if (const std::optional<std::string> text = fields.Combined("cache-control")) {
    return ParseRequestCacheControl(*text);
  }
  RequestCacheControl control;
  const std::vector<Directive> pragma = ParseDirectives(fields.Combined("pragma").value_or(""));
  control.no_cache = std::any_of(pragma.begin(), pragma.end(),
                                 [](const Directive& d) { return d.name == "no-cache"; });
  return control;
}

}  // namespace skerry::http
