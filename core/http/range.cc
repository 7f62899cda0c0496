#include "core/http/range.h"

#include <algorithm>
#include <limits>

#include "core/http/date.h"

namespace skerry::http {
namespace {

constexpr uint64_t kMost = std::numeric_limits<uint64_t>::max();

// 1*DIGIT, saturating.
std::optional<uint64_t> ParseNumber(std::string_view text) {
  if (text.empty()) return std::nullopt;
  uint64_t value = 0;
  for (char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    const uint64_t digit = static_cast<uint64_t>(c - '0');
    value = value > (kMost - digit) / 10 ? kMost : value * 10 + digit;
  }
  return value;
}

std::optional<RangeSpec> ParseSpec(std::string_view text) {
  const size_t dash = text.find('-');
  if (dash == std::string_view::npos) return std::nullopt;
  RangeSpec spec{ParseNumber(text.substr(0, dash)), ParseNumber(text.substr(dash + 1))};
  const bool first_missing = dash == 0;
  const bool last_missing = dash + 1 == text.size();
  if (first_missing && last_missing) return std::nullopt;
  if (!first_missing && !spec.first) return std::nullopt;
  if (!last_missing && !spec.last) return std::nullopt;
  if (spec.first && spec.last && *spec.last < *spec.first) return std::nullopt;
  return spec;
}

std::optional<ByteRange> Resolve(const RangeSpec& spec, uint64_t size) {
  if (size == 0) return std::nullopt;
  if (!spec.first) {
    if (*spec.last == 0) return std::nullopt;
    return ByteRange{size - std::min(size, *spec.last), size - 1};
  }
  if (*spec.first >= size) return std::nullopt;
  return ByteRange{*spec.first, std::min(spec.last.value_or(kMost), size - 1)};
}

size_t CountOverlapping(std::vector<ByteRange> ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const ByteRange& a, const ByteRange& b) { return a.first < b.first; });
  size_t overlapping = 0;
  uint64_t reached = 0;
  for (size_t i = 0; i < ranges.size(); ++i) {
    if (i > 0 && ranges[i].first <= reached) ++overlapping;
    reached = std::max(reached, ranges[i].last);
  }
  return overlapping;
}

// "first-last", both there.
std::optional<ByteRange> ParsePositions(std::string_view text) {
  const std::optional<RangeSpec> spec = ParseSpec(text);
  if (!spec || !spec->first || !spec->last || *spec->last == kMost) return std::nullopt;
  return ByteRange{*spec->first, *spec->last};
}

}  // namespace

std::optional<std::vector<RangeSpec>> ParseRange(std::string_view text) {
  const size_t equals = text.find('=');
  if (equals == std::string_view::npos || !EqualsIgnoreCase(text.substr(0, equals), "bytes")) {
    return std::nullopt;
  }
  std::vector<RangeSpec> specs;
  std::string_view rest = text.substr(equals + 1);
  while (!rest.empty()) {
    const size_t comma = std::min(rest.find(','), rest.size());
    const std::string_view member = TrimBlanks(rest.substr(0, comma));
    rest.remove_prefix(std::min(comma + 1, rest.size()));
    if (member.empty()) continue;
    const std::optional<RangeSpec> spec = ParseSpec(member);
    if (!spec) return std::nullopt;
    specs.push_back(*spec);
  }
  if (specs.empty()) return std::nullopt;
  return specs;
}

std::string_view Name(RangeChoice choice) {
  switch (choice) {
    case RangeChoice::kWhole: return "whole";
    case RangeChoice::kPartial: return "partial";
    case RangeChoice::kUnsatisfiable: return "unsatisfiable";
  }
  return "";
}

SelectedRanges SelectRanges(std::string_view text, uint64_t size, size_t most) {
  const std::optional<std::vector<RangeSpec>> specs = ParseRange(text);
  if (!specs || specs->size() > most) return {};
  SelectedRanges selected;
  for (const RangeSpec& spec : *specs) {
    // The last bytes of an empty body are all of it, and 206 cannot say so.
    if (size == 0 && !spec.first && *spec.last > 0) return {};
    if (const std::optional<ByteRange> range = Resolve(spec, size)) {
      selected.ranges.push_back(*range);
    }
  }
  if (CountOverlapping(selected.ranges) > 2) return {};
  selected.choice = selected.ranges.empty() ? RangeChoice::kUnsatisfiable : RangeChoice::kPartial;
  return selected;
}

std::vector<ByteRange> Coalesce(std::vector<ByteRange> ranges, uint64_t gap) {
  // One that has grown may reach others, so from the beginning again.
  for (size_t i = 0; i < ranges.size(); ++i) {
    for (size_t j = i + 1; j < ranges.size(); ++j) {
      ByteRange& a = ranges[i];
      const ByteRange b = ranges[j];
      const ByteRange& low = a.first <= b.first ? a : b;
      const ByteRange& high = a.first <= b.first ? b : a;
      if (high.first > low.last && high.first - low.last - 1 > gap) continue;
      a = {std::min(a.first, b.first), std::max(a.last, b.last)};
      ranges.erase(ranges.begin() + static_cast<std::ptrdiff_t>(j));
      j = i;
    }
  }
  return ranges;
}

std::string ContentRange::ToString() const {
  std::string text = "bytes ";
  text += range ? std::to_string(range->first) + '-' + std::to_string(range->last) : "*";
  text += '/';
  text += size ? std::to_string(*size) : "*";
  return text;
}

std::optional<ContentRange> ParseContentRange(std::string_view text) {
  if (!EqualsIgnoreCase(text.substr(0, 6), "bytes ")) return std::nullopt;
  text.remove_prefix(6);
  const size_t slash = text.find('/');
  if (slash == std::string_view::npos) return std::nullopt;
  const std::string_view positions = text.substr(0, slash);
  const std::string_view whole = text.substr(slash + 1);
  ContentRange content;
  if (whole != "*") {
    content.size = ParseNumber(whole);
    if (!content.size || *content.size == kMost) return std::nullopt;
  }
  if (positions == "*") {
    if (!content.size) return std::nullopt;
    return content;
  }
  content.range = ParsePositions(positions);
  if (!content.range) return std::nullopt;
  if (content.size && content.range->last >= *content.size) return std::nullopt;
  return content;
}

bool IfRangeHolds(std::string_view if_range, const Validators& current, WallTime now) {
  if (!current.exists) return false;
  if (const std::optional<EntityTag> tag = ParseEntityTag(if_range)) {
    return current.etag && StrongMatch(*tag, *current.etag);
  }
  const std::optional<WallTime> date = ParseDate(if_range, now);
  return date && current.last_modified && current.date && *date == *current.last_modified &&
         *current.last_modified + Seconds(1) <= *current.date;
}

}  // namespace skerry::http
