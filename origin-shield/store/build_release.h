// Manifests and releases for tests: a file is its path and its bytes.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "core/asset/media_type.h"
#include "origin-shield/store/release.h"

namespace skerry::shield {

inline asset::Entry FileEntry(const std::string& path, const std::string& bytes,
                              asset::CacheClass cache = asset::CacheClass::kPage) {
  return {.path = path,
          .sha256 = Sha256(bytes),
          .size = bytes.size(),
          .type = std::string(asset::MediaTypeOf(path)),
          .cache = cache};
}
inline asset::Entry Hashed(const std::string& path, const std::string& bytes) {
  return FileEntry(path, bytes, asset::CacheClass::kImmutable);
}
inline asset::Manifest ManifestOf(std::vector<asset::Entry> entries) {
  return {.entries = std::move(entries)};
}
inline ReleasePtr ReleaseOf(asset::Manifest manifest, WallTime created = {}) {
  std::string id = ReleaseId(manifest);
  return std::make_shared<const Release>("demo", std::move(id), std::move(manifest), created,
                                         std::vector<WallTime>());
}

}  // namespace skerry::shield
