#include "core/http/no_vary_search.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "core/http/percent.h"
#include "core/http/structured.h"
#include "core/http/url.h"

namespace skerry::http {
namespace {

// As forms are encoded: "+" is a blank.
std::string Decode(std::string_view text) {
  std::string blanks(text);
  std::replace(blanks.begin(), blanks.end(), '+', ' ');
  return PercentDecoded(blanks);
}

// So that "&" and "=" in a name or a value are not taken for separators.
std::string Encode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) {
      encoded += c;
      continue;
    }
    const auto byte = static_cast<uint8_t>(c);
    encoded += '%';
    encoded += kHex[byte >> 4];
    encoded += kHex[byte & 15];
  }
  return encoded;
}

std::optional<std::vector<std::string>> Names(const structured::Member& member) {
  const auto* list = std::get_if<structured::InnerList>(&member);
  if (list == nullptr) return std::nullopt;
  std::vector<std::string> names;
  for (const structured::Item& item : list->items) {
    const auto* name = std::get_if<std::string>(&item.value);
    if (name == nullptr) return std::nullopt;
    names.push_back(Decode(*name));
  }
  return names;
}

bool ReadMember(std::string_view name, const structured::Member& member, NoVarySearch& rule) {
  const bool* flag = structured::As<bool>(member);
  if (name == "key-order") {
    if (flag != nullptr) rule.key_order = *flag;
    return flag != nullptr;
  }
  if (name == "params" && flag != nullptr) {
    rule.no_params = *flag;
    return true;
  }
  std::optional<std::vector<std::string>> names = Names(member);
  if (!names) return false;
  if (name == "params") rule.params = std::move(*names);
  if (name == "except") rule.except = std::move(*names);
  return name == "params" || name == "except";
}

bool Counts(const std::string& name, const NoVarySearch& rule) {
  const std::vector<std::string>& listed = rule.no_params ? rule.except : rule.params;
  const bool found = std::find(listed.begin(), listed.end(), name) != listed.end();
  return rule.no_params ? found : !found;
}

}  // namespace

NoVarySearch ParseNoVarySearch(const Fields& response) {
  const std::optional<std::string> text = response.Combined("no-vary-search");
  if (!text) return {};
  const Result<structured::Dictionary> members = structured::ParseDictionary(*text);
  if (!members) return {};
  NoVarySearch rule;
  for (const auto& [name, member] : *members) {
    if (!ReadMember(name, member, rule)) return {};
  }
  if (structured::Find(*members, "except") != nullptr && !rule.no_params) return {};
  return rule;
}

std::string CanonicalQuery(std::string_view query, const NoVarySearch& rule) {
  if (rule.empty()) return std::string(query);
  std::vector<std::pair<std::string, std::string>> parts;
  for (const QueryPart& part : SplitQuery(query)) {
    if (part.name.empty() && !part.value) continue;
    std::string name = Decode(part.name);
    if (Counts(name, rule)) parts.emplace_back(std::move(name), Decode(part.value.value_or("")));
  }
  if (rule.key_order) {
    // Values of one name keep their order.
    std::stable_sort(parts.begin(), parts.end(),
                     [](const auto& a, const auto& b) { return a.first < b.first; });
  }
  std::string text;
  for (const auto& [name, value] : parts) {
    if (!text.empty()) text += '&';
    text += Encode(name) + '=' + Encode(value);
  }
  return text;
}

}  // namespace skerry::http
