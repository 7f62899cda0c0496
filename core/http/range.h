// Ranges of bytes (RFC 9110 14).
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/conditional.h"

namespace skerry::http {

// One member of Range: "5-9" has both, "5-" only `first`; "-3" is a suffix, and
// `last` is its length. Numbers too large for 64 bits saturate.
struct RangeSpec {
  std::optional<uint64_t> first;
  std::optional<uint64_t> last;
  bool operator==(const RangeSpec&) const = default;
};

// Nothing if the field is invalid or of another unit, and so is to be ignored:
// other units, no member, last before first, signs, blanks inside a member.
std::optional<std::vector<RangeSpec>> ParseRange(std::string_view text);

// Positions, both included. REQUIRES: first <= last.
struct ByteRange {
  uint64_t first = 0;
  uint64_t last = 0;
  uint64_t size() const { return last - first + 1; }
  bool operator==(const ByteRange&) const = default;
};

enum class RangeChoice : uint8_t {
  kWhole,          // 200: no range, an invalid one, or more than we serve in parts
  kPartial,        // 206
  kUnsatisfiable,  // 416
};
std::string_view Name(RangeChoice choice);

struct SelectedRanges {
  RangeChoice choice = RangeChoice::kWhole;
  std::vector<ByteRange> ranges;  // in the order asked for, unsatisfiable ones left out
};

// What a Range field selects of a body of `size` bytes. More than `most` ranges, or
// more than two that overlap, give the whole (RFC 9110 14.2).
SelectedRanges SelectRanges(std::string_view text, uint64_t size, size_t most = 16);

// Ranges that overlap, or are not more than `gap` bytes apart, become one, which stands
// where the first of them stood (RFC 9110 15.3.7.2). REQUIRES: few of them.
std::vector<ByteRange> Coalesce(std::vector<ByteRange> ranges, uint64_t gap);

// "bytes 0-4/10", "bytes 0-4/*", "bytes */10".
struct ContentRange {
  std::optional<ByteRange> range;  // nothing: unsatisfied
  std::optional<uint64_t> size;    // of the whole; nothing: unknown
  bool operator==(const ContentRange&) const = default;

  std::string ToString() const;
};

// Nothing if invalid (RFC 9110 14.4): last before first, not inside the size, both
// unknown, numbers beyond 64 bits.
std::optional<ContentRange> ParseContentRange(std::string_view text);

// Whether the Range beside this If-Range may be used: a strong tag that is equal, or
// exactly the Last-Modified date, if that is a strong validator (at least a second
// before Date, RFC 9110 8.8.2.2). False means: send the whole.
bool IfRangeHolds(std::string_view if_range, const Validators& current, WallTime now);

}  // namespace skerry::http
