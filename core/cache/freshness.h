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
#include "core/base/packed.h"
#include "core/http/message.h"

namespace skerry::cache {

// A lifetime of answers with these statuses, both ends included.
struct StatusTtl {
  int first = 0;
  int last = 0;
  Seconds ttl{0};
  bool operator==(const StatusTtl&) const = default;
};

// What the operator lets the cache do; a rule of the configuration, or a profile.
struct Policy {
  // kCareful is DESIGN's default profile; kRfc does everything RFC 9111 lets a
  // shared cache do.
  enum class Profile : uint8_t { kCareful, kRfc };
  Profile profile = Profile::kCareful;
  bool bypass = false;  // never look up, never store
  // Instead of the origin's lifetime and no-cache, for 200, 203, 204, 300, 301 and
  // 308. What forbids storing (no-store, private, …) counts all the same.
  std::optional<Seconds> edge_ttl;
  // As edge_ttl, for the statuses it names; the first that has it counts. What errors
  // (5xx) are kept so, they never outlive: swr and sie are not for them.
  std::vector<StatusTtl> status_ttl = {};
  // max-age sent to clients, where the origin lets them store it. It counts from the
  // answer, so Age must not be sent beside it.
  std::optional<Seconds> browser_ttl;
  // Instead of the origin's Cache-Control towards clients: kNoCache lets them store
  // and makes them ask each time, kNoStore forbids storing. The stricter wins: an
  // origin's no-store, and private, stay.
  enum class Browser : uint8_t { kAsOrigin, kNoCache, kNoStore };
  Browser browser = Browser::kAsOrigin;
  // The bytes behind these URLs never change (RFC 8246): said to clients beside
  // browser_ttl, and taken for said by the origin.
  bool immutable = false;
  std::optional<Seconds> default_ttl;   // where the origin says nothing, instead of heuristics
  std::optional<Seconds> swr;           // instead of the origin's stale-while-revalidate
  std::optional<Seconds> sie;           // instead of the origin's stale-if-error
  std::optional<Seconds> negative_ttl;  // for 404 and 410 without explicit freshness
  bool store_set_cookie = false;        // kRfc: true; only where freshness is explicit
  bool store_authorized = false;  // kRfc: true; answers to Authorization as RFC 9111 3.5 allows
  bool heuristics = true;         // RFC 9111 4.2.2
  // kRfc: true. An origin that fails or hangs up permits any stale answer (RFC 9111
  // 4.2.4) unless must-revalidate, proxy-revalidate, s-maxage or no-cache forbid it.
  bool stale_on_disconnect = false;
  // Targeted fields honoured, most specific first (RFC 9213 2).
  std::vector<std::string> targeted = {"skerry-cache-control", "cdn-cache-control"};

  static Policy Careful() { return {}; }
  static Policy Rfc();
};

// Everything about time that a stored response needs; computed once when it is stored.
struct Lifetimes {
  Seconds fresh{0};  // freshness lifetime (RFC 9111 4.2.1)
  Seconds swr{0};    // stale-while-revalidate window behind it
  Seconds sie{0};    // stale-if-error window behind it
  // no-cache="…": not sent without validation.
  Seldom<std::vector<std::string>> no_cache_fields;
  bool explicit_fresh = false;   // said by a field, not guessed
  bool validate_always = false;  // no-cache without fields
  bool must_revalidate = false;  // never served stale; swr and sie are 0
  bool immutable = false;        // RFC 8246

