// One member of Cache-Status (RFC 9211): what this cache did with a request.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.h"

namespace skerry::http {

// Why a request was forwarded (RFC 9211 2.2).
enum class Forward : uint8_t {
  kBypass,
  kMethod,
  kUriMiss,
  kVaryMiss,
  kMiss,
  kRequest,
  kStale,
  kPartial,
};
std::string_view Name(Forward forward);  // "uri-miss", as in the field

struct CacheStatus {
  std::string cache = {};               // "skerry-edge"
  std::optional<Forward> forward = {};  // nothing: a hit, or generated
  bool generated = false;               // answered by this cache without anything stored
  std::optional<int> forward_status = {};
  std::optional<Seconds> ttl = {};  // freshness left; negative when stale
  bool stored = false;
  bool collapsed = false;
  std::string key = {};     // empty: not said
  std::string detail = {};  // a word, or text; empty: not said

  // "skerry-edge; hit; ttl=30", "skerry-edge; fwd=stale; fwd-status=304; detail=fenced".
  // Bytes of key and detail that no structured field can hold become "?".
  std::string ToString() const;
};

}  // namespace skerry::http
