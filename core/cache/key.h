// The cache key: what two requests must share to be answered by the same stored
// response, before Vary. Pure functions over values.
//
// text := scheme "://" host [":" port] path ["?" query] *( LF name "=" value )
//
// Scheme and host are always there. The lines behind the first hold the
// dimensions a rule adds (country, device, …) and cannot be confused with a URL:
// LF never passes normalisation, and is escaped in values.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/digest.h"
#include "core/base/result.h"
#include "core/http/message.h"

namespace skerry::cache {

struct Key {
  std::string text;
  Hash128 hash;  // of `text`

  static Key Of(std::string text);
  // "https://host/path?query": the first line.
  std::string_view url() const { return std::string_view(text).substr(0, text.find('\n')); }
  bool operator==(const Key& other) const { return text == other.text; }
};

// How a rule shapes the key. Empty: the whole query, in the order it came, counts.
// "utm_*" names every parameter that begins so. Names are compared as they stand in
// the normalised query; values of one name keep their order.
struct KeyRules {
  bool sort_query = false;
  std::optional<std::vector<std::string>> query_allow = {};  // only these parameters count
  std::vector<std::string> query_deny = {};                  // these never count

  // False: a query stays as it is.
  bool shape_query() const { return sort_query || query_allow || !query_deny.empty(); }
};

// The effective URL of a request, normalised per RFC 3986 6.2.2 without decoding
// reserved characters: lower-case scheme and host, no default port, dot segments
// resolved, upper-case percent escapes, unreserved ones decoded.
struct Target {
  std::string scheme;
  std::string host;   // with a port that is not the scheme's own
  std::string path;   // begins with "/"
  std::string query;  // without "?"; has_query tells "" from none
  bool has_query = false;

  std::string Url() const;
};

// Fails (kInvalid, client) where the request line cannot name a resource here.
Result<Target> NormalizeTarget(const http::RequestHead& request);
Result<Target> NormalizeTarget(std::string_view scheme, std::string_view authority,
                               std::string_view path);
Target ApplyKeyRules(Target target, const KeyRules& rules);
Key MakeKey(const Target& target,
            const std::vector<std::pair<std::string, std::string>>& dimensions = {});

// What a purge by URL names: the key's URL without its scheme, so that one purge
// covers http and https.
std::string_view PurgeUrl(std::string_view url);
// Its host, of either form.
std::string_view PurgeHost(std::string_view url);

}  // namespace skerry::cache
