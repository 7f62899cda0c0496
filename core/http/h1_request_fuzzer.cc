// Requests of HTTP/1.1 from arbitrary bytes, whole and in two pieces: both must
// give the same requests, and no byte may be taken twice.
#include <cstdint>
#include <string>

#include "core/base/result.h"
#include "core/http/h1_request_parser.h"

namespace skerry::http {
namespace {

struct Recorder : H1RequestParser::Events {
  void OnHead(H1RequestHead head) override {
    seen += head.method + ' ' + head.target + '\n';
    for (const Field& field : head.fields) seen += field.name + ':' + field.value + '\n';
  }
  void OnBody(std::string_view bytes) override { seen += bytes; }
  void OnEnd(Fields trailers) override {
    for (const Field& field : trailers) seen += field.name + ':' + field.value + '\n';
    seen += "END\n";
  }
  std::string seen;
};

// Feeds pieces as a session does and says what came out, with the flaw at the end.
std::string Parse(std::initializer_list<std::string_view> pieces) {
  Recorder recorder;
  H1RequestParser parser({4096, 20, 1024}, &recorder);
  std::string waiting;
  for (const std::string_view piece : pieces) {
    waiting += piece;
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
  const size_t cut = data[0] * size / 256;
  const std::string_view bytes(reinterpret_cast<const char*>(data) + 1, size - 1);
  const std::string whole = Parse({bytes});
  const std::string pieces =
      Parse({bytes.substr(0, cut), bytes.substr(std::min(cut, bytes.size()))});
  SKERRY_CHECK(whole == pieces);
  return 0;
}
