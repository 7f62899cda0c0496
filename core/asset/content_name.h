// Names that change with the content: "app.css" becomes "app.9f2c0a1b.css".
//
// A file under such a name never changes, so clients and caches keep it for good.
// Bundlers hash names too, in many styles; theirs are kept (they stand in scripts
// that nobody can rewrite safely), but are no proof: they are no SHA-256 of the bytes.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "core/base/digest.h"

namespace skerry::asset {

// Hex digits of the digest that a name takes. With 8, two of 10,000 files of the same
// name stem meet by chance once in 86 sites; callers take more when they do.
inline constexpr size_t kNameDigits = 8;

// The path with the first `digits` hex digits of `digest` in front of its extension:
// "/a/app.css" -> "/a/app.9f2c0a1b.css", "/LICENSE" -> "/LICENSE.9f2c0a1b",
// "/a.tar.gz" -> "/a.9f2c0a1b.tar.gz" (double extensions stay whole).
// REQUIRES: 8 <= digits <= 64.
std::string HashedName(std::string_view path, const Sha256Digest& digest,
                       size_t digits = kNameDigits);

// How sure it is that a bundler put a hash into a name.
enum class Hashed : uint8_t {
  kNo,       // "photo-2024.jpg", "jquery-3.7.1.min.js"
  kPerhaps,  // "index-DiwrgTda.js": eight letters, or "site-homePage.js"? ask the neighbours
  kCertain,  // "main.8f3a2b1c.chunk.js", "index-C4x_9aQe.css", "app-7KQ2VXNA.js"
};
std::string_view Name(Hashed hashed);

// Judges the last part of `path` by its shape alone: a token of its own behind '.',
// '-' or '_' (or the whole stem) that is hex of 8 to 64 digits, base32 or base64url
// of 8 or more, and does not read as a word, a version or a date.
Hashed DetectHash(std::string_view path);

// The path with that token replaced by '*' ("/assets/index-*.js"): equal for versions of
// one file. Unchanged where DetectHash says kNo.
std::string WithoutHash(std::string_view path);

}  // namespace skerry::asset
