// An access log as a dry run needs it: who asked for what and when, and what the origin
// said. Ours (JSON lines, docs/operations.md), or the combined format of nginx, which
// knows much less. Every text is kept once; a line takes 64 bytes and its share of them.
#pragma once

#include <cstdint>
#include <functional>
#include <istream>
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/http/message.h"

namespace skerry::edge {

// Several lines that say the same have the same number; 0 is what none has said.
struct LogLine {
  enum class Served : uint8_t { kHit, kStale, kForwarded, kOther };
  enum class Purged : uint8_t { kNo, kSoft, kHard };

  WallTime begun;
  Millis took{0};
  uint32_t url = 0;
  uint32_t request = 0;  // method and fields
  uint32_t peer = 0;     // the client's address
  uint32_t answer = 0;   // of the origin
  uint64_t size = 0;     // of the whole body of that
  uint64_t bytes = 0;    // sent to the client
  Served served = Served::kOther;
  Purged purged = Purged::kNo;  // what the node found out when it was asked
  bool collapsed = false;
  bool origin_failed = false;  // no answer, or a 5xx
};

struct LogUrl {
  std::string scheme;
  std::string authority;
  std::string path;  // with the query

  std::string ToString() const { return scheme + "://" + authority + path; }
};

struct ReplayLog {
  struct Request {
    std::string method;
    http::Fields fields;
  };
  struct Problem {
    uint64_t line = 0;
    std::string what;
  };
  static constexpr size_t kShownProblems = 5;

  std::vector<LogLine> lines;  // in the order in which they began
  std::vector<LogUrl> urls;
  std::vector<Request> requests;
  std::vector<std::string> peers;
  std::vector<http::ResponseHead> answers;  // [0]: nothing is known
  uint64_t bad_lines = 0;
  std::vector<Problem> problems;  // the first few of them
  uint64_t dropped = 0;           // lines that the node could not write
  uint64_t combined = 0;          // lines in the combined format
  uint64_t without_answer = 0;    // whose answer's fields the log does not say
  uint64_t without_size = 0;
};

// Reads to the end. `assumed_host`: for lines in the combined format, which names none.
// `progress` is called now and then with the bytes read.
ReplayLog ReadReplayLog(std::istream& from, const std::string& assumed_host,
                        const std::function<void(uint64_t)>& progress);

}  // namespace skerry::edge
