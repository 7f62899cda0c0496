// A request and a response, each as lines "name: value", a blank line between them: what
// preconditions, If-Range and Range come to. Only safe methods are told "not modified",
// ranges lie in the body, and what cannot be read asks for nothing.
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/http/conditional.h"
#include "core/http/range.h"

namespace {

using namespace skerry;
using namespace skerry::http;

constexpr WallTime kNow = WallTime(Seconds(1'700'000'000));

Fields TakeFields(std::string_view& text) {
  Fields fields;
  while (!text.empty()) {
    const std::string_view line = text.substr(0, text.find('\n'));
    text.remove_prefix(std::min(line.size() + 1, text.size()));
    if (line.empty()) break;
    const size_t colon = std::min(line.find(':'), line.size());
    const std::string name = AsciiLower(line.substr(0, colon));
    const std::string_view value = TrimBlanks(line.substr(std::min(colon + 1, line.size())));
    if (IsToken(name) && IsFieldValue(value)) fields.Add(name, value);
  }
  return fields;
}

void CheckConditions(const Fields& request, const Validators& current) {
  const Condition get = Evaluate("GET", request, current, kNow);
  SKERRY_CHECK(Evaluate("HEAD", request, current, kNow) == get);
  for (const char* method : {"PUT", "POST", "DELETE", "PATCH"}) {
    SKERRY_CHECK(Evaluate(method, request, current, kNow) != Condition::kNotModified);
  }
  const bool asks = request.Has("if-match") || request.Has("if-none-match") ||
                    request.Has("if-modified-since") || request.Has("if-unmodified-since");
  if (!asks) SKERRY_CHECK(get == Condition::kProceed);
  if (!current.etag || !current.exists) return;
  const Fields same{{"if-none-match", current.etag->ToString()}};
  SKERRY_CHECK(Evaluate("GET", same, current, kNow) == Condition::kNotModified);
  SKERRY_CHECK(Evaluate("PUT", same, current, kNow) == Condition::kPreconditionFailed);
}

void CheckRanges(std::string_view text) {
  const auto specs = ParseRange(text);
  for (const uint64_t size : {uint64_t{0}, uint64_t{1}, uint64_t{1000}, uint64_t{1} << 62}) {
    for (const size_t most : {1, 16}) {
      const SelectedRanges selected = SelectRanges(text, size, most);
      if (!specs) SKERRY_CHECK(selected.choice == RangeChoice::kWhole);
      SKERRY_CHECK((selected.choice == RangeChoice::kPartial) == !selected.ranges.empty());
      SKERRY_CHECK(selected.ranges.size() <= most);
      for (const ByteRange& range : selected.ranges) {
        SKERRY_CHECK(range.first <= range.last && range.last < size);
        const ContentRange content{range, size};
        SKERRY_CHECK(ParseContentRange(content.ToString()) == content);
      }
    }
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::string_view text(reinterpret_cast<const char*>(data), size);
  const Fields request = TakeFields(text);
  const Fields response = TakeFields(text);
  Validators current = ValidatorsOf(response, kNow);
  CheckConditions(request, current);
  if (const auto if_range = request.Find("if-range")) {
    const bool holds = IfRangeHolds(*if_range, current, kNow);
    if (if_range->starts_with("W/")) SKERRY_CHECK(!holds);
    if (!current.etag && !current.last_modified) SKERRY_CHECK(!holds);
  }
  for (const Field& field : request) {
    if (field.name == "range") CheckRanges(field.value);
  }
  current.exists = false;
  CheckConditions(request, current);
  return 0;
}
