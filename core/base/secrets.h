// Tokens that are replaced while they are in use, all at once: a file of them is read again.
// Owner: shared by who uses them. Thread: any.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/thread.h"

namespace skerry {

class Secrets {
 public:
  explicit Secrets(std::vector<std::string> all = {}) { Set(std::move(all)); }
  void Set(std::vector<std::string> all);

  std::string first() const;  // empty: there is none
  // Takes a time that does not tell which one was close.
  bool Knows(std::string_view given) const;

 private:
  using List = std::shared_ptr<const std::vector<std::string>>;
  List Now() const;

  mutable Mutex mutex_;  // nothing is called while it is held
  List all_ SKERRY_GUARDED_BY(mutex_);
};

}  // namespace skerry
