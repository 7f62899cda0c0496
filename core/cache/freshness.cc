#include "core/cache/freshness.h"

#include <algorithm>
#include <iterator>
#include <utility>

#include "core/cache/key.h"
#include "core/http/age.h"
#include "core/http/cache_control.h"
#include "core/http/date.h"
#include "core/http/etag.h"
#include "core/http/url.h"
#include "core/http/vary.h"

namespace skerry::cache {
namespace {

using http::CacheControl;
using http::kMaxDelta;

// RFC 9111 4.2.2 leaves the limit to caches: a page last changed ten years ago is
// not fresh for one.
constexpr Seconds kLongestGuess = std::chrono::hours(24);

// Cacheable without explicit freshness (RFC 9110 15.1), but for 206.
constexpr int kHeuristic[] = {200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501};
// What the operator's own lifetime is for: a rule meant for pages must not keep an
// outage or a login redirect for an hour.
constexpr int kOperatorTtl[] = {200, 203, 204, 300, 301, 308};
// Answers to the Range and If-* fields of one request, not to its URL.
constexpr int kNeverStored[] = {206, 304, 412, 416};

template <class Range>
bool Contains(const Range& range, int status) {
  return std::find(std::begin(range), std::end(range), status) != std::end(range);
}

// What says how long: the first targeted field that is valid, alone, or
// Cache-Control and Expires (RFC 9213 2.2).
struct Governing {
  CacheControl control;
  std::optional<uint8_t> targeted = {};  // which of Policy::targeted
};

Governing FindGoverning(const http::Fields& fields, const Policy& policy) {
  for (size_t i = 0; i < policy.targeted.size(); ++i) {
    const std::optional<std::string> text = fields.Combined(policy.targeted[i]);
    if (!text) continue;
    Result<CacheControl> control = http::ParseTargetedCacheControl(*text);
    if (control) return {std::move(*control), static_cast<uint8_t>(i)};
  }
  return {http::ParseCacheControl(fields)};
}

bool HasValidator(const http::Fields& fields) {
  return fields.Has("etag") || fields.Has("last-modified");
}

bool SetsCookie(const http::Fields& fields) {
  return fields.Has("set-cookie") || fields.Has("set-cookie2");
}

WallTime DateOf(const http::Fields& fields, WallTime response_time) {
  const std::optional<std::string> date = fields.Combined("date");
  return date ? http::ParseDate(*date, response_time).value_or(response_time) : response_time;
}

Seconds Clamp(Millis span) {
  return std::clamp(std::chrono::floor<Seconds>(span), Seconds(0), kMaxDelta);
}
Seconds Clamp(Seconds span) { return std::clamp(span, Seconds(0), kMaxDelta); }

// Expires - Date; an invalid Expires is one in the past (RFC 9111 5.3).
std::optional<Seconds> ExpiresLifetime(const http::Fields& fields, WallTime response_time) {
  const std::optional<std::string> expires = fields.Combined("expires");
  if (!expires) return std::nullopt;
  const std::optional<WallTime> at = http::ParseDate(*expires, response_time);
  return at ? Clamp(*at - DateOf(fields, response_time)) : Seconds(0);
}

// A tenth of the time since the last change (RFC 9111 4.2.2).
Seconds GuessedLifetime(const http::Fields& fields, WallTime response_time) {
  const std::optional<std::string> modified = fields.Combined("last-modified");
  if (!modified) return Seconds(0);
  const std::optional<WallTime> at = http::ParseDate(*modified, response_time);
  if (!at) return Seconds(0);
  return std::min(Clamp((DateOf(fields, response_time) - *at) / 10), kLongestGuess);
}

struct Freshness {
  Seconds lifetime{0};
  LifetimeFrom from = LifetimeFrom::kNothing;

