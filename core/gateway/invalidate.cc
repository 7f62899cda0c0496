#include "core/gateway/invalidate.h"

#include <string>
#include <utility>
#include <vector>

#include "core/cache/purge/scopes.h"
#include "core/gateway/gateway.h"
#include "core/http/url.h"

namespace skerry::gateway {
namespace {

void Forget(Shared& shared, const cache::Key& key) {
  shared.ram->Remove(key);
  if (shared.disk != nullptr) shared.disk->Forget(key.hash);
}

// The key of what `location` names, if that is on the same origin.
std::optional<cache::Key> KeyOf(std::string_view location, const http::Url& base,
                                const Route& route) {
  const Result<http::Url> named = http::Resolve(base, location);
  if (!named || !named->SameOrigin(base)) return std::nullopt;
  cache::Target target{named->scheme, named->AuthorityText(), named->target.path,
                       named->target.query.value_or(""), named->target.query.has_value()};
  return cache::MakeKey(cache::ApplyKeyRules(std::move(target), route.key_rules));
}

}  // namespace

std::optional<uint64_t> InvalidateAfter(Shared& shared, std::string_view method,
                                        const cache::Key& key, const Route& route,
                                        const http::ResponseHead& response) {
  if (http::IsSafeMethod(method)) return std::nullopt;
  if (response.status < 200 || response.status >= 400) return std::nullopt;
  std::vector<cache::Key> keys = {key};
  if (const Result<http::Url> url = http::ParseUrl(key.url())) {
    for (const std::string_view name : {"location", "content-location"}) {
      const auto location = response.fields.Find(name);
      if (!location) continue;
      if (auto named = KeyOf(*location, *url, route)) keys.push_back(std::move(*named));
    }
  }
  cache::Selectors selectors;
  for (const cache::Key& gone : keys) selectors.urls.emplace_back(gone.url());
  if (const auto groups = response.fields.Combined("cache-group-invalidation")) {
    selectors.tags = cache::GroupTags(key.url(), *groups);
  }
  const uint64_t local = shared.generations->InvalidateLocally(selectors);
  for (const cache::Key& gone : keys) Forget(shared, gone);
  return local;
}

}  // namespace skerry::gateway
