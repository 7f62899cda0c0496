// Delta-seconds and the Age field (RFC 9111 1.2.2, 5.1).
#pragma once

#include <optional>
#include <string_view>

#include "core/base/clock.h"
#include "core/http/message.h"

namespace skerry::http {

// What every larger number of seconds becomes (RFC 9111 1.2.2).
inline constexpr Seconds kMaxDelta{int64_t{1} << 31};

// Digits only, leading zeros allowed; kMaxDelta at most.
std::optional<Seconds> ParseDeltaSeconds(std::string_view text);

// The first member of the first Age line. Nothing if that is no number of seconds:
// negative, a fraction, or with parameters; then Age counts as absent.
std::optional<Seconds> ParseAge(const Fields& fields);

}  // namespace skerry::http
