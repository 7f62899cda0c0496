#include "core/gateway/explain/explain_words.h"

#include "core/cache/purge/scopes.h"
#include "core/gateway/words.h"
#include "core/http/cache_status.h"
#include "core/http/date.h"

namespace skerry::gateway {
namespace {

std::string Ground(const Situation& situation) {
  const cache::Lifetimes& lifetimes = situation.entry->head.lifetimes;
  switch (situation.lookup.ground) {
    case cache::Ground::kLifetime: return "it is within its freshness lifetime";
    case cache::Ground::kRequestMaxStale:
      return "it has expired, and the request's max-stale allows that";
    case cache::Ground::kNoCache:
      return "its no-cache wants the origin to be asked before every use";
    case cache::Ground::kRequestNoCache:
      return "the request's Cache-Control wants the origin asked";
    case cache::Ground::kRequestTooOld:
      return "the request's max-age or min-fresh wants a younger one";
    case cache::Ground::kMustRevalidate:
      return "it has expired, and the origin forbids stale answers";
    case cache::Ground::kSwrWindow:
      return "it has expired, and within stale-while-revalidate (" + InWords(lifetimes.swr) +
             ") it is served once more while it is refreshed behind";
    case cache::Ground::kSieWindow:
      return "it has expired; within stale-if-error (" + InWords(lifetimes.sie) +
             ") it is served only if the origin fails";
    case cache::Ground::kNoWindow: return "it has expired, and no stale window is open (any more)";
  }
  return "";
}

bool Is(const Situation& situation, Found found) { return situation.lookup.found == found; }

std::string WhyNotStored(cache::Storable why) {
  switch (why) {
    case cache::Storable::kNoStore: return "it said no-store";
    case cache::Storable::kPrivate: return "it said private";
    case cache::Storable::kSetCookie: return "it set a cookie";
    case cache::Storable::kStatus: return "its status is not one that is stored";
    case cache::Storable::kNotFreshEver:
      return "no field that is understood gave it a lifetime, and it has no validator";
    case cache::Storable::kVaryAny: return "it said Vary: *";
    case cache::Storable::kVaryUnforwarded:
      return "it varies on a field that no shared fetch carries";
    default: return "it was for the one who asked (" + std::string(Name(why)) + ")";
  }
}

// What would make answers storable that are not.
std::string RemedyOf(cache::Storable why) {
  switch (why) {
    case cache::Storable::kNoStore:
    case cache::Storable::kPrivate:
      return "an origin that does not say " + std::string(Name(why)) +
             ": it is stronger than any rule";
    case cache::Storable::kSetCookie:
      return "an origin that sets no cookie here; where it is the same for everyone, "
             "store_set_cookie in the rule";
    case cache::Storable::kVaryAny: return "an origin that names the fields it varies on";
    case cache::Storable::kVaryUnforwarded:
      return "key.fields in the rule with that field, or an origin that does not vary on it";
    default:
      return "an answer that may be stored: Cache-Control: max-age=… from the origin, or edge_ttl "
             "or default_ttl in the rule";
  }
}

}  // namespace

std::string Summary(const Situation& situation) {
  const Verdict& verdict = situation.verdict;
  if (verdict.hit && Is(situation, Found::kStaleWhileRevalidate)) {
    return "It would be answered from the cache, stale, and refreshed behind.";
  }
  if (verdict.hit) return "It would be answered from the cache.";
  if (verdict.generated) {
    return "It would be refused with 504: it says only-if-cached, and nothing usable is stored.";
  }
  const std::string why = ", because ";
  switch (verdict.fwd) {
    case http::Forward::kMethod:
    case http::Forward::kBypass: return "It would go to the origin, past the cache.";
    case http::Forward::kStale:
    case http::Forward::kRequest:
      return "It would be validated at the origin before it is served" + why +
             WhyAnswer(situation) + ".";
    default: return "It would be fetched from the origin" + why + WhyAnswer(situation) + ".";
  }
}

std::string WhyAnswer(const Situation& situation) {
  if (situation.verdict.detail == "behind-the-edge") {
    return "the asking edge has applied more of the purge log than this shield";
  }
  if (situation.lookup.unforwarded) {
    return "it varies on a field of this request that no shared fetch carries, so the request is "
           "fetched for alone";
  }
  const bool condition = !situation.verdict.hit && situation.verdict.fwd == http::Forward::kRequest;
  if (condition && (Is(situation, Found::kFresh) || Is(situation, Found::kStaleWhileRevalidate))) {
    return "If-Match or If-Unmodified-Since, which only an origin may refuse, does not hold for "
           "what is stored";
  }
  switch (situation.lookup.found) {
    case Found::kMiss:
    case Found::kVaryMiss: return WhyNothing(situation.lookup.found, situation.last);
    case Found::kPurged: return "a purge has taken away what is stored";
    default: break;
  }
  if (situation.lookup.fenced) {
    return "this node is fenced: what can be purged is validated before it is served";
  }
  if (situation.lookup.soft_purged) {
    const std::string purged = "a soft purge has made it stale";
    switch (situation.lookup.ground) {
      case cache::Ground::kSwrWindow:
        return purged + "; it is served once more while it is refreshed behind";
      case cache::Ground::kSieWindow: return purged + "; it is served only if the origin fails";
      default: return purged + ", and no stale window is open";
    }
  }
  return Ground(situation);
}

std::string Remedy(const Situation& situation) {
  if (situation.verdict.hit && Is(situation, Found::kFresh)) return "nothing: it is one";
  if (situation.verdict.hit) return "it is one; the refresh behind it makes it fresh again";
  if (situation.lookup.unforwarded) return RemedyOf(cache::Storable::kVaryUnforwarded);
  if (situation.last) return RemedyOf(*situation.last);
  if (Is(situation, Found::kPurged)) {
    return "the next request: it fetches what is there now, which is stored if it may be";
  }
  if (Is(situation, Found::kVaryMiss)) {
    return "the next request with these values; fewer values of the fields in Vary, or fewer "
           "fields, make more hits";
  }
  if (situation.entry == nullptr) return RemedyOf(cache::Storable::kNotFreshEver);
  if (situation.lookup.fenced) {
    return "a lease of the purge log: see /healthz?verbose and whether skerry-purge can be "
           "reached; or "
           "on_partition = \"serve\" in the rule";
  }
  switch (situation.lookup.ground) {
    case cache::Ground::kNoCache:
      return "an origin that does not say no-cache, or edge_ttl in the rule";
    case cache::Ground::kRequestNoCache:
    case cache::Ground::kRequestTooOld: return "a request without that Cache-Control";
    default: break;
  }
  return "the origin's next 304 or 200 makes it fresh; a longer max-age or edge_ttl lets that "
         "happen less often, and stale_while_revalidate lets nobody wait for it";
}

std::string WhatIsUnderWay(const cache::Fill* fill, bool hit) {
  if (fill == nullptr) return "no fetch that it could share";
  if (hit) return "yes: a fetch behind it, for which nobody waits";
  const bool asking = fill->phase() == cache::Fill::Phase::kAsking;
  if (asking) return "yes: upstream has been asked and has not answered yet; it would wait";
  return "yes: " + Grouped(fill->size()) +
         " bytes have come so far; it would get them, and the rest as it comes";
}

std::string WhyCacheable(Cacheability cacheability, std::string_view method) {
  switch (cacheability) {
    case Cacheability::kShared: return "yes: " + std::string(method) + " without credentials";
    case Cacheability::kMethod:
      return "no: " + std::string(method) + " always goes to the origin; only GET and HEAD may not";
    case Cacheability::kBypass: return "no: the rule says that it goes past the cache";
    case Cacheability::kAuthorized:
      return "no: with Authorization the answer may be for one person only";
    case Cacheability::kRequest: return "no: the request itself forbids it";
  }
  return "";
}

std::string Remedy(Cacheability cacheability) {
  switch (cacheability) {
    case Cacheability::kMethod: return "asking with GET";
    case Cacheability::kBypass: return "another rule before this one, or none that bypasses";
    case Cacheability::kAuthorized: return "a request without Authorization";
    default: return "a request that does not forbid it";
  }
}

std::string WhyNothing(Found found, std::optional<cache::Storable> last) {
  if (last) return "its last answer could not be stored: " + WhyNotStored(*last);
  if (found == Found::kVaryMiss) {
    return "something is stored under this key, for other values of the fields in its Vary";
  }
  return "nothing is stored under this key: never asked for, never storable, or evicted";
}

std::string WhyLifetime(const cache::StoreDecision& decision, const http::Fields& fields,
                        const cache::Policy& policy) {
  const std::string field =
      decision.targeted ? policy.targeted[*decision.targeted] : std::string("cache-control");
  const auto of_field = [&](const char* directive) {
    return std::string(directive) + " of " + field + ": " + fields.Combined(field).value_or("");
  };
  switch (decision.from) {
    case cache::LifetimeFrom::kNothing: return "since no field says how long";
    case cache::LifetimeFrom::kEdgeTtl: return "edge_ttl of the rule";
    case cache::LifetimeFrom::kStatusTtl: return "the rule's lifetime for this status";
    case cache::LifetimeFrom::kSMaxage: return of_field("s-maxage");
    case cache::LifetimeFrom::kMaxAge: return of_field("max-age");
    case cache::LifetimeFrom::kExpires:
      return "expires: " + fields.Combined("expires").value_or("") + ", counted from Date";
    case cache::LifetimeFrom::kNegativeTtl: return "negative_ttl of the rule";
    case cache::LifetimeFrom::kDefaultTtl: return "default_ttl of the rule";
    case cache::LifetimeFrom::kHeuristic:
      return "a guess: a tenth of the time since last-modified: " +
             fields.Combined("last-modified").value_or("");
  }
  return "";
}

std::string WhyFence(cache::Fence fence) {
  switch (fence) {
    case cache::Fence::kNone: return "none: this node would have heard of a purge";
    case cache::Fence::kPartition: return "the lease of the purge log has run out";
    case cache::Fence::kStart: return "this process has had no lease of the purge log yet";
    case cache::Fence::kFull: return "no purge log knows this node yet";
  }
  return "";
}

namespace {

// The name of a tag of which only the hash is kept; empty: not among the fields.
std::string TagName(const http::Fields& fields, uint64_t hash) {
  for (const auto& [name, separator] :
       {std::pair("cache-tag", ','), std::pair("surrogate-key", ' '),
        std::pair("cache-groups", ',')}) {
    const std::string text = fields.Combined(name).value_or("");
    std::string_view rest = text;
    while (!rest.empty()) {
      const size_t end = std::min(rest.find_first_of(separator == ' ' ? " ," : ","), rest.size());
      std::string_view tag = http::TrimBlanks(rest.substr(0, end));
      rest.remove_prefix(std::min(end + 1, rest.size()));
      if (tag.size() > 1 && tag.front() == '"') tag = tag.substr(1, tag.rfind('"') - 1);
      if (cache::TagHash(tag) == hash) return std::string(tag);
    }
  }
  return "";
}

}  // namespace

std::string Selector(const cache::Covering& covering, const cache::Key& key,
                     const cache::Entry* entry) {
  switch (covering.kind) {
    case cache::ScopeKind::kAll: return "everything";
    case cache::ScopeKind::kHost: return "host " + std::string(cache::PurgeHost(key.url()));
    case cache::ScopeKind::kPrefix: return "prefix " + covering.prefix + "*";
    case cache::ScopeKind::kUrl: return "url " + std::string(cache::PurgeUrl(key.url()));
    case cache::ScopeKind::kTag: {
      if (entry == nullptr || covering.tag >= entry->head.tags.size()) return "a tag";
      const std::string name = TagName(*entry->head.fields, entry->head.tags[covering.tag]);
      if (!name.empty()) return "tag " + name;
      return entry->head.fields->Has("no-vary-search") ? "another spelling of its query"
                                                       : "a tag of the response";
    }
    case cache::ScopeKind::kUnsafeMethod:
      return "no record: an answered POST, PUT or DELETE to this URL, through this node";
    case cache::ScopeKind::kMissed:
      return "unknown: this node has missed records, or forgotten very old ones; it is validated";
  }
  return "";
}

std::string RecordInWords(cache::Seq record, const std::optional<cache::AppliedRecord>& known) {
  if (record == 0) return "applied before this node's last restarts";
  std::string text = "record " + std::to_string(record) + " of the purge log";
  if (!known) return text;
  text += known->kind == cache::RecordKind::kActivation
              ? ", the activation of release " + known->release
              : "";
  return text + ", applied here " + http::FormatDate(known->at);
}

std::string OneLine(std::string_view variant_text) {
  std::string all;
  while (!variant_text.empty()) {
    const std::string_view line = variant_text.substr(0, variant_text.find('\n'));
    variant_text.remove_prefix(std::min(line.size() + 1, variant_text.size()));
    if (line.empty()) continue;
    const bool there = line.find(':') != line.npos;
    all.append(all.empty() ? "" : "; ").append(there ? "" : "no ").append(line);
  }
  return all.empty() ? "every request" : all;
}

}  // namespace skerry::gateway
