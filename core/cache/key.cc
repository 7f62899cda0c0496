#include "core/cache/key.h"

#include <algorithm>

#include "core/http/url.h"

namespace skerry::cache {
namespace {

// "utm_*" is every name that begins so.
bool Matches(std::string_view pattern, std::string_view name) {
  if (!pattern.ends_with('*')) return pattern == name;
  return name.starts_with(pattern.substr(0, pattern.size() - 1));
}

bool MatchesAny(const std::vector<std::string>& patterns, std::string_view name) {
  return std::any_of(patterns.begin(), patterns.end(),
                     [&](const std::string& pattern) { return Matches(pattern, name); });
}

bool Counts(const http::QueryPart& part, const KeyRules& rules) {
  if (part.name.empty() && !part.value) return false;
  if (rules.query_allow && !MatchesAny(*rules.query_allow, part.name)) return false;
  return !MatchesAny(rules.query_deny, part.name);
}

// The host, with its port where it is not the scheme's. A thread remembers the last one:
// requests in a row mostly have one authority.
Result<std::string> NormalizeHost(std::string_view scheme, std::string_view authority) {
  struct Last {
    std::string scheme;
    std::string authority;
    std::string host;
  };
  thread_local Last last;
  if (last.authority == authority && last.scheme == scheme && !scheme.empty()) return last.host;
  if (http::DefaultPort(scheme) == 0) {
    return Fail(Code::kInvalid, Side::kClient, "neither http nor https: " + std::string(scheme));
  }
  Result<http::Authority> parsed = http::ParseAuthority(authority, scheme);
  if (!parsed) return Fail(std::move(parsed.error()));
  const http::Url url{std::string(scheme), std::move(*parsed), {}};
  last = {std::string(scheme), std::string(authority), url.AuthorityText()};
  return last.host;
}

// No line break, so that a value cannot begin a line of its own.
std::string EscapeLine(std::string_view value) {
  std::string line;
  for (char c : value) {
    if (c == '\n') {
      line += "\\n";
    } else if (c == '\\') {
      line += "\\\\";
    } else {
      line += c;
    }
  }
  return line;
}

}  // namespace

Key Key::Of(std::string text) {
  const Hash128 hash = Xxh3_128(text);
  return {std::move(text), hash};
}

std::string Target::Url() const {
  std::string url;
  url.reserve(scheme.size() + 3 + host.size() + path.size() + 1 + query.size());
  url.append(scheme).append("://").append(host).append(path);
  if (has_query) url.append("?").append(query);
  return url;
}

Result<Target> NormalizeTarget(const http::RequestHead& request) {
  return NormalizeTarget(request.scheme, request.authority, request.path);
}

Result<Target> NormalizeTarget(std::string_view scheme, std::string_view authority,
                               std::string_view path) {
  Result<std::string> host = NormalizeHost(scheme, authority);
  if (!host) return Fail(std::move(host.error()));
  Result<http::Target> target = http::ParseTarget(path);
  if (!target) return Fail(std::move(target.error()));
  Target normal;
  normal.scheme = scheme;
  normal.host = std::move(*host);
  normal.path = std::move(target->path);
  normal.has_query = target->query.has_value();
  if (target->query) normal.query = std::move(*target->query);
  return normal;
}

Target ApplyKeyRules(Target target, const KeyRules& rules) {
  if (!target.has_query || !rules.shape_query()) return target;
  std::vector<http::QueryPart> parts = http::SplitQuery(target.query);
  std::erase_if(parts, [&](const http::QueryPart& part) { return !Counts(part, rules); });
  if (rules.sort_query) {
    // Values of one name stay in their order: to an origin they may be a list.
    std::stable_sort(parts.begin(), parts.end(),
                     [](const auto& a, const auto& b) { return a.name < b.name; });
  }
  // The parts are views into the query they replace.
  std::string query = http::JoinQuery(parts);
  target.query = std::move(query);
  target.has_query = !parts.empty();
  return target;
}

Key MakeKey(const Target& target,
            const std::vector<std::pair<std::string, std::string>>& dimensions) {
  std::string text = target.Url();
  for (const auto& [name, value] : dimensions) {
    text += '\n' + EscapeLine(name) + '=' + EscapeLine(value);
  }
  return Key::Of(std::move(text));
}

std::string_view PurgeUrl(std::string_view url) {
  // Only in front of everything else: a query may name a URL.
  const auto ends = [](char c) { return c == '/' || c == '?'; };
  const auto end = static_cast<size_t>(std::find_if(url.begin(), url.end(), ends) - url.begin());
  const bool scheme = end > 0 && url.substr(end - 1, 3) == "://";
  return scheme ? url.substr(end + 2) : url;
}

std::string_view PurgeHost(std::string_view url) {
  const std::string_view rest = PurgeUrl(url);
  const auto ends = [](char c) { return c == '/' || c == '?'; };
  const auto end = std::find_if(rest.begin(), rest.end(), ends);
  return rest.substr(0, static_cast<size_t>(end - rest.begin()));
}

}  // namespace skerry::cache
