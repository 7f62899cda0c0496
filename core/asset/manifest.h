// The manifest of a release: every path, its bytes by SHA-256, and their variants.
//
// The format is docs/manifest-format.md (JSON Schema: docs/manifest.schema.json); it is
// versioned. Written by the pipeline, checked again by whoever takes it over: a manifest
// that parsed holds no path outside the site, no name twice and no digest with two sizes.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "core/asset/coding.h"
#include "core/base/bytes.h"
#include "core/base/digest.h"
#include "core/base/result.h"

namespace skerry::asset {

inline constexpr int kManifestVersion = 1;
inline constexpr size_t kMostEntries = 1'000'000;

// How long copies of an entry may be kept. The server turns it into header fields.
enum class CacheClass : uint8_t {
  kImmutable,   // the name changes with the bytes: keep for good
  kPage,        // documents: briefly in browsers, longer at the edge, purged by activation
  kAsset,       // files whose name stays (favicon.ico, robots.txt): like pages, a little longer
  kRevalidate,  // ask before every use (service workers)
};
// "immutable", "page", "asset", "revalidate".
std::string_view Name(CacheClass cache);

// The same bytes in a content coding; its file is the entry's path + suffix (coding.h).
struct CodedVariant {
  Coding coding = Coding::kBrotli;
  std::optional<Sha256Digest> dictionary = {};  // with kDcz only
  Sha256Digest sha256 = {};                     // of the coded bytes
  ByteCount size = 0;
  bool operator==(const CodedVariant&) const = default;
};

// The same picture in another format or width, served under a path of its own (which
// holds a hash: it is immutable) and, where width equals the entry's, under the entry's
// path to clients whose Accept names its type.
struct ImageVariant {
  std::string type = {};
  uint32_t width = 0;   // pixels
  uint32_t height = 0;  // 0 when not recorded
  std::string path = {};
  Sha256Digest sha256 = {};
  ByteCount size = 0;
  bool operator==(const ImageVariant&) const = default;
};

struct Entry {
  std::string path = {};    // public, a site path (site_path.h)
  std::string source = {};  // path before renaming; empty when it is the same
  Sha256Digest sha256 = {};
  ByteCount size = 0;
  std::string type = {};
  CacheClass cache = CacheClass::kAsset;
  uint32_t width = 0;  // images: pixels, 0 when unknown
  uint32_t height = 0;
  std::vector<CodedVariant> coded = {};
  std::vector<ImageVariant> images = {};
  std::vector<std::string> links = {};  // values of Link fields (RFC 8288) for 103 and 200
  std::map<std::string, std::string> notes = {};  // for tools; servers ignore them
  bool operator==(const Entry&) const = default;

  // The path before renaming, whether it was renamed or not.
  const std::string& logical_path() const { return source.empty() ? path : source; }
};

struct Manifest {
  std::vector<Entry> entries = {};
  std::string fallback = {};   // entry that answers unknown navigations with 200 (single-page apps)
  std::string not_found = {};  // entry that is the body of a 404
  bool operator==(const Manifest&) const = default;

  // JSON, one entry a line: entries by path, coded variants by coding and dictionary,
  // images by type and width. Equal manifests give equal bytes.
  std::string ToJson() const;

  // kInvalid names the place and the fault: "line 3, column 17: …" for what is no JSON,
  // "entries[4].variants[0].sha256: …" for what JSON allows and a manifest does not.
  // Unknown versions and unknown members are faults. Thread: any.
  static Result<Manifest> FromJson(std::string_view json);
};

// One blob of a release and a file below `files/` that holds it.
struct Blob {
  Sha256Digest sha256 = {};
  ByteCount size = 0;
  std::string file = {};  // site path, with the coding's suffix
};
// Each digest once, the largest blobs first, equal sizes by digest.
std::vector<Blob> BlobsOf(const Manifest& manifest);

// Finds what is served at a path: an entry, or an image variant under its own path.
// Borrows the manifest. Thread: any, const.
class ManifestIndex {
 public:
  explicit ManifestIndex(const Manifest& manifest);

  struct Found {
    const Entry* entry = nullptr;         // null: nothing is served at that path
    const ImageVariant* image = nullptr;  // set when the path is a variant's of `entry`
    explicit operator bool() const { return entry != nullptr; }
  };
  Found Find(std::string_view site_path) const;

 private:
  std::unordered_map<std::string_view, Found> found_;
};

}  // namespace skerry::asset
