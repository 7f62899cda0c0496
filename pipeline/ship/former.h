// Former releases, as dictionaries for deltas.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/asset/manifest.h"
#include "core/base/result.h"

namespace skerry::pipeline {

class FormerRelease {
 public:
  // Reads the manifest of a release directory.
  static Result<FormerRelease> Open(const std::filesystem::path& folder);

  // Bytes of an entry of the release; Read compares them with the manifest. Thread: any.
  using Reader = std::function<Result<std::string>(const asset::Entry&)>;
  FormerRelease(asset::Manifest manifest, Reader reader);

  const asset::Manifest& manifest() const { return manifest_; }

  // The former version of a file: the entry with the same logical path, or with the same
  // name but for a bundler's hash; of several, the one nearest in size. Null when none.
  const asset::Entry* Find(std::string_view logical_path, ByteCount size) const;

  // Its bytes. kCorrupt when they are not what the manifest says.
  Result<std::string> Read(const asset::Entry& entry) const;

 private:
  asset::Manifest manifest_;
  Reader reader_;
  std::multimap<std::string, size_t, std::less<>> by_name_;
};

}  // namespace skerry::pipeline
