#include "pipeline/former.h"

#include <algorithm>

#include "core/asset/content_name.h"
#include "core/base/digest.h"
#include "pipeline/files.h"

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
  FormerRelease former;
  former.folder_ = folder;
  former.manifest_ = *std::move(manifest);
  const std::vector<asset::Entry>& entries = former.manifest_.entries;
  for (size_t i = 0; i < entries.size(); ++i) former.by_name_.emplace(NameOf(entries[i]), i);
  return former;
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
  const std::filesystem::path file = folder_ / "files" / entry.path.substr(1);
  Result<std::string> bytes = ReadFile(file);
  if (bytes && Sha256(*bytes) != entry.sha256) {
    return Fail(Code::kCorrupt, Side::kStorage,
                file.string() + " is not what its manifest says; build that release again");
  }
  return bytes;
}

}  // namespace skerry::pipeline