  bool operator==(const Lifetimes&) const = default;
};

// Why a response is stored or is not; the word is in logs, metrics and Cache-Status.
enum class Storable : uint8_t {
  kYes,
  kMethod,           // not GET or HEAD; profile rfc also stores what a POST answers as the
                     // content of its URL, explicitly fresh, for later GETs (RFC 9110 9.3.3)
  kBypass,           // the rule says so
  kNoStore,          // of the response, or of the request in profile rfc
  kPrivate,          // also with a list of fields
  kAuthorization,    // RFC 9111 3.5, or Policy::store_authorized is off
  kSetCookie,        // Policy::store_set_cookie is off, or no explicit freshness
  kStatus,           // not understood together with must-understand; 1xx; what answers
                     // one request's Range or preconditions: 206, 304, 412, 416
  kHead,             // others may have it, but a HEAD has no body to keep
  kNotFreshEver,     // could never be used: no lifetime and no validator
  kVaryAny,          // Vary: *
  kVaryUnforwarded,  // varies on a field the origin never sees
};
std::string_view Name(Storable storable);

// What gave a stored response its freshness lifetime.
enum class LifetimeFrom : uint8_t {
  kNothing,      // no field says one, and none may be guessed: 0
  kEdgeTtl,      // Policy::edge_ttl
  kStatusTtl,    // Policy::status_ttl
  kSMaxage,      // s-maxage of the governing field
  kMaxAge,       // max-age of the governing field
  kExpires,      // Expires - Date
  kNegativeTtl,  // Policy::negative_ttl
  kDefaultTtl,   // Policy::default_ttl
  kHeuristic,    // a tenth of the time since Last-Modified
};
std::string_view Name(LifetimeFrom from);

struct StoreDecision {
  Storable storable = Storable::kYes;
  Lifetimes lifetimes = {};  // meaningful for kYes, as is what follows
  LifetimeFrom from = LifetimeFrom::kNothing;
  // Which of Policy::targeted governs; nothing: Cache-Control and Expires do.
  std::optional<uint8_t> targeted = {};
};

struct StoreInput {
  const http::RequestHead& request;  // as the client sent it
  const http::ResponseHead& response;
  WallTime response_time;
  // Names of the client's fields that are sent upstream; null: all.
  const std::vector<std::string>* forwarded = nullptr;
};
// The field that governs is the first of Policy::targeted that is valid, else
// Cache-Control and Expires. s-maxage forbids stale answers like proxy-revalidate
// (RFC 9111 5.2.2.10), except in profile careful where the origin or the policy
// also gives a stale window.
StoreDecision Decide(const StoreInput& input, const Policy& policy);

// corrected_initial_age of RFC 9111 4.2.3, never negative.
Seconds InitialAge(const http::Fields& response, WallTime request_time, WallTime response_time);
// current_age: initial age and the time the response has been here.
Seconds CurrentAge(Seconds initial_age, WallTime response_time, WallTime now);

// What a request says about reuse. In the default profile only only_if_cached is
// read: others would let any client past the cache.
struct RequestDirectives {
  bool no_cache = false;
  bool no_store = false;
  bool only_if_cached = false;
  std::optional<Seconds> max_age = {};
  std::optional<Seconds> min_fresh = {};
  std::optional<Seconds> max_stale = {};  // http::kMaxDelta for a bare max-stale
};
RequestDirectives ParseRequestDirectives(const http::Fields& request, const Policy& policy);

// What a stored response is to a request at a moment.
enum class Usable : uint8_t {
  kFresh,                 // serve; also when stale within the request's max-stale
  kStaleWhileRevalidate,  // serve at once, refresh behind
  kStaleIfError,          // validate; serve only if that fails
  kValidate,              // validate; never serve without
};
std::string_view Name(Usable usable);

// On what ground a response is that, for people who ask why.
enum class Ground : uint8_t {
  kLifetime,         // within its freshness lifetime
  kRequestMaxStale,  // stale, and the request takes that
  kNoCache,          // the response says no-cache
  kRequestNoCache,   // the request says no-cache or no-store
  kRequestTooOld,    // fresh, and not enough for the request's max-age or min-fresh
  kMustRevalidate,   // stale, and the origin forbids stale answers
  kSwrWindow,        // stale, within stale-while-revalidate
  kSieWindow,        // stale, within stale-if-error
  kNoWindow,         // stale, and no window (any more)
};
std::string_view Name(Ground ground);

struct Judgement {
  Usable usable = Usable::kValidate;
  Ground ground = Ground::kNoWindow;
};

struct UseInput {
  const Lifetimes& lifetimes;
  Seconds initial_age;
  WallTime response_time;
  WallTime now;
  bool soft_purged = false;  // fresh counts as just expired
};
// Windows end exactly: at `fresh` a response is stale, at fresh + swr no longer served
// while it is refreshed. Clocks count in milliseconds; a clock that went back counts
// as no time passed.
Judgement JudgeWithGround(const UseInput& input, const RequestDirectives& request,
                          const Policy& policy);
Usable Judge(const UseInput& input, const RequestDirectives& request, const Policy& policy);

// The fields to send to clients: without hop-by-hop fields and Age, which every
// answer computes, without Skerry-* and, in the default profile, targeted and tag
// fields (Cache-Tag, Surrogate-Key; Cache-Groups is for clients, too, RFC 9875).
// `keep_tags`: for a tier of ours, which needs them all. Policy::browser_ttl is for the
// statuses of edge_ttl and 206: a missing file is not missing for a year.
http::Fields ClientFields(const http::Fields& received, const Policy& policy, bool keep_tags,
                          int status = 200);

// Takes out what no-cache="…" lists: to be done to the fields of a stored response
// that is sent without validation (RFC 9111 5.2.2.4).
void RemoveUnvalidated(http::Fields& fields, const Lifetimes& lifetimes);

// Does this 304 speak of the stored response? Not if it names another entity tag
// (RFC 9111 4.3.4): then ask again without conditions. Weakness is not compared,
// since servers that compress weaken tags of 200 but not of 304.
bool Confirms(const http::Fields& stored, const http::Fields& from_304);

// RFC 9111 4.3.4: the stored fields updated by a 304's. Names in the 304 replace all
// their stored lines, others stay, but for Content-Length, Content-Encoding and
// Content-Range, which describe the stored bytes; Set-Cookie is taken over only where
// the policy stores it; Age goes unless the 304 has one. A 304 without Date should
// get one from its receiver first (RFC 9110 6.6.1), or the old one ages the response.
http::Fields UpdateFields(const http::Fields& stored, const http::Fields& from_304,
                          const Policy& policy = {});

}  // namespace skerry::cache
