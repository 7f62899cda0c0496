#include "core/gateway/key.h"

#include <algorithm>
#include <utility>

#include "core/gateway/tier.h"

namespace skerry::gateway {

Result<cache::Target> TargetOf(const http::RequestHead& request, std::string_view client_scheme) {
  const std::string_view scheme = client_scheme.empty() ? request.scheme : client_scheme;
  return cache::NormalizeTarget(scheme, request.authority, request.path);
}

Keyed KeyOf(const http::RequestHead& request, cache::Target target, Cacheability cacheability,
            const Route& route, bool to_shield, const std::vector<Dimension>& dimensions) {
  Keyed keyed;
  keyed.target = target.has_query ? cache::ApplyKeyRules(std::move(target), route.key_rules)
                                  : std::move(target);
  keyed.key = dimensions.empty() ? cache::MakeKey(keyed.target)
                                 : cache::MakeKey(keyed.target, KeyLines(dimensions));
  keyed.directives = cache::ParseRequestDirectives(request.fields, route.policy);
  if (cacheability != Cacheability::kShared) return keyed;
  keyed.forwarded = ForwardShared(request, keyed.target, route, to_shield, dimensions);
  return keyed;
}

std::string PathOf(const cache::Key& key) {
  const std::string_view rest = cache::PurgeUrl(key.url());
  return std::string(rest.substr(std::min(rest.find('/'), rest.size())));
}

}  // namespace skerry::gateway
