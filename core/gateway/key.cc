#include "core/gateway/key.h"

#include <utility>

#include "core/gateway/tier.h"

namespace skerry::gateway {

Result<Keyed> KeyOf(const http::RequestHead& request, std::string_view client_scheme,
                    Cacheability cacheability, const Route& route, bool to_shield) {
  http::RequestHead asked = request;
  if (!client_scheme.empty()) asked.scheme = client_scheme;
  Result<cache::Target> target = cache::NormalizeTarget(asked);
  if (!target) return Fail(std::move(target.error()));
  Keyed keyed;
  keyed.target = cache::ApplyKeyRules(std::move(*target), route.key_rules);
  keyed.key = cache::MakeKey(keyed.target);
  keyed.directives = cache::ParseRequestDirectives(request.fields, route.policy);
  if (cacheability != Cacheability::kShared) return keyed;
  StripTierFields(asked.fields);
  keyed.forwarded = ForwardShared(asked, keyed.target, route, to_shield);
  return keyed;
}

}  // namespace skerry::gateway
