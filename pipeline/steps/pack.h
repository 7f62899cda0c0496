// Step 4, pack: the files of the release, and their content codings beside them.
#pragma once

#include <filesystem>
#include <map>
#include <string>
#include <vector>

#include "core/asset/manifest.h"
#include "core/base/result.h"
#include "pipeline/base/progress.h"
#include "pipeline/base/work.h"
#include "pipeline/ship/former.h"
#include "pipeline/steps/build_cache.h"
#include "pipeline/steps/config.h"
#include "pipeline/steps/fingerprint.h"
#include "pipeline/steps/site.h"

namespace skerry::pipeline {

// Coded variants by the digest of what they code.
using Packed = std::map<Sha256Digest, std::vector<asset::CodedVariant>>;

// Writes every output below `files`, and its variants: Brotli 11, gzip 12 and zstd 19 as
// configured, for types that shrink and files of at least 1,000 bytes; one that is not smaller
// than the file is dropped, zstd also where it is not smaller than Brotli. Files that changed since
// a former release get a dcz against each former version, if it saves a tenth of the best coding.
Result<Packed> Pack(const Site& site, const Fingerprinted& release, const Config& config,
                    const std::vector<FormerRelease>& former, const std::filesystem::path& files,
                    BuildCache& cache, Crew& crew, Progress& progress);

}  // namespace skerry::pipeline
