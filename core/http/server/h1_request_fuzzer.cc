// Requests of HTTP/1.1 from arbitrary bytes, whole and in pieces whose size the first byte
// says: both must give the same requests, and no byte may be taken twice.
#include <cstdint>
#include <string>

#include "core/base/result.h"
#include "core/http/server/h1_request_parser.h"

namespace skerry::http {
namespace {

struct Recorder : H1RequestParser::Events {
  void OnHead(H1RequestHead head) override {
    seen += head.method + ' ' + head.target + '\n';
    for (const Field& field : head.fields) {
      seen.append(field.name).append(":").append(field.value).append("\n");
    }
  }
  void OnBody(std::string_view bytes) override { seen += bytes; }
  void OnEnd(Fields trailers) override {
    for (const Field& field : trailers) {
      seen.append(field.name).append(":").append(field.value).append("\n");
    }
    seen += "END\n";
  }
  std::string seen;
};

// Feeds pieces as a session does and says what came out, with the flaw at the end.
std::string Parse(std::string_view bytes, size_t piece) {
  Recorder recorder;
  H1RequestParser parser({4096, 20, 1024}, &recorder);
  std::string waiting;
  while (!bytes.empty()) {
    waiting += bytes.substr(0, piece);
    bytes.remove_prefix(std::min(piece, bytes.size()));
    while (!waiting.empty() && parser.flaw() == H1Flaw::kNone) {
      if (parser.at_end()) parser.Next();
      const size_t used = parser.Parse(waiting);
      SKERRY_CHECK(used <= waiting.size());
      waiting.erase(0, used);
      if (used == 0 && !parser.at_end()) break;
    }
  }
  if (parser.flaw() != H1Flaw::kNone) recorder.seen += "FLAW";
  return recorder.seen;
}

}  // namespace
}  // namespace skerry::http

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using skerry::http::Parse;
  if (size == 0) return 0;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  SKERRY_CHECK(Parse(bytes, bytes.size()) == Parse(bytes, size_t{1} + data[0]));
  return 0;
}
