// Cache-Control of responses and requests, and targeted fields. Lines are one list, letter
// case means nothing, deltas stay in their bounds, and what forbids cannot be talked away
// by what stands before it.
#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/http/age.h"
#include "core/http/cache_control.h"

namespace {

using namespace skerry;
using namespace skerry::http;

std::string Upper(std::string_view text) {
  std::string upper(text);
  std::transform(upper.begin(), upper.end(), upper.begin(),
                 [](unsigned char c) { return static_cast<char>(std::toupper(c)); });
  return upper;
}

void CheckDelta(const std::optional<Seconds>& delta) {
  if (delta) SKERRY_CHECK(*delta >= Seconds(0) && *delta <= kMaxDelta);
}

CacheControl Known(CacheControl control) {
  for (const auto& delta : {control.max_age, control.s_maxage, control.stale_while_revalidate,
                            control.stale_if_error}) {
    CheckDelta(delta);
  }
  control.unknown.clear();
  return control;
}

RequestCacheControl Checked(const RequestCacheControl& control) {
  for (const auto& delta : {control.max_age, control.max_stale, control.min_fresh}) {
    CheckDelta(delta);
  }
  return control;
}

// Whether a string that is not closed could swallow what follows.
bool Quotes(std::string_view text) { return text.find('"') != std::string_view::npos; }

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string text(reinterpret_cast<const char*>(data), size);
  const CacheControl response = Known(ParseCacheControl(text));
  const RequestCacheControl request = Checked(ParseRequestCacheControl(text));
  SKERRY_CHECK(Known(ParseCacheControl(Upper(text))) == response);
  SKERRY_CHECK(Checked(ParseRequestCacheControl(Upper(text))) == request);
  if (const auto targeted = ParseTargetedCacheControl(text)) Known(*targeted);

  const std::string front = text.substr(0, size / 2);
  const std::string back = text.substr(size / 2);
  const Fields lines{{"cache-control", front}, {"cache-control", back}};
  SKERRY_CHECK(ParseCacheControl(lines) == ParseCacheControl(front + ", " + back));
  SKERRY_CHECK(ParseRequestCacheControl(lines) == ParseRequestCacheControl(front + ", " + back));

  if (Quotes(text)) return 0;
  const CacheControl stricter =
      ParseCacheControl(text + ", no-store, private, no-cache, max-age=0, must-revalidate");
  SKERRY_CHECK(stricter.no_store && stricter.is_private.whole() && stricter.no_cache.whole());
  SKERRY_CHECK(stricter.must_revalidate && stricter.max_age == Seconds(0));
  const RequestCacheControl wary = ParseRequestCacheControl(text + ", no-cache, max-age=0");
  SKERRY_CHECK(wary.no_cache && wary.max_age == Seconds(0));
  return 0;
}
