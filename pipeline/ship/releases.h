// The commands `releases`, `rollback`, `diff` and `verify`.
#pragma once

#include <chrono>
#include <filesystem>
#include <string>
#include <vector>

#include "core/asset/manifest.h"
#include "pipeline/base/exit.h"
#include "pipeline/base/progress.h"
#include "pipeline/ship/shield_client.h"

namespace skerry::pipeline {

struct ReleaseInfo {
  std::string release = {};
  bool active = false;
  bool complete = false;
  uint64_t files = 0;
  uint64_t missing = 0;
  std::string created = {};
  std::string activated = {};  // "" when it never was
};

// What the shield has of the site, the newest first.
tl::expected<std::vector<ReleaseInfo>, Failure> ListReleases(const ShieldAddress& shield);
// kNotFound for a site that nothing was pushed for.
Result<std::vector<ReleaseInfo>> AskReleases(ShieldClient& shield);
std::string ReleasesText(const std::vector<ReleaseInfo>& releases);
std::string ReleasesJson(const std::vector<ReleaseInfo>& releases);

struct RolledBack : Receipt {
  std::string release = {};  // what is active now
};
// Activates `release`, or with "" the one that was active before the one that is.
tl::expected<RolledBack, Failure> RollBack(const ShieldAddress& shield, const std::string& release,
                                           std::chrono::milliseconds wait);

struct Difference {
  struct Change {
    std::string path = {};  // before renaming
    ByteCount before = 0;   // as Brotli sends it; 0: was not there
    ByteCount after = 0;    // 0: is gone
    ByteCount fetched = 0;  // what a visitor of the former release loads: a delta if there is one
  };
  std::vector<Change> changes = {};  // by path
  size_t same = 0;
  ByteCount whole = 0;    // what a new visitor loads of everything
  ByteCount fetched = 0;  // what a returning one loads of everything
};
Difference Compare(const asset::Manifest& before, const asset::Manifest& after);
std::string DifferenceText(const Difference& difference);
std::string DifferenceJson(const Difference& difference);
// The manifest of a release directory, or a manifest file.
tl::expected<asset::Manifest, Failure> OpenManifest(const std::filesystem::path& path);

struct VerifyOptions {
  std::string url = {};  // of the site, as visitors see it
  asset::Manifest manifest = {};
  std::string ca_file = {};
  size_t connections = 6;
};
struct Verified {
  size_t checked = 0;  // answers whose bytes were compared
  ByteCount bytes = 0;
  std::vector<std::string> faults = {};  // by path
};
// Fetches every file of the release, in every content coding it has but deltas, and compares
// the bytes with the manifest.
Verified Verify(const VerifyOptions& options, Progress& progress);

}  // namespace skerry::pipeline
