// What parses can be written, and what was written parses to the same value.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "core/base/result.h"
#include "core/http/structured.h"

namespace {

using namespace skerry::http::structured;

template <class Parse>
void RoundTrip(std::string_view text, Parse parse) {
  const auto value = parse(text);
  if (!value) return;
  const auto written = Serialize(*value);
  SKERRY_CHECK(written);
  const auto again = parse(*written);
  SKERRY_CHECK(again && *again == *value);
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  RoundTrip(text, ParseItem);
  RoundTrip(text, ParseList);
  RoundTrip(text, ParseDictionary);
  return 0;
}
