// Step 1, collect: the files of the site's folder.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>

#include "core/base/result.h"
#include "pipeline/steps/file_index.h"
#include "pipeline/steps/site.h"

namespace skerry::pipeline {

struct CollectOptions {
  std::string base = "/";  // where the site is public: begins and ends with '/'
  // Left out: the configuration and the output, should they lie inside the site.
  std::vector<std::filesystem::path> except = {};
  FileIndex* index = nullptr;  // files that it knows are not read
  std::chrono::nanoseconds settled_after = kSettledAfter;
};

// Every regular file below `folder`, with its digest. Left out, and named in
// Site::skipped: hidden files and folders other than .well-known, Thumbs.db, and files
// "x.br", "x.gz", "x.zst" beside an "x" (the pipeline makes its own). Symbolic links are
// followed as long as they stay inside the folder.
//
// kNotFound when there is no such folder; kInvalid, naming the file, for names that
// no URL can have, links that lead outside, and files that are no files.
Result<Site> Collect(const std::filesystem::path& folder, const CollectOptions& options);

}  // namespace skerry::pipeline