  // Said by the origin or by the operator for this response, not guessed.
  bool is_explicit() const {
    return by_operator() || from == LifetimeFrom::kSMaxage || from == LifetimeFrom::kMaxAge ||
           from == LifetimeFrom::kExpires;
  }
  // Then the origin's no-cache does not count either.
  bool by_operator() const {
    return from == LifetimeFrom::kEdgeTtl || from == LifetimeFrom::kStatusTtl;
  }
};

Freshness FindFreshness(const StoreInput& input, const Governing& governing, const Policy& policy) {
  const int status = input.response.status;
  const http::Fields& fields = input.response.fields;
  const CacheControl& control = governing.control;
  for (const StatusTtl& rule : policy.status_ttl) {
    if (rule.first <= status && status <= rule.last) {
      return {Clamp(rule.ttl), LifetimeFrom::kStatusTtl};
    }
  }
  if (policy.edge_ttl && Contains(kOperatorTtl, status)) {
    return {Clamp(*policy.edge_ttl), LifetimeFrom::kEdgeTtl};
  }
  if (control.s_maxage) return {*control.s_maxage, LifetimeFrom::kSMaxage};
  if (control.max_age) return {*control.max_age, LifetimeFrom::kMaxAge};
  if (!governing.targeted) {
    if (const auto lifetime = ExpiresLifetime(fields, input.response_time)) {
      return {*lifetime, LifetimeFrom::kExpires};
    }
  }
  if (!Contains(kHeuristic, status) && !control.is_public) return {};
  if (policy.negative_ttl && (status == 404 || status == 410)) {
    return {Clamp(*policy.negative_ttl), LifetimeFrom::kNegativeTtl};
  }
  if (policy.default_ttl) return {Clamp(*policy.default_ttl), LifetimeFrom::kDefaultTtl};
  if (policy.heuristics && fields.Has("last-modified")) {
    return {GuessedLifetime(fields, input.response_time), LifetimeFrom::kHeuristic};
  }
  return {};
}

void SetStaleWindows(const CacheControl& control, const Policy& policy, int status,
                     Lifetimes& lifetimes) {
  const bool revalidate = control.must_revalidate || control.proxy_revalidate;
  const bool windows = control.stale_while_revalidate || control.stale_if_error;
  // s-maxage implies proxy-revalidate (RFC 9111 5.2.2.10). An origin that also says
  // how long stale answers may serve means that; only the strict profile differs.
  const bool yields =
      policy.profile == Policy::Profile::kCareful && (windows || policy.swr || policy.sie);
  lifetimes.must_revalidate = revalidate || (control.s_maxage && !yields);
  if (lifetimes.must_revalidate) return;
  // The operator's windows are there to bridge errors, not to prolong them.
  const bool error = status >= 500;
  const Seconds swr = control.stale_while_revalidate.value_or(Seconds(0));
  const Seconds sie = control.stale_if_error.value_or(Seconds(0));
  lifetimes.swr = Clamp(error ? swr : policy.swr.value_or(swr));
  lifetimes.sie = Clamp(error ? sie : policy.sie.value_or(sie));
}

// A POST's answer may serve a later GET if it says that it is what lives at the URL
// (RFC 9110 9.3.3).
bool IsItsOwnContentLocation(const StoreInput& input) {
  const std::optional<std::string> location = input.response.fields.Combined("content-location");
  if (!location) return false;
  const Result<Target> target = NormalizeTarget(input.request);
  if (!target) return false;
  const Result<http::Url> url = http::ParseUrl(target->Url());
  if (!url) return false;
  const Result<http::Url> named = http::Resolve(*url, *location);
  return named && *named == *url;
}

bool IsCachedMethod(const StoreInput& input, const Policy& policy) {
  const std::string& method = input.request.method;
  if (method == "GET" || method == "HEAD") return true;
  return method == "POST" && policy.profile == Policy::Profile::kRfc &&
         IsItsOwnContentLocation(input);
}

// May the response be stored at all, whatever its lifetime?
Storable Permission(const StoreInput& input, const Governing& governing, const Policy& policy) {
  const CacheControl& control = governing.control;
  const int status = input.response.status;
  const bool understood = !http::ReasonPhrase(status).empty();
  if (policy.bypass) return Storable::kBypass;
  if (!IsCachedMethod(input, policy)) return Storable::kMethod;
  if (status < 200 || Contains(kNeverStored, status)) return Storable::kStatus;
  if (control.must_understand && !understood) return Storable::kStatus;
  // must-understand, understood, cancels no-store (RFC 9111 5.2.2.3).
  if (control.no_store && !control.must_understand) return Storable::kNoStore;
  if (ParseRequestDirectives(input.request.fields, policy).no_store) return Storable::kNoStore;
  if (control.is_private.present) return Storable::kPrivate;
  if (input.request.fields.Has("authorization")) {
    const bool shared = control.is_public || control.must_revalidate || control.s_maxage;
    if (!policy.store_authorized || !shared) return Storable::kAuthorization;
  }
  return Storable::kYes;
}

Storable VaryPermission(const StoreInput& input) {
  const http::Vary vary = http::ParseVary(input.response.fields);
  if (vary.any) return Storable::kVaryAny;
  if (input.forwarded == nullptr) return Storable::kYes;
  for (const std::string& name : vary.names) {
    const auto& sent = *input.forwarded;
    if (std::find(sent.begin(), sent.end(), name) == sent.end()) return Storable::kVaryUnforwarded;
  }
  return Storable::kYes;
}

// Current age with the clocks' full resolution.
Millis AgeOf(Seconds initial_age, WallTime response_time, WallTime now) {
  return Clamp(initial_age) + std::max(now - response_time, Millis(0));
}

bool IsTag(std::string_view name) { return name == "cache-tag" || name == "surrogate-key"; }

// Field values that are private to the tiers: never sent to clients in any profile.
bool IsOwn(std::string_view name) { return name.starts_with("skerry-"); }

bool HasToken(const std::vector<std::string>& names, std::string_view name) {
  return std::find(names.begin(), names.end(), name) != names.end();
}

// What belongs to the stored bytes, which a 304 does not carry (RFC 9111 3.2).
bool DescribesBody(std::string_view name) {
  return name == "content-length" || name == "content-encoding" || name == "content-range" ||
         name == "content-digest";
}

// Cache-Control as the operator wants browsers to read it. What forbids storing
// stays as it is.
void SetBrowserTtl(http::Fields& fields, const Policy& policy) {
  const std::optional<std::string> text = fields.Combined("cache-control");
  const CacheControl control = http::ParseCacheControl(fields);
  if (control.no_store || control.no_cache.present || control.is_private.present) return;
  std::string value = "max-age=" + std::to_string(Clamp(*policy.browser_ttl).count());
  if (policy.immutable && !control.immutable) value += ", immutable";
  for (const http::Directive& directive : http::ParseDirectives(text.value_or(""))) {
    if (directive.malformed || directive.name == "max-age") continue;
    value += ", " + directive.name;
    if (!directive.value) continue;
    const bool quote = !http::IsToken(*directive.value);
    value += quote ? "=\"" + *directive.value + "\"" : "=" + *directive.value;
  }
  fields.Set("cache-control", value);
  fields.Remove("expires");
}

void SetBrowserCache(http::Fields& fields, Policy::Browser browser) {
  const CacheControl control = http::ParseCacheControl(fields);
  std::string value = control.is_private.present ? "private, no-cache" : "no-cache";
  if (browser == Policy::Browser::kNoStore || control.no_store) value = "no-store";
  if (control.no_transform) value += ", no-transform";
  fields.Set("cache-control", value);
  fields.Remove("expires");
}

}  // namespace

Policy Policy::Rfc() {
  Policy policy;
  policy.profile = Profile::kRfc;
  policy.store_set_cookie = true;
  policy.store_authorized = true;
  policy.stale_on_disconnect = true;
  return policy;
}

std::string_view Name(Storable storable) {
  switch (storable) {
    case Storable::kYes: return "stored";
    case Storable::kMethod: return "method";
    case Storable::kBypass: return "bypass";
    case Storable::kNoStore: return "no-store";
    case Storable::kPrivate: return "private";
    case Storable::kAuthorization: return "authorization";
    case Storable::kSetCookie: return "set-cookie";
    case Storable::kStatus: return "status";
    case Storable::kHead: return "head";
    case Storable::kNotFreshEver: return "not-fresh-ever";
    case Storable::kVaryAny: return "vary-any";
    case Storable::kVaryUnforwarded: return "vary-unforwarded";
  }
  return "?";
}

std::string_view Name(Usable usable) {
  switch (usable) {
    case Usable::kFresh: return "fresh";
    case Usable::kStaleWhileRevalidate: return "stale-while-revalidate";
    case Usable::kStaleIfError: return "stale-if-error";
    case Usable::kValidate: return "validate";
  }
  return "?";
}

std::string_view Name(LifetimeFrom from) {
  switch (from) {
    case LifetimeFrom::kNothing: return "nothing";
    case LifetimeFrom::kEdgeTtl: return "edge_ttl";
    case LifetimeFrom::kStatusTtl: return "status_ttl";
    case LifetimeFrom::kSMaxage: return "s-maxage";
    case LifetimeFrom::kMaxAge: return "max-age";
    case LifetimeFrom::kExpires: return "expires";
    case LifetimeFrom::kNegativeTtl: return "negative_ttl";
    case LifetimeFrom::kDefaultTtl: return "default_ttl";
    case LifetimeFrom::kHeuristic: return "heuristic";
  }
  return "?";
}

std::string_view Name(Ground ground) {
  switch (ground) {
    case Ground::kLifetime: return "lifetime";
    case Ground::kRequestMaxStale: return "request-max-stale";
    case Ground::kNoCache: return "no-cache";
    case Ground::kRequestNoCache: return "request-no-cache";
    case Ground::kRequestTooOld: return "request-too-old";
    case Ground::kMustRevalidate: return "must-revalidate";
    case Ground::kSwrWindow: return "swr-window";
    case Ground::kSieWindow: return "sie-window";
    case Ground::kNoWindow: return "no-window";
  }
  return "?";
}

StoreDecision Decide(const StoreInput& input, const Policy& policy) {
  const http::Fields& fields = input.response.fields;
  const Governing governing = FindGoverning(fields, policy);
  const CacheControl& control = governing.control;
  if (const Storable permission = Permission(input, governing, policy);
      permission != Storable::kYes) {
    return {permission, {}};
  }
  if (const Storable permission = VaryPermission(input); permission != Storable::kYes) {
    return {permission, {}};
  }

  const Freshness freshness = FindFreshness(input, governing, policy);
  if (input.request.method == "POST" && !freshness.is_explicit()) return {Storable::kMethod, {}};
  Lifetimes lifetimes;
  lifetimes.fresh = freshness.lifetime;
  lifetimes.explicit_fresh = freshness.is_explicit();
  lifetimes.validate_always = control.no_cache.whole() && !freshness.by_operator();
  lifetimes.immutable = control.immutable || policy.immutable;
  lifetimes.no_cache_fields = control.no_cache.fields;
  SetStaleWindows(control, policy, input.response.status, lifetimes);

  if (SetsCookie(fields) && !(policy.store_set_cookie && freshness.is_explicit())) {
    return {Storable::kSetCookie, {}};
  }
  // Without a word about freshness only some statuses may be kept (RFC 9111 3).
  const bool allowed =
      freshness.is_explicit() || control.is_public || Contains(kHeuristic, input.response.status);
  const bool servable =
      !lifetimes.validate_always &&
      (lifetimes.fresh > Seconds(0) || lifetimes.swr > Seconds(0) || lifetimes.sie > Seconds(0));
  if (!allowed || !(servable || HasValidator(fields))) return {Storable::kNotFreshEver, {}};

  if (policy.stale_on_disconnect && !control.s_maxage && !lifetimes.must_revalidate) {
    lifetimes.sie = kMaxDelta;
  }
  return {Storable::kYes, std::move(lifetimes), freshness.from, governing.targeted};
}

Seconds InitialAge(const http::Fields& response, WallTime request_time, WallTime response_time) {
  const Millis apparent = response_time - DateOf(response, response_time);
  const Millis delay = std::max(response_time - request_time, Millis(0));
  const Seconds age = http::ParseAge(response).value_or(Seconds(0));
  return Clamp(std::max(apparent, age + delay));
}

Seconds CurrentAge(Seconds initial_age, WallTime response_time, WallTime now) {
  return Clamp(AgeOf(initial_age, response_time, now));
}

RequestDirectives ParseRequestDirectives(const http::Fields& request, const Policy& policy) {
  const http::RequestCacheControl control = http::ParseRequestCacheControl(request);
  if (policy.profile == Policy::Profile::kCareful) {
    RequestDirectives only;
    only.only_if_cached = control.only_if_cached;
    return only;
  }
  return {.no_cache = control.no_cache,
          .no_store = control.no_store,
          .only_if_cached = control.only_if_cached,
          .max_age = control.max_age,
          .min_fresh = control.min_fresh,
          .max_stale = control.max_stale};
}

Judgement JudgeWithGround(const UseInput& input, const RequestDirectives& request, const Policy&) {
  const Lifetimes& lifetimes = input.lifetimes;
  if (lifetimes.validate_always) return {Usable::kValidate, Ground::kNoCache};
  if (request.no_cache || request.no_store) return {Usable::kValidate, Ground::kRequestNoCache};

  const Millis age = AgeOf(input.initial_age, input.response_time, input.now);
  const Millis left = Millis(Clamp(lifetimes.fresh)) - age;
  const bool fresh = left > Millis(0) && !input.soft_purged;
  // A reload does not ask again for what never changes (RFC 8246 2).
  const bool settled = fresh && lifetimes.immutable;
  const bool young = settled || !request.max_age || age < Clamp(*request.max_age);
  const bool lasting = settled || !request.min_fresh || left >= Clamp(*request.min_fresh);
  if (fresh && young && lasting) return {Usable::kFresh, Ground::kLifetime};

  const Millis stale_for = std::max(-left, Millis(0));
  if (!fresh && lifetimes.must_revalidate) return {Usable::kValidate, Ground::kMustRevalidate};
  if (!fresh && !input.soft_purged && young && request.max_stale &&
      stale_for <= Clamp(*request.max_stale)) {
    return {Usable::kFresh, Ground::kRequestMaxStale};
  }
  // Who says how old or how stale an answer may be wants none staler (RFC 9111 5.2.1.1, .2).
  const bool asks_for_fresh = request.max_age || request.min_fresh || request.max_stale;
  if (!asks_for_fresh && stale_for < Clamp(lifetimes.swr)) {
    return {Usable::kStaleWhileRevalidate, Ground::kSwrWindow};
  }
  const bool may_be_served = stale_for < Clamp(lifetimes.sie);
  const Usable usable = may_be_served ? Usable::kStaleIfError : Usable::kValidate;
  if (fresh) return {usable, Ground::kRequestTooOld};
  return {usable, may_be_served ? Ground::kSieWindow : Ground::kNoWindow};
}

Usable Judge(const UseInput& input, const RequestDirectives& request, const Policy& policy) {
  return JudgeWithGround(input, request, policy).usable;
}

http::Fields ClientFields(const http::Fields& received, const Policy& policy, bool keep_tags,
                          int status) {
  const bool careful = policy.profile == Policy::Profile::kCareful;
  http::Fields fields = received;
  http::RemoveHopByHop(fields);
  fields.RemoveIf([&](const http::Field& field) {
    if (field.name == "age") return true;
    if (keep_tags) return false;
    return IsOwn(field.name) ||
           (careful && (IsTag(field.name) || HasToken(policy.targeted, field.name)));
  });
  if (keep_tags) return fields;
  if (policy.browser != Policy::Browser::kAsOrigin) {
    SetBrowserCache(fields, policy.browser);
  } else if (policy.browser_ttl && (status == 206 || Contains(kOperatorTtl, status))) {
    SetBrowserTtl(fields, policy);
  }
  return fields;
}

void RemoveUnvalidated(http::Fields& fields, const Lifetimes& lifetimes) {
  if (!lifetimes.no_cache_fields.there()) return;
  fields.RemoveIf(
      [&](const http::Field& field) { return HasToken(lifetimes.no_cache_fields, field.name); });
}

bool Confirms(const http::Fields& stored, const http::Fields& from_304) {
  const std::optional<std::string> theirs = from_304.Combined("etag");
  const std::optional<std::string> ours = stored.Combined("etag");
  if (!theirs || !ours || *theirs == *ours) return true;
  const std::optional<http::EntityTag> new_tag = http::ParseEntityTag(*theirs);
  const std::optional<http::EntityTag> old_tag = http::ParseEntityTag(*ours);
  return new_tag && old_tag && http::WeakMatch(*new_tag, *old_tag);
}

http::Fields UpdateFields(const http::Fields& stored, const http::Fields& from_304,
                          const Policy& policy) {
  http::Fields news = from_304;
  http::RemoveHopByHop(news);
  news.RemoveIf([&](const http::Field& field) {
    const bool cookie = field.name == "set-cookie" || field.name == "set-cookie2";
    return (cookie && !policy.store_set_cookie) || DescribesBody(field.name);
  });
  http::Fields updated = stored;
  // Age is of one transfer: without a new one there is none.
  updated.Remove("age");
  updated.RemoveIf([&](const http::Field& field) { return news.Has(field.name); });
  for (const http::Field& field : news) updated.Add(field.name, field.value);
  return updated;
}

}  // namespace skerry::cache
