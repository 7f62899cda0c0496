#include "core/http/server/h2_frame_scanner.h"

#include <algorithm>

namespace skerry::http {
namespace {

constexpr uint8_t kData = 0;
constexpr uint8_t kPadded = 0x8;

}  // namespace

std::optional<H2FrameHeader> H2FrameScanner::Next(std::string_view* bytes) {
  while (!bytes->empty()) {
    if (skip_ > 0) {
      const size_t skipped = std::min(skip_, bytes->size());
      skip_ -= skipped;
      bytes->remove_prefix(skipped);
      continue;
    }
    header_[have_++] = static_cast<uint8_t>(bytes->front());
    bytes->remove_prefix(1);
    if (have_ < kHeaderBytes) continue;

    H2FrameHeader frame;
    frame.length = static_cast<uint32_t>(header_[0] << 16 | header_[1] << 8 | header_[2]);
    frame.type = header_[3];
    frame.flags = header_[4];
    frame.stream = (static_cast<uint32_t>(header_[5]) << 24 | header_[6] << 16 | header_[7] << 8 |
                    header_[8]) &
                   0x7fffffff;
    const bool padded = frame.type == kData && (frame.flags & kPadded) != 0 && frame.length > 0;
    if (padded && have_ == kHeaderBytes) continue;  // its padding length is needed too
    skip_ = frame.length - (padded ? 1 : 0);
    frame.only_padding = padded && skip_ <= header_[kHeaderBytes];
    have_ = 0;
    return frame;
  }
  return std::nullopt;
}

H2StreamLedger::Verdict H2StreamLedger::Headers(uint32_t stream) {
  if (stream > last_) {
    const uint32_t expected = last_ == 0 ? 1 : last_ + 2;
    if (stream > expected) {
      if (gaps_.size() == kGapsKept) gaps_.erase(gaps_.begin());
      gaps_.emplace_back(expected, stream - 2);
    }
    last_ = stream;
    return Verdict::kNew;
  }
  for (const auto& [first, last] : gaps_) {
    if (first <= stream && stream <= last) return Verdict::kSkipped;
  }
  return Verdict::kSeen;
}

}  // namespace skerry::http
