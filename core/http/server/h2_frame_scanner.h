// Reads the frame headers of an HTTP/2 connection as the bytes go by, before
// nghttp2 sees them, which reports neither unknown frames nor those it ignores.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace skerry::http {

// RFC 9113 4.1.
struct H2FrameHeader {
  uint32_t length = 0;
  uint8_t type = 0;
  uint8_t flags = 0;
  uint32_t stream = 0;
  // Of a padded DATA frame: its bytes are nothing but padding.
  bool only_padding = false;
};

// Thread and owner: one connection.
class H2FrameScanner {
 public:
  // The next frame whose header is complete in `*bytes`, which is cut off behind
  // what was read; nothing when all of it was read.
  std::optional<H2FrameHeader> Next(std::string_view* bytes);

 private:
  static constexpr size_t kPrefaceBytes = 24;
  static constexpr size_t kHeaderBytes = 9;

  size_t skip_ = kPrefaceBytes;  // of the preface, or of a payload
  size_t have_ = 0;              // of the header
  // One more than a header: the padding length of DATA follows it.
  std::array<uint8_t, kHeaderBytes + 1> header_{};
};

// Which streams the client has skipped. A number that it skipped is closed for
// good (RFC 9113 5.1.1): using it later is a connection error, while HEADERS on a
// number that was in use may be trailers that crossed our reset.
class H2StreamLedger {
 public:
  enum class Verdict : uint8_t {
    kNew,
    kSeen,     // open or closed, but in its time rightly opened
    kSkipped,  // a connection error
  };
  // HEADERS came for the stream, an odd number.
  Verdict Headers(uint32_t stream);

 private:
  // Beyond this the oldest gap is forgotten: nghttp2 then ignores its streams.
  static constexpr size_t kGapsKept = 64;
  uint32_t last_ = 0;
  std::vector<std::pair<uint32_t, uint32_t>> gaps_;  // first and last, in order
};

}  // namespace skerry::http
