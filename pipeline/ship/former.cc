#include "pipeline/ship/former.h"

#include <algorithm>

#include "core/asset/content_name.h"
#include "core/base/digest.h"
#include "pipeline/base/files.h"

namespace skerry::pipeline {
namespace {

std::string NameOf(const asset::Entry& entry) { return asset::WithoutHash(entry.logical_path()); }

ByteCount Apart(ByteCount a, ByteCount b) { return a > b ? a - b : b - a; }

}  // namespace

Result<FormerRelease> FormerRelease::Open(const std::filesystem::path& folder) {
  const std::filesystem::path file = folder / "manifest.json";
  const Result<std::string> json = ReadFile(file);
  if (!json) return Fail(Error(json.error()).In("no release in " + folder.string()));
  Result<asset::Manifest> manifest = asset::Manifest::FromJson(*json);
  if (!manifest) return Fail(std::move(manifest.error()).In(file.string()));
  return FormerRelease(*std::move(manifest), [folder](const asset::Entry& entry) {
    return ReadFile(folder / "files" / entry.path.substr(1));
  });
}

FormerRelease::FormerRelease(asset::Manifest manifest, Reader reader)
    : manifest_(std::move(manifest)), reader_(std::move(reader)) {
  const std::vector<asset::Entry>& entries = manifest_.entries;
  for (size_t i = 0; i < entries.size(); ++i) by_name_.emplace(NameOf(entries[i]), i);
}

const asset::Entry* FormerRelease::Find(std::string_view logical_path, ByteCount size) const {
  const auto [first, last] = by_name_.equal_range(asset::WithoutHash(logical_path));
  const asset::Entry* best = nullptr;
  for (auto at = first; at != last; ++at) {
    const asset::Entry& entry = manifest_.entries[at->second];
    if (best == nullptr || Apart(entry.size, size) < Apart(best->size, size)) best = &entry;
  }
  return best;
}

Result<std::string> FormerRelease::Read(const asset::Entry& entry) const {
  Result<std::string> bytes = reader_(entry);
  if (bytes && Sha256(*bytes) != entry.sha256) {
    return Fail(Code::kCorrupt, Side::kStorage,
                "the former release's " + entry.path +
                    " is not what its manifest says; build or push that release again");
  }
  return bytes;
}

}  // namespace skerry::pipeline
