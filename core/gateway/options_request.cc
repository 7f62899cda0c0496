#include "core/gateway/options_request.h"

#include <charconv>
#include <cstdint>
#include <optional>
#include <string>

#include "core/http/problem.h"

namespace skerry::gateway {
namespace {

std::optional<uint64_t> HopsLeft(const http::RequestHead& request) {
  const auto field = request.fields.Find("max-forwards");
  if (request.method != "OPTIONS" || !field) return std::nullopt;
  uint64_t hops = 0;
  const char* const end = field->data() + field->size();
  const auto [stopped, error] = std::from_chars(field->data(), end, hops);
  if (error != std::errc() || stopped != end) return std::nullopt;
  return hops;
}

}  // namespace

bool EndsHere(const http::RequestHead& request) {
  return request.path == "*" || HopsLeft(request) == 0;
}

http::Response AnswerOptions(std::string_view name) {
  http::Response response;
  response.status = 204;
  response.own.Add("allow", http::kMethods);
  response.own.Add("cache-control", "no-store");
  response.own.Add("cache-status", std::string(name) + "; detail=options");
  response.own.Add("via", "1.1 " + std::string(name));
  return response;
}

void CountHop(http::RequestHead& request) {
  if (const auto hops = HopsLeft(request)) {
    request.fields.Set("max-forwards", std::to_string(*hops - 1));
  }
}

}  // namespace skerry::gateway
