// From what a reference says to the file of the site that it means.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace skerry::pipeline {

enum class Where : uint8_t {
  kElsewhere,  // another origin, data:, mailto:, a fragment of the same document
  kSite,       // a path of this site
  kMalformed,  // cannot name a file: bad percent-encoding, an encoded slash
};

struct Resolved {
  Where where = Where::kElsewhere;
  std::string path;        // site path; a directory's is its index.html
  size_t path_length = 0;  // how much of the URL text is scheme, host and path: the rest is
                           // query and fragment
};

// `document` is the site path of the file that holds the reference, `base` what its
// <base href> says or "", `origin` the site's own ("https://example.com"), so that
// absolute URLs to it are found, or "".
Resolved Resolve(std::string_view document, std::string_view base, std::string_view origin,
                 std::string_view url);

}  // namespace skerry::pipeline
