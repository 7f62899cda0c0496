// What a purge can name, as hashes that a lookup compares.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/http/message.h"

namespace skerry::cache {

// Hashes are XXH3 with a seed per kind, so that a tag and a host of the same text
// differ. A collision purges too much, never too little. Never 0.
uint64_t TagHash(std::string_view tag);                 // case-sensitive, as sent
uint64_t HostHash(std::string_view host);               // lower case, with a non-default port
uint64_t UrlHash(std::string_view url_without_scheme);  // PurgeUrl of a key

// Stands for a 1024th of the paths of a host. A response with No-Vary-Search has it as a tag,
// and a purge of a URL with a query names it: so such a response is purged under whatever
// spelling of its query somebody purges, and some others of its kind with it.
uint64_t SearchHash(std::string_view url_without_scheme);
// The same in two steps, for many URLs of one host.
inline constexpr size_t kSearchParts = 1024;
size_t SearchPart(std::string_view path);
uint64_t SearchHash(std::string_view host, size_t part);  // REQUIRES: part < kSearchParts

// An absolute URL of http or https in which normalising would change nothing (core/http/
// url.h), told in one look at each byte: most of what backends write. False may be one
// too.
bool IsPlainUrl(std::string_view url);

// Longer tags and more of them on one response are ignored: RFC 9875 2 asks for at
// least 32 names of 32 characters, CDNs take about 16 KB in all.
inline constexpr size_t kMaxTagBytes = 1024;
inline constexpr size_t kMaxTags = 1000;

// Hashes of the tags of a response, each once, in the order they came: Cache-Tag
// (comma), Surrogate-Key (blank), Cache-Groups (RFC 9875: a list of strings). A
// Cache-Groups field that is not such a list is ignored, as RFC 9651 4.2 wants.
std::vector<uint64_t> TagsOf(const http::Fields& response);

// Groups of one origin (RFC 9875 2.1) as tags: a response that `url` names is in
// those that its Cache-Groups lists, and Cache-Group-Invalidation lists some, too.
// `groups` is either field's value; nothing if it is no list of strings.
std::vector<std::string> GroupTags(std::string_view url, std::string_view groups);
// TagsOf, its groups, and where it has No-Vary-Search what names it under any query: the hash
// of its URL without one, and SearchHash. `url` is the key's, with its scheme.
std::vector<uint64_t> TagsOf(const http::Fields& response, std::string_view url);

// Tags that a shield puts on what it serves for a site, and that an activation
// names: so every node judges a release like any other purge, whatever the host or
// the query under which it has stored an answer.
std::string SiteTag(std::string_view site);      // every answer of the site
std::string SiteMissTag(std::string_view site);  // those that no path of the release gave
std::string SitePathTag(std::string_view site, std::string_view path);

}  // namespace skerry::cache
