// Which stored URL may answer for another one: responses with No-Vary-Search say that
// parts of their query make no difference, so a request finds them under other queries.
//
// Only a hint: whoever follows it compares the queries again under the field of the
// response that it finds there. Stored responses stay under the URL they were fetched
// by, so purges name them as ever.
#pragma once

#include <atomic>
#include <cstddef>
#include <deque>
#include <optional>
#include <string_view>
#include <unordered_map>

#include "core/base/digest.h"
#include "core/base/thread.h"
#include "core/cache/key.h"
#include "core/http/message.h"
#include "core/http/no_vary_search.h"

namespace skerry::cache {

// Do the keys' URLs differ at most in what `response`, stored under one of them, says
// makes no difference? Everything but the query must be equal, dimensions too.
bool SameButForSearch(const Key& a, const Key& b, const http::Fields& response);

// At most `capacity` URLs and as many paths; the oldest go first. Forgetting one costs
// one fetch. Owner: the process. Thread: any; empty, a look-up is one atomic load.
class SearchAliases {
 public:
  explicit SearchAliases(size_t capacity = 65536) : capacity_(capacity) {}

  // A response with this field is (about to be) stored under `key`. A later one of the
  // same path takes its place as the path's rule.
  void Learn(const Key& key, const http::NoVarySearch& rule);
  // The key under which a response for `key` may be; nothing: none but its own.
  std::optional<Key> Find(const Key& key) const;
  size_t size() const;

 private:
  const size_t capacity_;
  std::atomic<bool> any_{false};
  mutable Mutex mutex_;
  std::unordered_map<Hash128, http::NoVarySearch> rules_ SKERRY_GUARDED_BY(mutex_);
  std::unordered_map<Hash128, Key> keys_ SKERRY_GUARDED_BY(mutex_);
  std::deque<Hash128> rule_order_ SKERRY_GUARDED_BY(mutex_);
  std::deque<Hash128> key_order_ SKERRY_GUARDED_BY(mutex_);
};

}  // namespace skerry::cache
