// The access log: a JSON object a line, written behind the requests.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/result.h"

namespace skerry::gateway {

// One answered (or broken-off) request. docs/operations.md lists the members.
struct AccessRecord {
  WallTime time;
  std::string_view method;
  std::string_view scheme;
  std::string_view authority;
  std::string_view path;
  std::string_view protocol;
  std::string peer;
  std::string_view site;
  int status = 0;
  uint64_t bytes = 0;
  double milliseconds = 0;
  std::string_view cache_status;  // our member of Cache-Status
  std::string_view step;          // where the request was when it ended
  bool complete = true;           // false: the client left, or the body broke
};

// Lines are gathered in memory and written by a thread of its own, at the latest
// after a second. If the disk cannot keep up, lines are dropped and counted in the
// next one ("dropped":N): the log never blocks a worker. Thread: any.
class AccessLog {
 public:
  // Appends to the file, made with mode 0640. The error names the file.
  static Result<std::unique_ptr<AccessLog>> Open(const std::string& file);
  ~AccessLog();  // writes what is gathered

  void Write(const AccessRecord& record);
  // Opens the file anew, for log rotation.
  Status Reopen();

 private:
  struct State;
  explicit AccessLog(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The line of a record, with its final newline.
std::string ToJsonLine(const AccessRecord& record, uint64_t dropped);

}  // namespace skerry::gateway
