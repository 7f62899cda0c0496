#include "core/cache/purge/control_store.h"

namespace skerry::cache {

Result<std::string> MemoryControlStore::Get(std::string_view name) {
  MutexLock lock(mutex_);
  const auto found = values_.find(name);
  if (found == values_.end()) return Fail(Code::kNotFound, Side::kStorage, std::string(name));
  return found->second;
}

Status MemoryControlStore::Put(const std::vector<std::pair<std::string, std::string>>& values) {
  MutexLock lock(mutex_);
  for (const auto& [name, value] : values) values_[name] = value;
  return {};
}

}  // namespace skerry::cache
