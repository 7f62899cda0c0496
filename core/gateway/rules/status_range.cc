#include "core/gateway/rules/status_range.h"

#include <algorithm>

namespace skerry::gateway {
namespace {

// Three digits; 0 for anything else.
int Number(std::string_view text) {
  const bool digits = text.size() == 3 && std::all_of(text.begin(), text.end(),
                                                      [](char c) { return c >= '0' && c <= '9'; });
  return digits ? (text[0] - '0') * 100 + (text[1] - '0') * 10 + (text[2] - '0') : 0;
}

}  // namespace

Result<StatusRange> StatusRange::Parse(std::string_view text) {
  StatusRange range;
  if (text.size() == 3 && text.substr(1) == "xx") {
    range = {(text[0] - '0') * 100, (text[0] - '0') * 100 + 99};
  } else if (text.size() == 7 && text[3] == '-') {
    range = {Number(text.substr(0, 3)), Number(text.substr(4))};
  } else {
    range = {Number(text), Number(text)};
  }
  if (range.first < 300 || range.last > 599 || range.last < range.first) {
    return Fail(Code::kInvalid, Side::kConfig,
                "expected a status from 300 to 599 (404, 5xx, 500-503), found \"" +
                    std::string(text) + "\"");
  }
  return range;
}

std::string StatusRange::ToString() const {
  if (first == last) return std::to_string(first);
  if (first % 100 == 0 && last == first + 99) return std::to_string(first / 100) + "xx";
  return std::to_string(first) + "-" + std::to_string(last);
}

}  // namespace skerry::gateway
