// URLs and request targets, parsed and normalised (RFC 3986, RFC 9110 4).
//
// Normalised means: scheme and host in lower case, the default port gone, percent
// triplets in upper case, those of unreserved characters decoded, dot segments
// removed. Nothing else is changed: reserved characters stay as they are, coded or
// not, since "%2F" and "/" may name two things to an origin.
//
// Refused: broken percent triplets, blanks, control bytes, "#" and hosts with
// anything but letters, digits, "-", "." and "_", or an address in brackets.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace skerry::http {

// Path and query of a request, normalised. The path begins with "/".
struct Target {
  std::string path;
  std::optional<std::string> query;  // without "?"; an empty one is not an absent one
  bool operator==(const Target&) const = default;

  std::string ToString() const;
};

// The origin form (RFC 9112 3.2.1). "*" and the absolute form are errors here.
Result<Target> ParseTarget(std::string_view text);
// Is it a target that ParseTarget leaves as it is? False for some that are.
bool IsNormalTarget(std::string_view text);

struct Authority {
  std::string host;   // lower case; IPv6 addresses in brackets
  uint16_t port = 0;  // the scheme's own where none stands
  bool operator==(const Authority&) const = default;
};

// "host", "host:port", "host:". No userinfo. The scheme is "http" or "https".
Result<Authority> ParseAuthority(std::string_view text, std::string_view scheme);

// 80 for "http", 443 for "https", else 0.
uint16_t DefaultPort(std::string_view scheme);

// An absolute http or https URL, normalised; without userinfo and fragment.
struct Url {
  std::string scheme;
  Authority authority;
  Target target;
  bool operator==(const Url&) const = default;

  // "host" or "host:port", as Host and :authority say it.
  std::string AuthorityText() const;
  std::string ToString() const;
  // Scheme, host and port are the same (RFC 6454).
  bool SameOrigin(const Url& other) const;
};

// Userinfo and other schemes are errors; a fragment is dropped.
Result<Url> ParseUrl(std::string_view text);

// The URL that a reference (Location, Content-Location, Link) means beside `base`
// (RFC 3986 5.2).
Result<Url> Resolve(const Url& base, std::string_view reference);

// One piece of a query between "&". Name and value as they stand, not decoded.
struct QueryPart {
  std::string_view name;
  std::optional<std::string_view> value;  // nothing: there is no "="
  bool operator==(const QueryPart&) const = default;
};

// Views into `query`; empty pieces too, so that joining gives the query back.
std::vector<QueryPart> SplitQuery(std::string_view query);
std::string JoinQuery(const std::vector<QueryPart>& parts);

}  // namespace skerry::http
