#include "core/http/server/h2_frame_scanner.h"

#include <algorithm>

namespace skerry::http {
namespace {

constexpr uint8_t kData = 0;
constexpr uint8_t kPadded = 0x8;

H2FrameHeader Read(const uint8_t* bytes) {
  H2FrameHeader frame;
  frame.length = static_cast<uint32_t>(bytes[0] << 16 | bytes[1] << 8 | bytes[2]);
  frame.type = bytes[3];
  frame.flags = bytes[4];
  frame.stream =
      (static_cast<uint32_t>(bytes[5]) << 24 | bytes[6] << 16 | bytes[7] << 8 | bytes[8]) &
      0x7fffffff;
  return frame;
}

bool IsPadded(const H2FrameHeader& frame) {
  return frame.type == kData && (frame.flags & kPadded) != 0 && frame.length > 0;
}

}  // namespace

std::optional<H2FrameHeader> H2FrameScanner::Next(std::string_view* bytes) {
  while (!bytes->empty()) {
    if (skip_ > 0) {
      const size_t skipped = std::min(skip_, bytes->size());
      skip_ -= skipped;
      bytes->remove_prefix(skipped);
      continue;
    }
    if (have_ == 0 && bytes->size() >= kHeaderBytes) {
      // Nearly always: a header in one piece.
      const H2FrameHeader frame = Read(reinterpret_cast<const uint8_t*>(bytes->data()));
      if (!IsPadded(frame)) {
        bytes->remove_prefix(kHeaderBytes);
        skip_ = frame.length;
        return frame;
      }
    }
    header_[have_++] = static_cast<uint8_t>(bytes->front());
    bytes->remove_prefix(1);
    if (have_ < kHeaderBytes) continue;

    H2FrameHeader frame = Read(header_.data());
    const bool padded = IsPadded(frame);
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
