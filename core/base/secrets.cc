#include "core/base/secrets.h"

#include "core/base/digest.h"

namespace skerry {

void Secrets::Set(std::vector<std::string> all) {
  List list = std::make_shared<const std::vector<std::string>>(std::move(all));
  const MutexLock lock(mutex_);
  all_ = std::move(list);
}

Secrets::List Secrets::Now() const {
  const MutexLock lock(mutex_);
  return all_;
}

std::string Secrets::first() const {
  const List all = Now();
  return all->empty() ? "" : all->front();
}

bool Secrets::Knows(std::string_view given) const {
  bool known = false;
  for (const std::string& secret : *Now()) known |= SecretEquals(secret, given);
  return known;
}

}  // namespace skerry
