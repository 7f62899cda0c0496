// What the URLs that purges name are on this node, beside themselves: their query shaped by
// the key rules of the route that they reach, as keys are (gateway/key.h).
#pragma once

#include <atomic>
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
  // So many sets of rules are remembered.
  static constexpr size_t kSets = 8;

  // From now on, beside those before: requests may be read by them still, and what was stored
  // under them is found again when they come back. `rules` tells sets of rules apart; empty:
  // they leave every query as it is. What was named before stays as it was.
  void SetClassifier(std::shared_ptr<const Classifier> classifier, std::string rules);

  // For Generations::Options::other_names: adds those that differ from `url`.
  void AddNames(std::string_view url, std::vector<std::string>& names) const;

 private:
  struct Set {
    std::string rules;
    std::shared_ptr<const Classifier> classifier;
  };
  using Sets = std::vector<Set>;

  mutable Mutex mutex_;  // lock order: last
  // The newest last; those that change queries.
  std::shared_ptr<const Sets> sets_ SKERRY_GUARDED_BY(mutex_) = std::make_shared<Sets>();
  // Are there any? Ten thousand URLs need no lock to hear no.
  std::atomic<bool> any_{false};
};

}  // namespace skerry::gateway
