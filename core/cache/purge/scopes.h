// What a purge can name, as hashes that a lookup compares.
#pragma once

#include <cstdint>
#include <string_view>

namespace skerry::cache {

// Hashes are XXH3 with a seed per kind, so that a tag and a host of the same text
// differ. A collision purges too much, never too little.
uint64_t TagHash(std::string_view tag);                 // case-sensitive, as sent
uint64_t HostHash(std::string_view host);               // lower case, with a non-default port
uint64_t UrlHash(std::string_view url_without_scheme);  // PurgeUrl of a key
uint64_t SiteHash(std::string_view site);

// Tags of a response: Cache-Tag (comma), Surrogate-Key (space), Cache-Groups
// (RFC 9875), each name once, in the order they came.
}  // namespace skerry::cache
