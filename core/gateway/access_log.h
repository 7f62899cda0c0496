// The access log: a JSON object a line, written behind the requests.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/http/message.h"

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
  std::string_view rule = {};     // its name; empty: none was found
  std::string_view place = {};    // where it is written, "edge.toml:12"; empty: nowhere

  // For the dry run, which lets a request happen again under other rules. Not known:
  // null, 0, empty.
  const http::Fields* answer = nullptr;  // as stored, or as upstream sent it
  int answer_status = 0;                 // of the same: 200 where the client got 206 or 304
  std::optional<uint64_t> size = {};     // of its whole body
  std::string_view variant = {};         // the request's values of its Vary (VariantText)
  std::string_view range = {};           // the request's Range
  bool authorized = false;               // it carried Authorization
  bool personal = false;                 // it carried more that no shared fetch forwards
};

// What the lines of the same answer to the same request have in common, formatted once.
class AccessLine {
 public:
  // What each line has of its own; the members of AccessRecord.
  struct Own {
    WallTime time;
    std::string_view peer;
    std::string_view protocol;
    uint64_t bytes = 0;
    double milliseconds = 0;
    bool complete = true;
  };
  // Of all other members.
  explicit AccessLine(const AccessRecord& same);

 private:
  friend class AccessLog;
  std::string text_;
  size_t bytes_at_ = 0;  // what is its own goes in there
  size_t complete_at_ = 0;
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
  // The same line, without formatting all of it again.
  void Write(const AccessLine& same, const AccessLine::Own& own);
  // Opens the file anew, for log rotation.
  Status Reopen();

 private:
  struct State;
  // Puts a line without its end behind the others.
  void Gather(std::string_view line);
  explicit AccessLog(std::unique_ptr<State> state);
  std::unique_ptr<State> state_;
};

// The line of a record, with its final newline. No secret is in it: of Set-Cookie only
// that it was there, and values of Vary that may tell people apart as a hash.
std::string ToJsonLine(const AccessRecord& record, uint64_t dropped);

}  // namespace skerry::gateway
