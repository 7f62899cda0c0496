// A release: an immutable manifest of a site, and what it answers to a URL's path.
// Values and pure functions: no I/O.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/asset/manifest.h"
#include "core/base/clock.h"
#include "core/base/digest.h"
#include "core/base/result.h"

namespace skerry::shield {

// Lower-case letters, digits, '.', '-' and '_', at most 63, beginning with a letter or
// digit. The error says so.
Status CheckSiteName(std::string_view site);

// Releases are named by what they hold: the first 32 hex digits of the SHA-256 of the
// canonical manifest. The same build pushed twice is the same release.
inline constexpr size_t kReleaseIdDigits = 32;
std::string ReleaseId(const asset::Manifest& manifest);
bool IsReleaseId(std::string_view text);

// Immutable, shared by the requests that are answered from it. Thread: any.
class Release {
 public:
  // `modified` has a time for each entry, in the manifest's order; where it is too
  // short, `created` counts.
  Release(std::string site, std::string id, asset::Manifest manifest, WallTime created,
          std::vector<WallTime> modified);
  Release(const Release&) = delete;  // the index borrows the manifest
  Release& operator=(const Release&) = delete;

  const std::string& site() const { return site_; }
  const std::string& id() const { return id_; }
  const asset::Manifest& manifest() const { return manifest_; }
  WallTime created() const { return created_; }

  struct File {
    const asset::Entry* entry = nullptr;         // null: nothing is served at that path
    const asset::ImageVariant* image = nullptr;  // the path is this variant's own
    explicit operator bool() const { return entry != nullptr; }
    // Its name changes with its bytes.
    bool immutable() const {
      return image != nullptr || entry->cache == asset::CacheClass::kImmutable;
    }
    const Sha256Digest& sha256() const { return image != nullptr ? image->sha256 : entry->sha256; }
  };
  File Find(std::string_view site_path) const;
  // Since when the path has had these bytes. REQUIRES: of this release.
  WallTime Modified(const asset::Entry& entry) const;

 private:
  const std::string site_;
  const std::string id_;
  const asset::Manifest manifest_;
  const asset::ManifestIndex index_;
  const WallTime created_;
  const std::vector<WallTime> modified_;
};
using ReleasePtr = std::shared_ptr<const Release>;

// Last-Modified of each entry of a new release: that of the same bytes under the same
// path in `before`, else `now`. `before` may be null.
std::vector<WallTime> InheritTimes(const asset::Manifest& manifest, const Release* before,
                                   WallTime now);

// What a site answers from at a moment. Immutable.
struct SiteView {
  std::string site = {};
  std::string active = {};            // the id that the log (or, without one, we) activated last
  ReleasePtr release = {};            // that release; null: none yet, or not uploaded here
  std::vector<ReleasePtr> kept = {};  // complete ones, the newest first
  bool preview = false;               // asked for by a release's own host
};

// What a path is to a site.
enum class Place : uint8_t {
  kFile,      // `file` answers with 200
  kRedirect,  // a directory without its final slash: to `location`
  kFallback,  // `file` answers an unknown navigation with 200
  kNotFound,  // the site has nothing there; `file` may be the body of a 404
  kNotHere,   // the release that is active has not been uploaded to this shield
};
std::string_view Name(Place place);

struct Located {
  Place place = Place::kNotFound;
  ReleasePtr release;     // what `file` belongs to
  Release::File file;     // empty: a 404 without a page of its own
  std::string site_path;  // of the URL; empty where it cannot be one
  std::string location;   // of a redirect: path and query
};

// The active release first; then hashed paths of the kept ones, the newest first, so
// that open tabs never lose their chunks. A fallback answers paths whose last segment
// has no dot, unless `others_answer`: an origin behind us gets what no release has.
Located Locate(const SiteView& site, std::string_view path_and_query, bool others_answer);

}  // namespace skerry::shield
