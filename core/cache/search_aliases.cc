#include "core/cache/search_aliases.h"

#include <string>
#include <utility>

namespace skerry::cache {
namespace {

// "https://host/path", "query", "\ndimensions".
struct Split {
  std::string_view path;
  std::string_view query;
  std::string_view dimensions;
};
Split SplitKey(const Key& key) {
  const std::string_view url = key.url();
  const size_t question = std::min(url.find('?'), url.size());
  return {url.substr(0, question), url.substr(std::min(question + 1, url.size())),
          std::string_view(key.text).substr(url.size())};
}

Hash128 PathOf(const Split& split) {
  return Xxh3_128(std::string(split.path) + std::string(split.dimensions));
}

Hash128 FormOf(const Split& split, const http::NoVarySearch& rule) {
  // LF is in no path and no query, so the three cannot run into each other.
  return Xxh3_128(std::string(split.path) + '\n' + http::CanonicalQuery(split.query, rule) + '\n' +
                  std::string(split.dimensions));
}

}  // namespace

bool SameButForSearch(const Key& a, const Key& b, const http::Fields& response) {
  const Split left = SplitKey(a);
  const Split right = SplitKey(b);
  if (left.path != right.path || left.dimensions != right.dimensions) return false;
  if (a == b) return true;
  const http::NoVarySearch rule = http::ParseNoVarySearch(response);
  if (rule.empty()) return false;
  return http::CanonicalQuery(left.query, rule) == http::CanonicalQuery(right.query, rule);
}

void SearchAliases::Learn(const Key& key, const http::NoVarySearch& rule) {
  if (rule.empty()) return;
  const Split split = SplitKey(key);
  const Hash128 path = PathOf(split);
  const Hash128 form = FormOf(split, rule);
  MutexLock lock(mutex_);
  if (rules_.insert_or_assign(path, rule).second) rule_order_.push_back(path);
  if (keys_.insert_or_assign(form, key).second) key_order_.push_back(form);
  while (rule_order_.size() > capacity_) {
    rules_.erase(rule_order_.front());
    rule_order_.pop_front();
  }
  while (key_order_.size() > capacity_) {
    keys_.erase(key_order_.front());
    key_order_.pop_front();
  }
  any_.store(true, std::memory_order_release);
}

std::optional<Key> SearchAliases::Find(const Key& key) const {
  if (!any_.load(std::memory_order_acquire)) return std::nullopt;
  const Split split = SplitKey(key);
  const Hash128 path = PathOf(split);
  MutexLock lock(mutex_);
  const auto rule = rules_.find(path);
  if (rule == rules_.end()) return std::nullopt;
  const auto found = keys_.find(FormOf(split, rule->second));
  if (found == keys_.end() || found->second == key) return std::nullopt;
  return found->second;
}

size_t SearchAliases::size() const {
  MutexLock lock(mutex_);
  return keys_.size();
}

}  // namespace skerry::cache
