// Step "write": a stored response or an answer in flight becomes what this client
// is sent: conditions (RFC 9110 13), ranges (14), Age, Cache-Status (RFC 9211), Via.
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/cache/entry.h"
#include "core/gateway/body.h"
#include "core/gateway/route.h"
#include "core/http/cache_status.h"
#include "core/http/server/server.h"

namespace skerry::gateway {

// What happened to the request, for Cache-Status, the access log and the metrics.
struct Verdict {
  bool hit = false;
  bool generated = false;                      // neither a hit nor forwarded: we said it ourselves
  http::Forward fwd = http::Forward::kBypass;  // meaningful for what is no hit
  int fwd_status = 0;                          // 0: upstream gave no answer
  bool stored = false;
  bool collapsed = false;
  std::optional<int64_t> ttl;  // seconds of freshness left, negative when stale
  std::string detail;          // a token or words
  std::string_view tier;       // "ram" or "disk", of a hit
};
// "skerry-edge; hit; ttl=42".
std::string CacheStatusOf(std::string_view name, const Verdict& verdict);
// The value of the metric label `cache`: "hit", "stale", "miss", "revalidated", "pass",
// "generated", "error".
std::string_view CacheLabel(const Verdict& verdict);

struct Writing {
  const http::RequestHead& request;
  const cache::StoredHead& head;
  const Route& route;
  std::optional<uint64_t> length = {};  // of the whole body, if it is known
  Seconds age{0};
  bool send_age = true;
  bool ours = true;            // conditions and ranges are ours to answer, not upstream's
  bool in_flight = false;      // the body is still arriving: parts only in its order
  bool unvalidated = false;    // a hit: fields of no-cache="…" are left out
  std::string_view name = {};  // ours, for Via
  std::string cache_status = {};
  std::function<std::unique_ptr<http::BodySource>(BodyPart)> body = {};
};
http::Response Write(const Writing& writing);
// What is the same for all answers from a stored response, at this time.
Writing WritingOf(const http::RequestHead& request, const cache::Entry& entry, const Route& route,
                  WallTime now);

// An answer of our own where there is none: 502, 504, … with Proxy-Status (RFC 9209)
// and a problem+json body that names what went wrong.
http::Response WriteError(int status, const Error& error, std::string_view name,
                          std::string cache_status);

// Where this route sends a request instead of answering it: to https, or by a rule.
// Permanent redirects are kept an hour by browsers unless the rule has a browser_ttl,
// so that a wrong one can be taken back; temporary ones are not kept.
std::optional<http::Response> Redirected(const Route& route, const cache::Target& target,
                                         std::string_view name);

// The status for an upstream's failure: 504 for timeouts, 502 for the rest.
int StatusOf(const Error& error);

}  // namespace skerry::gateway
