// The first byte says where the rest is cut in two; whole and in pieces must come to the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/http/upstream/h1_response_parser.h"

namespace {

using namespace skerry;
using namespace skerry::http;

struct Recorder : H1ResponseParser::Events {
  void OnInterim(ResponseHead head) override { Note(head); }
  void OnHead(ResponseHead head) override { Note(head); }
  void OnBody(std::string_view bytes) override { heard += bytes; }
  void Note(const ResponseHead& head) {
    heard += "[" + std::to_string(head.status);
    for (const Field& field : head.fields) {
      SKERRY_CHECK(IsToken(field.name) && IsFieldValue(field.value));
      heard.append("|").append(field.name).append("=").append(field.value);
    }
    heard += "]";
  }
  std::string heard;
};

struct Outcome {
  std::string heard;
  bool failed = false;
  bool done = false;
  bool reusable = false;
  Fields trailers;
  bool operator==(const Outcome&) const = default;
};

Outcome Read(std::string_view method, std::string_view bytes, size_t piece) {
  Recorder recorder;
  H1ResponseParser parser({.header_bytes = 2000, .header_count = 20, .interims = 4}, &recorder);
  parser.Begin(method);
  Outcome outcome;
  while (!bytes.empty() && !parser.done()) {
    const std::string_view part = bytes.substr(0, piece);
    const Result<size_t> used = parser.Feed(part);
    if (!used) {
      outcome.failed = true;
      return outcome;  // what was heard before may differ
    }
    SKERRY_CHECK(*used == part.size() || parser.done());
    bytes.remove_prefix(*used);
  }
  outcome.heard = recorder.heard;
  outcome.done = parser.done() || parser.End().has_value();
  if (outcome.done) {
    outcome.reusable = parser.reusable();
    outcome.trailers = parser.TakeTrailers();
  }
  return outcome;
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size < 2) return 0;
  const std::string_view method = (data[0] & 1) != 0 ? "HEAD" : "GET";
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const Outcome whole = Read(method, bytes, bytes.size());
  SKERRY_CHECK(whole == Read(method, bytes, 1 + (data[0] >> 1)));
  return 0;
}
