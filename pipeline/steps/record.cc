#include "pipeline/steps/record.h"

#include <unistd.h>

#include <algorithm>
#include <system_error>

#include "pipeline/base/files.h"

namespace skerry::pipeline {
namespace {

namespace fs = std::filesystem;

tl::unexpected<Error> Bad(Code code, const std::string& what) {
  return Fail(code, Side::kConfig, what);
}

asset::Entry EntryOf(const Output& output, const Site& site, const Pictures& pictures,
                     const Packed& packed) {
  asset::Entry entry;
  entry.path = output.path;
  entry.source = output.source;
  entry.sha256 = output.sha256;
  entry.size = output.size;
  entry.type = site.files[output.file].type;
  entry.cache = output.cache;
  entry.links = output.links;
  entry.notes = output.notes;
  if (const auto coded = packed.find(output.sha256); coded != packed.end()) {
    entry.coded = coded->second;
  }
  if (const auto picture = pictures.find(output.file); picture != pictures.end()) {
    entry.width = picture->second.width;
    entry.height = picture->second.height;
    entry.notes.insert(picture->second.notes.begin(), picture->second.notes.end());
    // A path belongs to one entry; the second name is for programs, not for pages.
    if (!output.second_name) entry.images = picture->second.variants;
  }
  return entry;
}

bool HasPath(const asset::Manifest& manifest, const std::string& path) {
  return std::any_of(manifest.entries.begin(), manifest.entries.end(),
                     [&](const asset::Entry& entry) { return entry.path == path; });
}

// Empty, or written by Finish.
bool IsReplaceable(const fs::path& out) {
  std::error_code failed;
  if (!fs::exists(out, failed)) return true;
  if (!fs::is_directory(out, failed)) return false;
  for (const fs::directory_entry& entry : fs::directory_iterator(out, failed)) {
    const std::string name = entry.path().filename().string();
    if (name != "files" && name != "manifest.json") return false;
  }
  return fs::is_empty(out, failed) || fs::exists(out / "manifest.json", failed);
}

}  // namespace

Result<asset::Manifest> Record(const Site& site, const Pictures& pictures,
                               const Fingerprinted& release, const Packed& packed,
                               const Config& config) {
  asset::Manifest manifest;
  for (const Output& output : release.outputs) {
    manifest.entries.push_back(EntryOf(output, site, pictures, packed));
  }
  manifest.fallback = config.fallback;
  manifest.not_found = config.not_found;
  if (manifest.not_found.empty() && HasPath(manifest, config.base + "404.html")) {
    manifest.not_found = config.base + "404.html";
  }
  for (const std::string& page : {manifest.fallback, manifest.not_found}) {
    if (!page.empty() && !HasPath(manifest, page)) {
      return Bad(Code::kInvalid, "[site] names the page " + page +
                                     ", which is not in the site; correct skerry.toml");
    }
  }
  // What is written must be readable by others; names could still collide with codings'.
  Result<asset::Manifest> read = asset::Manifest::FromJson(manifest.ToJson());
  if (!read) return Fail(std::move(read.error()).In("the site makes no valid release"));
  return read;
}

Result<ReleaseFolder> ReleaseFolder::Begin(const fs::path& out) {
  ReleaseFolder folder;
  std::error_code failed;
  folder.out_ = fs::absolute(out, failed).lexically_normal();
  if (!folder.out_.has_filename()) folder.out_ = folder.out_.parent_path();
  if (!IsReplaceable(folder.out_)) {
    return Bad(Code::kInvalid, out.string() +
                                   " holds something else than a release; name another folder, or "
                                   "empty it");
  }
  folder.staging_ = folder.out_;
  folder.staging_ += ".new-" + std::to_string(::getpid());
  folder.files_ = folder.staging_ / "files";
  fs::remove_all(folder.staging_, failed);
  fs::create_directories(folder.files_, failed);
  if (failed) {
    return Bad(Code::kIo, "cannot make " + folder.files_.string() + ": " + failed.message());
  }
  return folder;
}

ReleaseFolder::ReleaseFolder(ReleaseFolder&& other) noexcept
    : out_(std::move(other.out_)),
      staging_(std::exchange(other.staging_, {})),
      files_(std::move(other.files_)) {}

ReleaseFolder::~ReleaseFolder() {
  std::error_code ignored;
  if (!staging_.empty()) fs::remove_all(staging_, ignored);
}

Status ReleaseFolder::Finish(const asset::Manifest& manifest) {
  if (Status ok = WriteFile(staging_ / "manifest.json", manifest.ToJson()); !ok) return ok;
  std::error_code failed;
  fs::path old = out_;
  old += ".old-" + std::to_string(::getpid());
  const bool had = fs::exists(out_, failed);
  if (had) fs::rename(out_, old, failed);
  if (!failed) fs::rename(staging_, out_, failed);
  if (failed) {
    return Bad(Code::kIo, "cannot put the release at " + out_.string() + ": " + failed.message());
  }
  staging_.clear();
  if (had) fs::remove_all(old, failed);
  return {};
}

}  // namespace skerry::pipeline
