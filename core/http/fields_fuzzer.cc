// Every parser of a field value, on the same bytes.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/http/accept.h"
#include "core/http/age.h"
#include "core/http/cache_control.h"
#include "core/http/cache_status.h"
#include "core/http/conditional.h"
#include "core/http/date.h"
#include "core/http/etag.h"
#include "core/http/priority.h"
#include "core/http/problem.h"
#include "core/http/range.h"
#include "core/http/structured.h"
#include "core/http/vary.h"

namespace {

using namespace skerry;
using namespace skerry::http;

constexpr WallTime kNow = WallTime(Seconds(1'700'000'000));

void Dates(std::string_view text) {
  if (const auto date = ParseDate(text, kNow)) {
    SKERRY_CHECK(ParseDate(FormatDate(*date), kNow) == date);
  }
}

void Tags(std::string_view text) {
  if (const auto tag = ParseEntityTag(text)) SKERRY_CHECK(tag->ToString() == text);
  for (const EntityTag& tag : ParseEntityTagList(text).tags) {
    SKERRY_CHECK(ParseEntityTag(tag.ToString()) == tag);
  }
}

void Ranges(std::string_view text) {
  for (uint64_t size : {uint64_t{0}, uint64_t{1}, uint64_t{1000}, ~uint64_t{0}}) {
    const SelectedRanges selected = SelectRanges(text, size);
    SKERRY_CHECK(selected.ranges.size() <= 16);
    for (const ByteRange& range : selected.ranges) {
      SKERRY_CHECK(range.first <= range.last && range.last < size);
    }
  }
  if (const auto content = ParseContentRange(text)) {
    SKERRY_CHECK(ParseContentRange(content->ToString()) == content);
  }
}

void Requests(const std::string& text) {
  Fields request;
  for (const char* name : {"accept", "accept-encoding", "accept-language", "age", "vary",
                           "cache-control", "if-match", "if-none-match", "if-modified-since"}) {
    request.Add(name, text);
  }
  ParseAcceptEncoding(request);
  AcceptedImageFormats(request);
  const auto languages = ParseAcceptLanguage(request);
  const Fields again{{"accept-language", FormatLanguages(languages)}};
  SKERRY_CHECK(ParseAcceptLanguage(again) == languages);
  ParseAge(request);
  ParseVary(request);
  ParseCacheControl(request);
  ParseRequestCacheControl(request);
  const Validators validators = ValidatorsOf({{"etag", text}, {"last-modified", text}}, kNow);
  Evaluate("GET", request, validators, kNow);
  IfRangeHolds(text, validators, kNow);
  RemoveHopByHop(request);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  Dates(text);
  Tags(text);
  Ranges(text);
  Requests(text);
  ParsePriority(text);
  (void)ParseTargetedCacheControl(text);
  const CacheStatus status{.cache = text, .key = text, .detail = text};
  SKERRY_CHECK(structured::ParseList(status.ToString()));
  SKERRY_CHECK(!Problem{.detail = text}.ToJson().empty());
  return 0;
}
