// Normalising is final: what came out goes in unchanged; splitting a query loses nothing.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/result.h"
#include "core/http/url.h"

using namespace skerry::http;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  if (const auto url = ParseUrl(text)) {
    const auto again = ParseUrl(url->ToString());
    SKERRY_CHECK(again && *again == *url);
  }
  if (const auto target = ParseTarget(text)) {
    const auto again = ParseTarget(target->ToString());
    SKERRY_CHECK(again && *again == *target);
  }
  if (IsNormalTarget(text)) SKERRY_CHECK(ParseTarget(text)->ToString() == text);
  static const Url kBase = *ParseUrl("https://example.com/a/b?c");
  if (const auto url = Resolve(kBase, text)) SKERRY_CHECK(ParseUrl(url->ToString()));
  SKERRY_CHECK(JoinQuery(SplitQuery(text)) == text);
  return 0;
}
