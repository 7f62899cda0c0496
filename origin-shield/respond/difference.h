// What changes for clients when one release takes the place of another, as tags that
// an activation purges. Pure functions over values.
//
// Every answer of a site carries SiteTag and the SitePathTag of its URL's path; those
// that no file gave (404, fallback) carry SiteMissTag as well (core/cache/purge/scopes.h).
#pragma once

#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

#include "origin-shield/store/release.h"

namespace skerry::shield {

// More paths than this are named by the site's tag: the record stays small.
inline constexpr size_t kMostPaths = 5'000;

struct Difference {
  std::vector<std::string> tags;  // sorted, each once
  size_t added = 0;
  size_t changed = 0;  // bytes, fields or variants
  size_t removed = 0;
  bool everything = false;  // the tags name the whole site
};

// From `before` (null: nothing was active) to `after`. Hashed files that are removed
// count as unchanged: they go on being served. Always names SiteMissTag.
Difference Compare(const Release* before, const Release& after);

// For when it is not known what is served elsewhere.
Difference Everything(std::string_view site);

// The tags of an answer, as the value of Cache-Tag.
std::string AnswerTags(std::string_view site, const Located& located);

}  // namespace skerry::shield
