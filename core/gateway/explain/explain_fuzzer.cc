// The query of /explain: what is accepted is a request that a session could have made,
// and asking for the same again gives the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/gateway/explain/explain.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace skerry;
  const std::string_view text(reinterpret_cast<const char*>(data), size);
  const auto query = gateway::ParseExplainQuery(text);
  if (!query) return 0;
  const http::RequestHead& request = query->request;
  SKERRY_CHECK(http::IsToken(request.method));
  SKERRY_CHECK(request.scheme == "http" || request.scheme == "https");
  SKERRY_CHECK(request.path.starts_with('/'));
  std::vector<std::string> headers;
  for (const http::Field& field : request.fields) {
    SKERRY_CHECK(http::IsToken(field.name) && http::IsFieldValue(field.value));
    headers.push_back(std::string(field.name).append(": ").append(field.value));
  }
  const auto again = gateway::ParseExplainQuery(gateway::ToExplainPath(
      request.scheme + "://" + request.authority + request.path, headers, false));
  if (again) SKERRY_CHECK(again->request.fields == request.fields);
  return 0;
}
