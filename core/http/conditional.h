// Conditional requests (RFC 9110 13): what a request's preconditions come to for
// one representation. If-Range is in range.h.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/http/etag.h"
#include "core/http/message.h"

namespace skerry::http {

// What preconditions are compared with.
struct Validators {
  bool exists = true;  // false: there is no current representation
  std::optional<EntityTag> etag;
  std::optional<WallTime> last_modified;
  std::optional<WallTime> date;
  // What If-Modified-Since is compared with where there is no Last-Modified: of a stored
  // response its Date, or when it came (RFC 9111 4.3.2). An origin has no such thing.
  std::optional<WallTime> not_modified_since = std::nullopt;
  // An ETag that is none: without quotes, as "w/", and the like. Whoever sends back the
  // same bytes in If-None-Match has what came with them; for nothing else it counts.
  std::optional<std::string> malformed_etag = std::nullopt;
};

// Of a response's ETag, Last-Modified and Date; invalid ones count as absent.
Validators ValidatorsOf(const Fields& response, WallTime now);

// The same as far as `request` needs it, in Evaluate or in If-Range: without the dates
// where it compares none (a date costs more to read than all else of a 304).
Validators ValidatorsFor(const Fields& request, const Fields& response, WallTime now);

// Has it a precondition, a range, or If-Range?
bool AsksOnCondition(const Fields& request);

enum class Condition : uint8_t {
  kProceed,             // answer as if nothing had been asked
  kNotModified,         // 304
  kPreconditionFailed,  // 412
};
std::string_view Name(Condition condition);

// In the order of RFC 9110 13.2.2: If-Match, else If-Unmodified-Since; then
// If-None-Match, else (GET and HEAD) If-Modified-Since. Dates that are invalid, on
// several lines or without a date to compare with are ignored; a list without a
// single valid tag matches nothing but the same malformed ETag. `now` is for RFC 850 dates.
//
// If-Match and If-Unmodified-Since are an origin's to evaluate (RFC 9111 4.3.2): a
// cache that is none removes them first or forwards the request.
Condition Evaluate(std::string_view method, const Fields& request, const Validators& current,
                   WallTime now);

}  // namespace skerry::http
