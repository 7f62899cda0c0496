// For tests: a second reading of RFC 9111, as short as it gets. It sees messages as the
// values they were written from, parses nothing, and shares no code with the cache.
//
// Time is in whole seconds. One instance is one URL whose responses all have the same
// Vary: nothing, or the one field `language` stands for.
#pragma once

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <map>
#include <optional>
#include <string>

namespace skerry::gateway {

using Second = int64_t;

// Cache-Control, or a targeted field, of a response.
struct Directives {
  std::optional<Second> max_age;
  std::optional<Second> s_maxage;
  std::optional<Second> swr;
  std::optional<Second> sie;
  bool no_store = false;
  bool no_cache = false;
  bool no_cache_quota = false;  // no-cache="x-quota"
  bool is_private = false;
  bool is_public = false;
  bool must_revalidate = false;
  bool proxy_revalidate = false;
  bool must_understand = false;
  bool immutable = false;
};

struct Said {
  int id = 0;
  int status = 200;
  std::optional<Directives> control;
  std::optional<Directives> targeted;
  std::optional<Second> date;
  std::optional<Second> expires;  // 0: "0", which is no date
  std::optional<Second> modified;
  std::optional<Second> age;
  bool etag = false;
  bool cookie = false;
  bool vary_any = false;

  const Directives& governing() const {
    static const Directives kNone;
    if (targeted) return *targeted;
    return control ? *control : kNone;
  }
};

// What a request says.
struct Wish {
  std::string method = "GET";
  std::string language;
  std::optional<int> known;  // If-None-Match: the tag of that response
  bool authorization = false;
  bool no_cache = false;
  bool no_store = false;
  bool only_if_cached = false;
  std::optional<Second> max_age;
  std::optional<Second> min_fresh;
  std::optional<Second> max_stale;
};

enum class Expect : uint8_t {
  kHit,         // from the store
  kHitRefresh,  // from the store, and asked for behind
  kFetch,       // asked for; what is stored, if anything, may be validated or given on failure
  kPass,        // asked for, the store has no part in it
  kTimeout,     // 504: only-if-cached, and nothing to give
};

class ReuseModel {
 public:
  struct Stored {
    Said said;
    Second initial_age = 0;
    Second received = 0;
  };

  explicit ReuseModel(bool rfc) : rfc_(rfc) {}

  const Stored* Find(const Wish& wish) const {
    const auto at = stored_.find(wish.language);
    return at == stored_.end() ? nullptr : &at->second;
  }

  static Second Age(const Stored& stored, Second now) {
    return stored.initial_age + now - stored.received;  // 4.2.3
  }

  Expect Ask(const Wish& wish, Second now) const {
    const bool head = wish.method == "HEAD";
    if (!head && wish.method != "GET") return Expect::kPass;
    const bool nothing = head && Find(wish) == nullptr;
    const bool passes = nothing || (rfc_ ? wish.no_store : wish.authorization);
    const Stored* const stored = passes ? nullptr : Find(wish);
    const Expect expect = passes              ? Expect::kPass
                          : stored == nullptr ? Expect::kFetch
                                              : Use(*stored, wish, now);
    const bool asks = expect == Expect::kPass || expect == Expect::kFetch;
    return wish.only_if_cached && asks ? Expect::kTimeout : expect;
  }

  // 4.2.4, RFC 5861: may what is stored be given if the origin fails?
  bool GivesOnFailure(const Wish& wish, Second now) const {
    const Stored* const stored = Find(wish);
    if (stored == nullptr || MustValidate(*stored, wish)) return false;
    const Second stale_for = std::max<Second>(0, Age(*stored, now) - Lifetime(stored->said));
    if (ForbidsStale(stored->said)) return false;
    return rfc_ || stale_for < stored->said.governing().sie.value_or(0);
  }

  // 3, 4.2.3: an answer that is not a 304 to a validation of ours.
  void Answered(const Wish& wish, Said said, Second asked, Second now) {
    if (!said.date) said.date = now;
    if (MayStore(wish, said)) Keep(wish, std::move(said), asked, now);
  }

  // 4.4: an answer to an unsafe method.
  void Changed(int status) {
    if (status >= 200 && status < 400) stored_.clear();
  }

  // 4.3.5: a 200 to a HEAD. Is what is stored still what there is?
  bool Headed(const Wish& wish, const Said& from_head, Second asked, Second now) {
    const Said& said = stored_.at(wish.language).said;
    const bool tag = !from_head.etag || (said.etag && said.id == from_head.id);
    const bool date = !from_head.modified || said.modified == from_head.modified;
    const bool confirms = said.status == 200 && tag && date;
    if (confirms) {
      Validated(wish, from_head, asked, now);
    } else {
      stored_.erase(wish.language);
    }
    return confirms;
  }

