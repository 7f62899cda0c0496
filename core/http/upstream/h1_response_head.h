// The head of an HTTP/1.1 response, read as a whole: its fields, and what they say about
// the body's framing and the connection (RFC 9112 4 to 6, 9).
//
// Strict: one blank behind the version, tokens for names with the colon directly behind,
// no line that continues another, no control byte but HTAB. One reading, no allocation
// beside the fields: a miss reads one head, and Beast took 12,000 instructions for it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/http/message.h"

namespace skerry::http {

struct H1ResponseHead {
  ResponseHead head;  // names in lower case; without Keep-Alive, and Connection where
                      // it says no more than "close" or "keep-alive"
  bool http11 = false;
  bool close = false;               // Connection (or Proxy-Connection) says so
  std::optional<uint64_t> length;   // of one or several equal Content-Lengths
  std::string coding;               // all of Transfer-Encoding, lower case
  bool has_coding = false;          // there is one
  std::optional<Seconds> kept_for;  // Keep-Alive: timeout
};

// `text` ends with the empty line; every line ends in CRLF. kInvalid, or kLimit for more
// than `field_count` fields; of the upstream's side.
Result<H1ResponseHead> ReadH1ResponseHead(std::string_view text, size_t field_count);

}  // namespace skerry::http
