// Requests in the shape of Fastly's and Cloudflare's purge APIs, so that what calls
// those can call this service. Pure functions; docs/purge-protocol.md has the table.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "purge-api/accept/problem.h"
#include "purge-api/serve/exchange.h"

namespace skerry::purge {

// What they call a service or a zone: "ID: www.example.com, static.example.com". Its
// purges may name these hosts and no others; tags are not divided among zones.
struct Zone {
  std::string id;
  std::vector<std::string> hosts;
  static Result<Zone> Parse(std::string_view text);
  std::string ToString() const;
  bool operator==(const Zone&) const = default;
};

enum class Shape : uint8_t { kFastly, kCloudflare };

// A request of another shape, as POST /v1/purges; its token as a bearer's.
struct Adapted {
  Shape shape = Shape::kFastly;
  Request request;
  std::optional<Problem> refused;  // it cannot be translated: `request` has the token only
  std::vector<std::string> keys;   // Fastly answers each of them by name
};
// Nothing: it is of neither shape.
std::optional<Adapted> Adapt(const Request& request, const std::vector<Zone>& zones);

// What the service answers to `adapted.request`, in the shape of the question.
Answer Dress(const Adapted& adapted, const Answer& answer);

}  // namespace skerry::purge
