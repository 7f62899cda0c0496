// Cache-Control (RFC 9111 5.2) and targeted fields (RFC 9213).
//
// All lines together are one list. Names in any letter case. Commas inside quoted
// strings do not separate; a quote that is never closed is an ordinary character.
// Deltas saturate at kMaxDelta (age.h).
//
// Where a directive is malformed or stands twice, the reading that caches less
// counts: an invalid max-age or s-maxage is 0, of several the smallest; what
// forbids (no-store, no-cache, private, must-revalidate, proxy-revalidate,
// no-transform) counts with any argument; what allows (public, must-understand,
// immutable, the stale ones) does not count when malformed.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/http/age.h"
#include "core/http/message.h"

namespace skerry::http {

// One member of the list as it stood. The name is lower case.
struct Directive {
  std::string name;
  std::optional<std::string> value = std::nullopt;  // quoted strings without quotes and escapes
  bool malformed = false;                           // not `token [ "=" ( token | quoted-string ) ]`
  bool operator==(const Directive&) const = default;
};

std::vector<Directive> ParseDirectives(std::string_view text);

// `private` and `no-cache`: absent, for the whole response, or for some fields.
struct Scoped {
  bool present = false;
  std::vector<std::string> fields;  // lower case; empty: the whole response
  bool whole() const { return present && fields.empty(); }
  bool operator==(const Scoped&) const = default;
};

// Of a response.
struct CacheControl {
  std::optional<Seconds> max_age;
  std::optional<Seconds> s_maxage;
  std::optional<Seconds> stale_while_revalidate;  // RFC 5861
  std::optional<Seconds> stale_if_error;          // RFC 5861
  Scoped is_private;
  Scoped no_cache;
  bool is_public = false;
  bool no_store = false;
  bool must_revalidate = false;
  bool proxy_revalidate = false;
  bool must_understand = false;
  bool immutable = false;  // RFC 8246
  bool no_transform = false;
  std::vector<Directive> unknown;

  bool operator==(const CacheControl&) const = default;
};

CacheControl ParseCacheControl(std::string_view text);
// Of all Cache-Control lines; all absent if there is none.
CacheControl ParseCacheControl(const Fields& fields);

// A targeted field (CDN-Cache-Control, …): a dictionary (RFC 9213 2.1). An error
// means that the field is to be ignored as a whole: it does not parse, is empty, or
// a directive known here has a value of the wrong type.
Result<CacheControl> ParseTargetedCacheControl(std::string_view text);

// Of a request. Duplicates: the strictest.
struct RequestCacheControl {
  std::optional<Seconds> max_age;
  std::optional<Seconds> max_stale;  // kMaxDelta: any
  std::optional<Seconds> min_fresh;
  bool no_cache = false;
  bool no_store = false;
  bool only_if_cached = false;
  bool no_transform = false;
  bool operator==(const RequestCacheControl&) const = default;
};

RequestCacheControl ParseRequestCacheControl(std::string_view text);
// Of all Cache-Control lines; where there is none, `Pragma: no-cache` counts as
// no-cache (RFC 9111 5.4).
RequestCacheControl ParseRequestCacheControl(const Fields& fields);

}  // namespace skerry::http
