#include "core/http/server/h1_head.h"

#include <algorithm>

#include "core/http/message.h"

namespace skerry::http {
namespace {

bool IsControl(char c) {
  const auto byte = static_cast<unsigned char>(c);
  return (byte < 0x20 && c != '\t') || byte == 0x7f;
}

}  // namespace

std::string_view Name(H1Flaw flaw) {
  switch (flaw) {
    case H1Flaw::kNone: return "none";
    case H1Flaw::kLineEnding: return "line-ending";
    case H1Flaw::kControl: return "control-byte";
    case H1Flaw::kFolded: return "folded-line";
    case H1Flaw::kFieldName: return "field-name";
    case H1Flaw::kStartLine: return "start-line";
    case H1Flaw::kHeadTooLong: return "head-too-long";
    case H1Flaw::kTargetTooLong: return "target-too-long";
    case H1Flaw::kTooManyFields: return "too-many-fields";
    case H1Flaw::kVersion: return "version";
    case H1Flaw::kFraming: return "framing";
    case H1Flaw::kTransferCoding: return "transfer-coding";
    case H1Flaw::kChunk: return "chunk";
  }
  return "unknown";
}

H1HeadCheck::Progress H1HeadCheck::Flawed(H1Flaw flaw) {
  flaw_ = flaw;
  return Progress::kFlawed;
}

bool H1HeadCheck::CheckField(std::string_view line) {
  if (line[0] == ' ' || line[0] == '\t') {
    flaw_ = H1Flaw::kFolded;
  } else if (!IsToken(line.substr(0, line.find(':')))) {
    flaw_ = H1Flaw::kFieldName;
  } else if (line.find(':') == std::string_view::npos) {
    flaw_ = H1Flaw::kFieldName;
  } else if (lines_ > limits_.field_count) {
    flaw_ = H1Flaw::kTooManyFields;
  }
  return flaw_ == H1Flaw::kNone;
}

H1HeadCheck::Progress H1HeadCheck::Look(std::string_view bytes) {
  while (flaw_ == H1Flaw::kNone) {
    const std::string_view rest = bytes.substr(seen_);
    const size_t field_bytes = seen_ - start_bytes_;
    const size_t limit = lines_ == 0
                             ? limits_.target_bytes
                             : limits_.head_bytes - std::min(limits_.head_bytes, field_bytes);
    const size_t end = rest.find('\n');
    if (std::min(end, rest.size()) > limit) {
      return Flawed(lines_ == 0 ? H1Flaw::kTargetTooLong : H1Flaw::kHeadTooLong);
    }
    if (end == std::string_view::npos) return Progress::kIncomplete;
    if (end == 0 || rest[end - 1] != '\r') return Flawed(H1Flaw::kLineEnding);
    const std::string_view line = rest.substr(0, end - 1);
    if (const auto control = std::find_if(line.begin(), line.end(), IsControl);
        control != line.end()) {
      return Flawed(*control == '\r' ? H1Flaw::kLineEnding : H1Flaw::kControl);
    }
    seen_ += end + 1;
    if (line.empty()) {
      return lines_ == 0 ? Flawed(H1Flaw::kStartLine) : Progress::kComplete;
    }
    if (lines_ == 0) start_bytes_ = seen_;
    if (lines_ > 0 && !CheckField(line)) break;
    ++lines_;
  }
  return Progress::kFlawed;
}

}  // namespace skerry::http
