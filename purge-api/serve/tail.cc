#include "purge-api/serve/tail.h"

#include <utility>

namespace skerry::purge {

void Tail::Add(std::string json) {
  bytes_ += json.size();
  records_.push_back(std::move(json));
  ++next_;
  while (bytes_ > most_bytes_) {
    bytes_ -= records_.front().size();
    records_.pop_front();
  }
}

std::vector<std::string_view> Tail::After(cache::Seq after, size_t most_bytes) const {
  std::vector<std::string_view> found;
  size_t bytes = 0;
  const cache::Seq first = next_ - records_.size();
  for (size_t i = after + 1 - first; i < records_.size(); ++i) {
    bytes += records_[i].size();
    if (!found.empty() && bytes > most_bytes) break;
    found.push_back(records_[i]);
  }
  return found;
}

}  // namespace skerry::purge
