// The strict look at the head of an HTTP/1.1 message, before the parser sees it.
//
// Parsers differ in what they forgive, and requests are smuggled through the
// difference. So a head passes only if every reader must read it the same way:
// lines end with CRLF (RFC 9112 2.2 allows more), no line is folded (5.2), names
// are tokens with the colon directly behind (5.1), and no control byte but HTAB
// stands anywhere. Requests and responses alike. Thread and owner: one connection.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string_view>

namespace skerry::http {

// Why a message was refused. Name() is the word in logs and problem details.
enum class H1Flaw : uint8_t {
  kNone,
  kLineEnding,      // CR or LF alone
  kControl,         // NUL or another control byte
  kFolded,          // a line that continues the one before
  kFieldName,       // not a token, or blanks before the colon
  kStartLine,       // not "METHOD target HTTP/1.x", or "HTTP/1.x status reason"
  kHeadTooLong,     // more bytes than the limit
  kTargetTooLong,   // the request line alone passes its limit
  kTooManyFields,   // more lines than the limit
  kVersion,         // neither HTTP/1.0 nor HTTP/1.1
  kFraming,         // Content-Length and Transfer-Encoding contradict each other or themselves
  kTransferCoding,  // a transfer coding other than chunked
  kChunk,           // a broken chunk, or trailers that do not end
};
std::string_view Name(H1Flaw flaw);

struct H1Limits {
  size_t head_bytes = 32 * 1024;  // fields, without the start line
  size_t field_count = 100;
  size_t target_bytes = 16 * 1024;  // the start line
};

class H1HeadCheck {
 public:
  enum class Progress : uint8_t { kIncomplete, kComplete, kFlawed };

  explicit H1HeadCheck(H1Limits limits) : limits_(limits) {}

  // `bytes` begin with the start line; each call shows the same bytes and more.
  // What was seen before is not looked at again.
  Progress Look(std::string_view bytes);
  // After kComplete: the length with the empty line that ends it.
  size_t size() const { return seen_; }
  // After kFlawed.
  H1Flaw flaw() const { return flaw_; }

 private:
  Progress Flawed(H1Flaw flaw);
  // False when the line is flawed.
  bool CheckField(std::string_view line);

  H1Limits limits_;
  size_t seen_ = 0;         // whole lines
  size_t lines_ = 0;        // of them
  size_t start_bytes_ = 0;  // of the start line
  H1Flaw flaw_ = H1Flaw::kNone;
};

}  // namespace skerry::http
