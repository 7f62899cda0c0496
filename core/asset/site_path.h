// Paths of a site: how files of a release and URLs name each other.
//
// A site path is absolute, begins with '/', is what a URL's path says once its
// percent-encoding is undone, and is at the same time the file's place below `files/`.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace skerry::asset {

inline constexpr size_t kLongestSitePath = 1024;

// Why `path` is no site path, as words for a message ("has an empty segment"), or ""
// when it is one: absolute, at most kLongestSitePath bytes, no segment that is empty,
// "." or "..", does not end in '/', UTF-8, no control characters and no backslash.
std::string_view WhyNotSitePath(std::string_view path);

// The site path of a URL's path ("/a%20b.css" -> "/a b.css"), with dot segments
// removed as RFC 3986 section 5.2.4 does. Nothing when it is malformed ("%zz"), holds an
// encoded slash or what no site path may hold. A path that ends in '/' names its
// directory's "index.html".
std::optional<std::string> SitePathOfUrl(std::string_view url_path);

// The URL path of a site path: every byte but unreserved ones, '/' and the
// sub-delimiters allowed in a path is percent-encoded.
std::string UrlOfSitePath(std::string_view path);

}  // namespace skerry::asset
