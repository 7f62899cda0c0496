#include "core/asset/manifest.h"

#include <algorithm>
#include <tuple>

namespace skerry::asset {

std::string_view Name(CacheClass cache) {
  switch (cache) {
    case CacheClass::kImmutable: return "immutable";
    case CacheClass::kPage: return "page";
    case CacheClass::kAsset: return "asset";
    case CacheClass::kRevalidate: return "revalidate";
  }
  return "revalidate";
}

std::vector<Blob> BlobsOf(const Manifest& manifest) {
  std::map<Sha256Digest, Blob> blobs;
  for (const Entry& entry : manifest.entries) {
    blobs.try_emplace(entry.sha256, Blob{entry.sha256, entry.size, entry.path});
    for (const CodedVariant& coded : entry.coded) {
      const std::string suffix =
          coded.dictionary ? DczSuffix(*coded.dictionary) : std::string(FileSuffix(coded.coding));
      blobs.try_emplace(coded.sha256, Blob{coded.sha256, coded.size, entry.path + suffix});
    }
    for (const ImageVariant& image : entry.images) {
      blobs.try_emplace(image.sha256, Blob{image.sha256, image.size, image.path});
    }
  }
  std::vector<Blob> list;
  list.reserve(blobs.size());
  for (auto& [digest, blob] : blobs) list.push_back(std::move(blob));
  std::stable_sort(list.begin(), list.end(),
                   [](const Blob& a, const Blob& b) { return a.size > b.size; });
  return list;
}

ManifestIndex::ManifestIndex(const Manifest& manifest) {
  found_.reserve(manifest.entries.size());
  for (const Entry& entry : manifest.entries) {
    found_[entry.path] = {&entry, nullptr};
    for (const ImageVariant& image : entry.images) found_[image.path] = {&entry, &image};
  }
}

ManifestIndex::Found ManifestIndex::Find(std::string_view site_path) const {
  const auto found = found_.find(site_path);
  return found == found_.end() ? Found{} : found->second;
}

}  // namespace skerry::asset
