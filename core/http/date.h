// Dates in fields (RFC 9110 5.6.7).
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.h"

namespace skerry::http {

// IMF-fixdate, RFC 850 and asctime, letters in any case; nothing for anything
// else: other zones, two-digit years in a fixdate, a missing comma, doubled
// spaces, days that a month does not have, several dates joined by commas. The
// day's name must be one, but is not compared with the date. Second 60 is the
// next minute.
//
// `now` decides the century of RFC 850 dates: what would be more than 50 years
// ahead lies in the past.
std::optional<WallTime> ParseDate(std::string_view text, WallTime now);

// IMF-fixdate, parts of a second cut off: "Sun, 06 Nov 1994 08:49:37 GMT". Times
// outside of the years 0 to 9999 become the nearest one inside.
std::string FormatDate(WallTime time);

}  // namespace skerry::http
