#include "core/gateway/ruled_urls.h"

#include <algorithm>
#include <utility>

#include "core/cache/key.h"

namespace skerry::gateway {
namespace {

// `url`: "host/path?query", normalised. Empty: the rules leave it as it is.
std::string Ruled(std::string_view url, const Classifier& classifier) {
  const size_t question = url.find('?');
  cache::Target target;
  target.host = cache::PurgeHost(url);
  const std::string_view path = url.substr(target.host.size(), question - target.host.size());
  const std::shared_ptr<const Route>& route = classifier.Classify(target.host, path);
  if (route == nullptr || !route->key_rules.shape_query()) return "";
  target.path = path;
  target.query = url.substr(question + 1);
  target.has_query = true;
  target = cache::ApplyKeyRules(std::move(target), route->key_rules);
  std::string ruled = target.host + target.path;
  if (target.has_query) ruled += '?' + target.query;
  return ruled;
}

}  // namespace

void RuledUrls::SetClassifier(std::shared_ptr<const Classifier> classifier, std::string rules) {
  if (rules.empty()) return;
  MutexLock lock(mutex_);
  auto sets = std::make_shared<Sets>(*sets_);
  std::erase_if(*sets, [&](const Set& set) { return set.rules == rules; });
  if (sets->size() == kSets) sets->erase(sets->begin());
  sets->push_back({std::move(rules), std::move(classifier)});
  sets_ = std::move(sets);
  any_ = true;
}

void RuledUrls::AddNames(std::string_view url, std::vector<std::string>& names) const {
  if (!any_ || url.find('?') == url.npos) return;
  std::shared_ptr<const Sets> sets;
  {
    MutexLock lock(mutex_);
    sets = sets_;
  }
  for (const Set& set : *sets) {
    std::string name = Ruled(url, *set.classifier);
    const bool known =
        name.empty() || name == url || std::find(names.begin(), names.end(), name) != names.end();
    if (!known) names.push_back(std::move(name));
  }
}

}  // namespace skerry::gateway
