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

void RuledUrls::SetClassifier(std::shared_ptr<const Classifier> classifier) {
  MutexLock lock(mutex_);
  auto more = std::make_shared<Classifiers>(*classifiers_);
  more->push_back(std::move(classifier));
  classifiers_ = std::move(more);
}

void RuledUrls::DropFormer() {
  MutexLock lock(mutex_);
  if (classifiers_->size() < 2) return;
  classifiers_ = std::make_shared<Classifiers>(1, classifiers_->back());
}

void RuledUrls::AddNames(std::string_view url, std::vector<std::string>& names) const {
  if (url.find('?') == url.npos) return;
  std::shared_ptr<const Classifiers> classifiers;
  {
    MutexLock lock(mutex_);
    classifiers = classifiers_;
  }
  for (const auto& classifier : *classifiers) {
    std::string name = Ruled(url, *classifier);
    const bool known =
        name.empty() || name == url || std::find(names.begin(), names.end(), name) != names.end();
    if (!known) names.push_back(std::move(name));
  }
}

}  // namespace skerry::gateway