  // 3.2, 4.3.4: the stored fields get the 304's. What then may not be stored any more is not.
  void Validated(const Wish& wish, const Said& from_304, Second asked, Second now) {
    Said said = stored_.at(wish.language).said;
    if (from_304.control) said.control = from_304.control;
    if (from_304.targeted) said.targeted = from_304.targeted;
    if (from_304.expires) said.expires = from_304.expires;
    said.date = from_304.date.value_or(now);
    said.age = from_304.age;
    said.cookie |= rfc_ && from_304.cookie;
    if (MayStore(wish, said)) return Keep(wish, std::move(said), asked, now);
    // What one who has signed in is told says nothing about what all others are.
    if (!wish.authorization) stored_.erase(wish.language);
  }

 private:
  static constexpr std::array kGuessable = {200, 203, 204, 300, 301, 308, 404, 405, 410, 414, 501};
  static bool Guessable(int status) {
    return std::find(kGuessable.begin(), kGuessable.end(), status) != kGuessable.end();
  }
  static bool Understood(int status) { return status != 299; }  // of those that tests use

  // 3.5: answers to Authorization that others may be given.
  static bool IsShared(const Directives& says) {
    return says.is_public || says.must_revalidate || says.s_maxage;
  }

  static bool IsExplicit(const Said& said) {
    const Directives& says = said.governing();
    return says.s_maxage || says.max_age || (!said.targeted && said.expires);
  }

  // 4.2.1, 4.2.2
  static Second Lifetime(const Said& said) {
    const Directives& says = said.governing();
    if (says.s_maxage) return *says.s_maxage;
    if (says.max_age) return *says.max_age;
    if (!said.targeted && said.expires) return std::max<Second>(0, *said.expires - *said.date);
    if (!said.modified || !(Guessable(said.status) || says.is_public)) return 0;
    return std::clamp<Second>((*said.date - *said.modified) / 10, 0, 24 * 3600);
  }

  // 5.2.2.2, .8, .10. The careful operator takes an origin that says how long for its word.
  bool ForbidsStale(const Said& said) const {
    const Directives& says = said.governing();
    const bool windows = !rfc_ && (says.swr || says.sie);
    return says.must_revalidate || says.proxy_revalidate || (says.s_maxage && !windows);
  }

  bool MustValidate(const Stored& stored, const Wish& wish) const {
    return stored.said.governing().no_cache || (rfc_ && wish.no_cache);
  }

  Expect Use(const Stored& stored, const Wish& wish, Second now) const {
    if (MustValidate(stored, wish)) return Expect::kFetch;
    const Directives& says = stored.said.governing();
    const Second age = Age(stored, now);
    const Second left = Lifetime(stored.said) - age;
    const bool wishes = rfc_ && !(left > 0 && says.immutable);
    const bool too_old = wishes && wish.max_age && age >= *wish.max_age;
    if (left > 0) {
      const bool too_short = wishes && wish.min_fresh && left < *wish.min_fresh;
      return too_old || too_short ? Expect::kFetch : Expect::kHit;
    }
    if (ForbidsStale(stored.said)) return Expect::kFetch;
    if (rfc_ && (wish.max_age || wish.min_fresh || wish.max_stale)) {
      const bool accepts = wish.max_stale && -left <= *wish.max_stale && !too_old;
      return accepts ? Expect::kHit : Expect::kFetch;
    }
    return -left < says.swr.value_or(0) ? Expect::kHitRefresh : Expect::kFetch;
  }

  bool MayStore(const Wish& wish, const Said& said) const {
    const Directives& says = said.governing();
    if (says.must_understand ? !Understood(said.status) : says.no_store) return false;
    if (says.is_private || said.vary_any || said.status >= 500) return false;
    if (rfc_ ? wish.no_store : wish.authorization) return false;
    if (wish.authorization && !IsShared(says)) return false;
    if (said.cookie && !(rfc_ && IsExplicit(said))) return false;
    if (!IsExplicit(said) && !says.is_public && !Guessable(said.status)) return false;
    // Else it could be stored and would never be of use.
    const bool window =
        !ForbidsStale(said) && (says.swr.value_or(0) > 0 || says.sie.value_or(0) > 0);
    const bool usable = !says.no_cache && (window || Lifetime(said) > 0);
    return usable || said.etag || said.modified;
  }

  void Keep(const Wish& wish, Said said, Second asked, Second now) {
    const Second apparent = now - *said.date;
    const Second corrected = said.age.value_or(0) + (now - asked);
    stored_[wish.language] = {std::move(said), std::max<Second>(0, std::max(apparent, corrected)),
                              now};
  }

  const bool rfc_;
  std::map<std::string, Stored> stored_;
};

}  // namespace skerry::gateway
