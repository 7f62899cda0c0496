// Any text is either read or refused with a problem that has a place.
#include <cstdint>
#include <string_view>

#include "core/config/reader.h"
#include "core/config/sample_table.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace skerry::config;
  Problems problems;
  const SampleOptions options =
      ReadToml(std::string_view(reinterpret_cast<const char*>(data), size), "fuzz.toml",
               SampleTable(), problems);
  for (const Problem& problem : problems.list()) SKERRY_CHECK(problem.place.line > 0);
  if (!problems.empty()) return 0;
  // What was accepted is within its range.
  SKERRY_CHECK(options.streams >= 1 && options.streams <= 1000);
  SKERRY_CHECK(options.ram_cache >= (16u << 20));
  return 0;
}
