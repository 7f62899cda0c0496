// Small durable facts of a node beside its cache: log id, applied position,
// generations. The disk tier has one; so has the shield.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/base/result.h"
#include "core/base/thread.h"

namespace skerry::cache {

// Every write is synced before it returns. Thread: any but a loop's.
class ControlStore {
 public:
  virtual ~ControlStore() = default;
  virtual Result<std::string> Get(std::string_view name) = 0;  // kNotFound
  // All of them or none.
  virtual Status Put(const std::vector<std::pair<std::string, std::string>>& values) = 0;
};

// Forgets with the process: for nodes without a disk, whose cache does so too.
// Thread: any.
class MemoryControlStore : public ControlStore {
 public:
  Result<std::string> Get(std::string_view name) override;
  Status Put(const std::vector<std::pair<std::string, std::string>>& values) override;

 private:
  Mutex mutex_;  // lock order: last; nothing is called while it is held
  std::map<std::string, std::string, std::less<>> values_ SKERRY_GUARDED_BY(mutex_);
};

}  // namespace skerry::cache
