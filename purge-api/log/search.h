// Looking back: which records there were, who wrote them and when, what they named.
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "core/cache/purge/record.h"

namespace skerry::purge {

// A record as it stands in the log.
struct Past {
  cache::Record record;
  std::string at;   // RFC 3339, UTC
  std::string who;  // Draft::who
  bool complete = false;
};

// Which ones: all that is set must fit. Texts are compared as they were written.
struct Search {
  cache::Seq before = 0;  // 0: from the newest on
  size_t most = 100;
  std::string who = {};
  // That is covered: by itself, a prefix, its host, or all, of both schemes; or by an
  // activation that changed its path, whatever the host: which site it has is not known here.
  std::string url = {};
  std::string tag = {};
  std::string host = {};   // itself, URLs and prefixes on it, or all
  std::string site = {};   // activations of it
  std::string since = {};  // "2026-11-21", "2026-11-21T18:00:00Z"
  std::string until = {};
};

bool Fits(const Search& search, const Past& past);

// The newest first.
struct Pasts {
  std::vector<Past> found;
  // Where to go on, as Search::before; 0: there are no more. A call looks at so many
  // records and no further.
  cache::Seq next = 0;
};
inline constexpr size_t kLookedAt = 20'000;

// {"purges":[{"id","seq","at","who","kind","state",…,"named":{"urls":N,…},"first":[…]}],"next"}
// with the first few of what each names.
std::string ToJson(const Pasts& pasts);

}  // namespace skerry::purge
