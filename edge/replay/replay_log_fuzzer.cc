// Lines of an access log: whatever they hold, every line is either usable or counted,
// and what is usable refers to texts that are there.
#include <cstddef>
#include <cstdint>
#include <sstream>
#include <string>

#include "core/base/result.h"
#include "edge/replay/replay_log.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace skerry;
  std::istringstream from(std::string(reinterpret_cast<const char*>(data), size));
  const edge::ReplayLog log = edge::ReadReplayLog(from, "assumed.example", [](uint64_t) {});
  SKERRY_CHECK(log.problems.size() <= edge::ReplayLog::kShownProblems);
  SKERRY_CHECK(log.problems.size() <= log.bad_lines);
  for (size_t i = 0; i < log.lines.size(); ++i) {
    const edge::LogLine& line = log.lines[i];
    SKERRY_CHECK(line.url > 0 && line.url < log.urls.size());
    SKERRY_CHECK(line.request > 0 && line.request < log.requests.size());
    SKERRY_CHECK(line.answer < log.answers.size());
    SKERRY_CHECK(i == 0 || log.lines[i - 1].begun <= line.begun);
    SKERRY_CHECK(log.urls[line.url].path.starts_with('/'));
  }
  return 0;
}
