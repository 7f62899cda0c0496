// Between tiers: may this tier answer from its cache? What the edge writes into
// Skerry-Purge-Seq, and what the shield makes of it.
//
// A shield that has applied less of the log than the asking edge could hand out
// bytes that the edge would stamp as newer than a purge. It catches up first, or
// bypasses its cache.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "core/cache/entry.h"

namespace skerry::cache {

// How much of which log a node has applied.
struct AppliedAt {
  Seq seq = 0;
  std::string log_id;  // empty: not known
  bool operator==(const AppliedAt&) const = default;
};

// `42;log="5f3a"`: an integer and a parameter (RFC 9651).
std::string ToFieldValue(const AppliedAt& applied);
// Nothing for what ToFieldValue would not write, but for a missing parameter.
std::optional<AppliedAt> ParseAppliedAt(std::string_view value);

enum class Tier : uint8_t {
  kAnswers,   // from the cache, as for anyone
  kBehind,    // wait for records up to the asker's position, or bypass the cache
  kOtherLog,  // positions cannot be compared: bypass the cache
};
std::string_view Name(Tier tier);
Tier CheckTier(const AppliedAt& asker, const AppliedAt& own);

}  // namespace skerry::cache
