// Step 3, fingerprint: names that hold the hash of the bytes, and references to them.
//
// Renamed is every file that something refers to in a way that can be rewritten, except
// pages, web manifests, names a bundler hashed, names the configuration keeps, and
// scripts that other scripts name in words that are no references (two names would make
// two modules of one). What is mentioned in text that cannot be rewritten is renamed and
// stays at its old path as well; so does what files refer to that a bundler named by their
// hash, which keep their bytes.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/asset/manifest.h"
#include "core/base/result.h"
#include "pipeline/steps/config.h"
#include "pipeline/steps/derive.h"
#include "pipeline/steps/links.h"
#include "pipeline/steps/site.h"

namespace skerry::pipeline {

// One file of the release.
struct Output {
  int file = 0;  // in Site::files
  std::string path = {};
  std::string source = {};  // path before renaming, "" when it is the same
  Sha256Digest sha256 = {};
  ByteCount size = 0;
  asset::CacheClass cache = asset::CacheClass::kAsset;
  bool rewritten = false;
  std::string text = {};  // the new bytes, where rewritten
  std::vector<std::string> links = {};
  std::map<std::string, std::string> notes = {};  // of pages: sources for their policy
  bool second_name = false;                       // the old path of a renamed file
};

struct Fingerprinted {
  std::vector<Output> outputs = {};
  // What each file of the site loads, by index; for the weight of pages.
  std::vector<std::vector<int>> loads = {};
  std::vector<bool> in_code = {};  // by file of the site: a script names it
  size_t references = 0;
  size_t rewritten_references = 0;
  ByteCount precached_bytes = 0;           // by service_worker.h
  std::vector<std::string> warnings = {};  // links to pages that are not there
};

// `links` were read from `site`. A file in a reference cycle is named by the digest of the whole
// cycle.
Fingerprinted Fingerprint(const Site& site, const Links& links, const Pictures& pictures,
                          const Config& config);
// Reads the links, too: kInvalid names every reference to a missing file with file and line.
Result<Fingerprinted> Fingerprint(const Site& site, const Pictures& pictures, const Config& config);

}  // namespace skerry::pipeline
