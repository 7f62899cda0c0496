// The words in which tests of freshness and reuse are written.
#pragma once

#include <optional>
#include <string>
#include <utility>

#include "core/base/clock.h"
#include "core/cache/freshness.h"
#include "core/http/date.h"
#include "core/http/message.h"

namespace skerry::cache {

inline constexpr WallTime kNow{Seconds(1'700'000'000)};

inline std::string Date(Seconds from_now) { return http::FormatDate(kNow + from_now); }

// One response to one request, received at kNow, and what later requests make of it.
// Without other words: a 200 answer to a plain GET under profile rfc.
struct Case {
  http::Fields fields = {};
  int status = 200;
  Policy policy = Policy::Rfc();
  http::Fields request = {};
  std::string method = "GET";

  StoreDecision Stored() const {
    const http::RequestHead head{.method = method,
                                 .scheme = "https",
                                 .authority = "example.com",
                                 .path = "/a",
                                 .fields = request};
    const http::ResponseHead response{.status = status, .fields = fields};
    return Decide({.request = head, .response = response, .response_time = kNow}, policy);
  }
  Storable storable() const { return Stored().storable; }
  Lifetimes lifetimes() const { return Stored().lifetimes; }

  // Nothing where it was not stored.
  std::optional<Usable> After(Millis pause, const http::Fields& later = {},
                              bool soft_purged = false) const {
    const StoreDecision decision = Stored();
    if (decision.storable != Storable::kYes) return std::nullopt;
    return Judge({.lifetimes = decision.lifetimes,
                  .initial_age = InitialAge(fields, kNow, kNow),
                  .response_time = kNow,
                  .now = kNow + pause,
                  .soft_purged = soft_purged},
                 ParseRequestDirectives(later, policy), policy);
  }
  bool ReusedAfter(Millis pause, const http::Fields& later = {}) const {
    return After(pause, later) == Usable::kFresh;
  }
};

// Is a response with these fields reused three seconds later?
inline bool Reused(http::Fields fields, int status = 200) {
  return Case{.fields = std::move(fields), .status = status}.ReusedAfter(Seconds(3));
}
inline bool Reused(std::string cache_control) {
  return Reused(http::Fields{{"cache-control", std::move(cache_control)}});
}

inline Case WithControl(std::string cache_control, Policy policy = Policy::Rfc()) {
  return {.fields = {{"cache-control", std::move(cache_control)}}, .policy = std::move(policy)};
}

// Without other words about freshness: last changed a day ago, so a cache may guess.
inline http::Fields ChangedADayAgo(std::string control = "x") {
  return {{"last-modified", Date(-std::chrono::hours(24))},
          {"date", Date(Seconds(0))},
          {"cache-control", std::move(control)}};
}

}  // namespace skerry::cache
