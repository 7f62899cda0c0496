// What the URLs that purges name are on this node, beside themselves: their query shaped by
// the key rules of the route that they reach, as keys are (gateway/key.h).
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/thread.h"
#include "core/gateway/route.h"

namespace skerry::gateway {

// Thread: any.
class RuledUrls {
 public:
  // From now on, beside those before, by which requests may be read still: what is purged
  // meanwhile is named by all of them. What was named before stays as it was.
  void SetClassifier(std::shared_ptr<const Classifier> classifier);
  // Every request is read by the newest rules now.
  void DropFormer();

  // For Generations::Options::other_names: adds those that differ from `url`.
  void AddNames(std::string_view url, std::vector<std::string>& names) const;

 private:
  using Classifiers = std::vector<std::shared_ptr<const Classifier>>;

  mutable Mutex mutex_;  // lock order: last
  // The newest last.
  std::shared_ptr<const Classifiers> classifiers_ SKERRY_GUARDED_BY(mutex_) =
      std::make_shared<Classifiers>();
};

}  // namespace skerry::gateway
