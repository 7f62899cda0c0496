// What the URLs that purges name are on this node: normalised, and their query shaped by
// the key rules of the route that they reach, as keys are (gateway/key.h).
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/base/thread.h"
#include "core/gateway/route.h"

namespace skerry::gateway {

// Thread: any.
class RuledUrls {
 public:
  // From now on; null: no rules. What was named before stays as it was.
  void SetClassifier(std::shared_ptr<const Classifier> classifier);

  // "host/path?query", for Generations::Options::purge_url.
  std::string Of(std::string_view url) const;

 private:
  mutable Mutex mutex_;  // lock order: last
  std::shared_ptr<const Classifier> classifier_ SKERRY_GUARDED_BY(mutex_);
};

}  // namespace skerry::gateway
