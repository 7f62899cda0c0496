// May it be stored, and for how long is it fresh? RFC 9111 3 and 4.2, RFC 5861,
// RFC 8246, RFC 9213 as pure functions over values: no I/O, no clock inside.
// The gateway's dry run and /explain call the same functions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/clock.h"
#include "core/http/message.h"

namespace skerry::cache {

// What the operator lets the cache do; a rule of the configuration, or a profile.
struct Policy {
  // kCareful is DESIGN's default profile; kRfc does everything RFC 9111 lets a
  // shared cache do.
  enum class Profile : uint8_t { kCareful, kRfc };
  Profile profile = Profile::kCareful;
  bool bypass = false;                  // never look up, never store
  std::optional<Seconds> edge_ttl;      // instead of what the origin says
  std::optional<Seconds> browser_ttl;   // max-age sent to clients
  std::optional<Seconds> default_ttl;   // where the origin says nothing, instead of heuristics
  std::optional<Seconds> swr;           // instead of the origin's stale-while-revalidate
  std::optional<Seconds> sie;           // instead of the origin's stale-if-error
  std::optional<Seconds> negative_ttl;  // for 404 and 410 without explicit freshness
  bool store_set_cookie = false;        // kRfc: true where freshness is explicit
  bool heuristics = true;               // RFC 9111 4.2.2
  // Targeted fields honoured, most specific first (RFC 9213 2).
  std::vector<std::string> targeted = {"skerry-cache-control", "cdn-cache-control"};

  static Policy Careful() { return {}; }
  static Policy Rfc();
};

// Everything about time that a stored response needs; computed once when it is stored.
struct Lifetimes {
  Seconds fresh{0};              // freshness lifetime (RFC 9111 4.2.1)
  Seconds swr{0};                // stale-while-revalidate window behind it
  Seconds sie{0};                // stale-if-error window behind it
  bool explicit_fresh = false;   // said by a field, not guessed
  bool validate_always = false;  // no-cache without fields
  bool must_revalidate =
      false;               // must-revalidate, proxy-revalidate or s-maxage: never served stale
  bool immutable = false;  // RFC 8246
  std::vector<std::string> no_cache_fields;  // no-cache="…": not sent without validation

  bool operator==(const Lifetimes&) const = default;
};

// Why a response is stored or is not; the word is in logs, metrics and Cache-Status.
enum class Storable : uint8_t {
  kYes,
  kMethod,   // only GET (and HEAD to update) is cached
  kBypass,   // the rule says so
  kNoStore,  // of the response, or of the request in profile rfc
  kPrivate,
  kAuthorization,    // RFC 9111 3.5
  kSetCookie,        // default profile
  kStatus,           // not understood together with must-understand, 1xx, 206 of us
  kNotFreshEver,     // no lifetime and no validator
  kVaryAny,          // Vary: *
  kVaryUnforwarded,  // varies on a field the origin never sees
};
std::string_view Name(Storable storable);

struct StoreDecision {
  Storable storable = Storable::kYes;
  Lifetimes lifetimes;  // meaningful for kYes
};

struct StoreInput {
  const http::RequestHead& request;  // as the client sent it
  const http::ResponseHead& response;
  WallTime response_time;
};
StoreDecision Decide(const StoreInput& input, const Policy& policy);

// corrected_initial_age of RFC 9111 4.2.3, never negative.
Seconds InitialAge(const http::Fields& response, WallTime request_time, WallTime response_time);
// current_age: initial age and the time the response has been here.
Seconds CurrentAge(Seconds initial_age, WallTime response_time, WallTime now);

// What a request says about reuse; all empty in the default profile.
struct RequestDirectives {
  bool no_cache = false;
  bool no_store = false;
  bool only_if_cached = false;
  std::optional<Seconds> max_age;
  std::optional<Seconds> min_fresh;
  std::optional<Seconds> max_stale;  // Seconds::max() for a bare max-stale
};
RequestDirectives ParseRequestDirectives(const http::Fields& request, const Policy& policy);

// What a stored response is to a request at a moment.
enum class Usable : uint8_t {
  kFresh,
  kStaleWhileRevalidate,  // serve at once, refresh behind
  kStaleIfError,          // validate; serve only if that fails
  kValidate,              // validate; never serve without
};
std::string_view Name(Usable usable);

struct UseInput {
  const Lifetimes& lifetimes;
  Seconds initial_age;
  WallTime response_time;
  WallTime now;
  bool soft_purged = false;  // fresh counts as just expired
};
Usable Judge(const UseInput& input, const RequestDirectives& request, const Policy& policy);

// The fields to send to clients: without hop-by-hop, targeted, tag and Skerry-*
// fields and Age, which every answer computes.
http::Fields ClientFields(const http::Fields& received, const Policy& policy, bool keep_tags);

// RFC 9111 4.3.4: the stored fields updated by a 304's (Content-Length, Content-
// Encoding, Content-Range, ETag mismatch rules as there).
http::Fields UpdateFields(const http::Fields& stored, const http::Fields& from_304);

}  // namespace skerry::cache
