// Variants that are kept by what they are, not by how they were asked for.
//
// Behind 300 spellings of Accept-Encoding an origin has three representations. A
// stored response says itself which one it is: Content-Encoding, Content-Language, an
// image's Content-Type, the dictionary of a dcz body. So it is stored under that, and
// one further answer with the same representation takes its place. Which requests it
// answers follows from what its own request had offered (RFC 9110 12.5, RFC 9111 4.1):
//
//   asked for "br, gzip", got gzip   →  the origin has no br: a request for "gzip"
//                                       alone would have got the same
//   asked for "fr, en;q=0.5", got en →  the origin has no French
//
// This assumes that an origin gives the most wanted of what it has; of codings, br
// before zstd before gzip. A request that offers anything better whose outcome is not
// known yet goes upstream.
//
// Pure functions over values. `request`: as it goes upstream. Where a response does not
// say what it is, and for every other name, values are compared as they are.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "core/cache/vary.h"
#include "core/http/message.h"

namespace skerry::cache {

// What a response to `request` is stored under. 0 only without Vary.
uint64_t RepresentationHash(const VaryNames& names, const http::Fields& response,
                            const http::Fields& request);

// What responses may be stored under that this request can use, the most wanted coding
// first; at most 64. A response found by one of them is still to be asked by
// MatchesVariant. {0} without Vary; empty for "*".
std::vector<uint64_t> RepresentationHashes(const VaryNames& names, const http::Fields& request);

// Would `request` be given this response, which is stored with `variant_text`? Either
// the texts are equal, or what the response is and what its request offered say so.
bool MatchesVariant(const VaryNames& names, std::string_view variant_text,
                    const http::Fields& response, const http::Fields& request);

// The text of a new answer, and what was known from the one it takes the place of.
// REQUIRES: both are the same representation of these names.
std::string MergeVariantTexts(const VaryNames& names, const http::Fields& response,
                              std::string_view before, std::string_view now);

// Does a shield's Skerry-Variants list this dictionary (":base64:")?
bool ListsDictionary(const http::Fields& response, std::string_view dictionary);

}  // namespace skerry::cache
