// Step 5, record: the manifest, and the release directory put in its place.
#pragma once

#include <filesystem>

#include "core/asset/manifest.h"
#include "core/base/result.h"
#include "pipeline/steps/config.h"
#include "pipeline/steps/derive.h"
#include "pipeline/steps/fingerprint.h"
#include "pipeline/steps/pack.h"
#include "pipeline/steps/site.h"

namespace skerry::pipeline {

// The manifest of what the steps made. kInvalid when site.fallback or site.not_found
// names no page.
Result<asset::Manifest> Record(const Site& site, const Pictures& pictures,
                               const Fingerprinted& release, const Packed& packed,
                               const Config& config);

// A release directory being written. Until Finish it stands beside `out` under another name,
// and what was in `out` stays; a build that fails leaves no trace.
class ReleaseFolder {
 public:
  // kInvalid when `out` holds anything else than a release: nothing foreign is deleted.
  static Result<ReleaseFolder> Begin(const std::filesystem::path& out);
  ReleaseFolder(ReleaseFolder&& other) noexcept;
  ~ReleaseFolder();

  const std::filesystem::path& files() const { return files_; }
  // Writes manifest.json and moves the folder to `out`.
  Status Finish(const asset::Manifest& manifest);

 private:
  ReleaseFolder() = default;

  std::filesystem::path out_;
  std::filesystem::path staging_;  // empty: nothing to remove
  std::filesystem::path files_;
};

}  // namespace skerry::pipeline
