// Any path, fields and body of other purge APIs, and any message of a queue.
#include <cstddef>
#include <cstdint>
#include <string_view>

#include "purge-api/accept/request.h"
#include "purge-api/adapt/shape.h"
#include "purge-api/adapt/template.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace skerry::purge;
  static const std::vector<Zone> zones = {{"z", {"a.example"}}};
  static const Translation translation = {
      {*Template::Parse("https://a.example/{id}")}, {*Template::Parse("{message}")}, {}, {}};
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const size_t line = text.find('\n');
  Request request{"POST", std::string(text.substr(0, line)), "", {}, ""};
  if (line != text.npos) request.body = text.substr(line + 1);
  request.fields.Add("surrogate-key", request.body.substr(0, 40));
  if (const auto adapted = Adapt(request, zones)) {
    if (!adapted->refused) (void)ParsePurge(adapted->request.body);
    (void)Dress(*adapted, {202, "", request.body, {}});
  }
  if (const auto body = BodyFor(translation, ValuesOf(text))) (void)ParsePurge(*body);
  return 0;
}
