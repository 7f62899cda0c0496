#include "core/gateway/ruled_urls.h"

#include <utility>

#include "core/cache/key.h"
#include "core/cache/purge/generations.h"

namespace skerry::gateway {

void RuledUrls::SetClassifier(std::shared_ptr<const Classifier> classifier) {
  MutexLock lock(mutex_);
  classifier_ = std::move(classifier);
}

std::string RuledUrls::Of(std::string_view url) const {
  std::string plain = cache::PurgeUrlOf(url);
  const size_t question = plain.find('?');
  if (question == plain.npos) return plain;
  std::shared_ptr<const Classifier> classifier;
  {
    MutexLock lock(mutex_);
    classifier = classifier_;
  }
  if (classifier == nullptr) return plain;
  cache::Target target;
  target.host = cache::PurgeHost(plain);
  const std::string_view path =
      std::string_view(plain).substr(target.host.size(), question - target.host.size());
  const std::shared_ptr<const Route>& route = classifier->Classify(target.host, path);
  if (route == nullptr) return plain;
  const cache::KeyRules& rules = route->key_rules;
  if (!rules.shape_query()) return plain;
  target.path = path;
  target.query = plain.substr(question + 1);
  target.has_query = true;
  target = cache::ApplyKeyRules(std::move(target), rules);
  std::string ruled = target.host + target.path;
  if (target.has_query) ruled += '?' + target.query;
  return ruled;
}

}  // namespace skerry::gateway
