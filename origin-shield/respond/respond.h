// What a release answers to a request: variant, fields, conditions, range. Pure
// functions over values; serve.cc sends it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

#include "core/asset/manifest.h"
#include "core/base/clock.h"
#include "core/http/message.h"
#include "origin-shield/store/release.h"

namespace skerry::shield {

// The bytes that a request gets of a file: the entry's, a coded variant's, or an
// image variant's.
struct Representation {
  Sha256Digest sha256;
  ByteCount size = 0;
  std::string_view type;
  asset::Coding coding = asset::Coding::kIdentity;
};

// By Accept (AVIF before WebP before the file itself, of the same width in pixels) and
// by Accept-Encoding: the most wanted coding, the smallest of those wanted equally; dcz
// where Available-Dictionary names its dictionary. Identity where nothing is acceptable.
Representation Choose(const Release::File& file, const http::Fields& request);

// The fields that Choose looks at for this file: the same list for every variant, so
// that caches keep them apart. Empty: there is only one.
std::string VaryOf(const Release::File& file);

// What an authenticated edge is told exists: a dictionary of RFC 9651 with `codings`,
// `formats` and `dictionaries`, inner lists. Empty: no variants.
std::string VariantsOf(const Release::File& file);

// The pattern of Use-As-Dictionary (RFC 9842) for a file that was renamed by its
// content: "/assets/app.*.css". Empty where a later version could not be made from it.
std::string DictionaryMatch(const asset::Entry& entry);

struct Asking {
  const http::RequestHead& request;
  const SiteView& site;
  const Located& located;
  bool to_edge = false;  // an authenticated node of ours: tags and targeted fields stay
  // The asking edge has applied more of the purge log than we: what may have changed is
  // answered, and nobody is to keep it.
  bool behind = false;
};

// Part of a blob.
struct BodyPart {
  Sha256Digest sha256;
  ByteCount size = 0;  // of the whole blob
  uint64_t from = 0;
  uint64_t count = 0;
};

struct Answer {
  int status = 200;
  http::Fields fields;
  std::optional<BodyPart> body;
  std::string text;  // the body where there is no blob
  uint64_t length() const { return body ? body->count : text.size(); }
};
// For GET and HEAD; other methods are 405. A HEAD's answer has the body it describes.
Answer Respond(const Asking& asking, WallTime now);

}  // namespace skerry::shield
