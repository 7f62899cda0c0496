#include "pipeline/steps/collect.h"

#include <algorithm>
#include <set>
#include <system_error>

#include "core/asset/media_type.h"
#include "core/asset/site_path.h"
#include "pipeline/base/files.h"
#include "pipeline/references/reference.h"

namespace skerry::pipeline {
namespace {

namespace fs = std::filesystem;

// Text larger than this is data, not a list of file names.
constexpr ByteCount kLargestText = 32_MiB;

tl::unexpected<Error> Bad(const fs::path& file, const std::string& what) {
  return Fail(Code::kInvalid, Side::kConfig, file.string() + ": " + what);
}

bool IsHidden(const std::string& name) {
  return (name.starts_with('.') && name != ".well-known") || name == "Thumbs.db";
}

// "/a.js" for "/a.js.br"; "" for other names.
std::string UncodedName(const std::string& path) {
  for (const std::string_view suffix : {".br", ".gz", ".zst"}) {
    if (path.ends_with(suffix)) return path.substr(0, path.size() - suffix.size());
  }
  return "";
}

class Collector {
 public:
  Collector(const fs::path& folder, const CollectOptions& options)
      : folder_(folder), options_(options) {}

  Result<Site> Run() {
    std::error_code failed;
    root_ = fs::canonical(folder_, failed);
    if (failed || !fs::is_directory(root_, failed)) {
      return Fail(Code::kNotFound, Side::kConfig,
                  "no site folder " + folder_.string() + "; build the site first, or name another");
    }
    for (const fs::path& path : options_.except) {
      except_.insert(fs::weakly_canonical(path, failed));
    }
    if (Status ok = Walk(root_, ""); !ok) return Fail(std::move(ok.error()));
    DropCoded();
    std::sort(site_.files.begin(), site_.files.end(),
              [](const SiteFile& a, const SiteFile& b) { return a.path < b.path; });
    std::sort(site_.skipped.begin(), site_.skipped.end());
    for (SiteFile& file : site_.files) {
      if (Status ok = Load(file); !ok) return Fail(std::move(ok.error()));
    }
    for (size_t i = 0; i < site_.files.size(); ++i) {
      site_.index[site_.files[i].path] = static_cast<int>(i);
    }
    return std::move(site_);
  }

 private:
  Status Walk(const fs::path& folder, const std::string& relative) {
    std::error_code failed;
    fs::directory_iterator entries(folder, failed);
    if (failed) return Bad(folder, "cannot list: " + failed.message());
    for (const fs::directory_entry& entry : entries) {
      const std::string name = entry.path().filename().string();
      const std::string path = relative.empty() ? name : relative + "/" + name;
      if (Status ok = Visit(entry, name, path); !ok) return ok;
    }
    return {};
  }

  Status Visit(const fs::directory_entry& entry, const std::string& name,
               const std::string& relative) {
    if (IsHidden(name)) {
      site_.skipped.push_back(relative);
      return {};
    }
    std::error_code failed;
    const fs::path real = fs::canonical(entry.path(), failed);
    if (failed) return Bad(entry.path(), "leads nowhere: " + failed.message());
    if (except_.contains(real)) {
      site_.skipped.push_back(relative);
      return {};
    }
    const auto [in_root, in_real] =
        std::mismatch(root_.begin(), root_.end(), real.begin(), real.end());
    if (in_root != root_.end()) {
      return Bad(entry.path(), "is a link to outside the site (" + real.string() +
                                   "); copy the file into the site instead");
    }
    if (fs::is_directory(real, failed)) {
      // A link to a folder above would go round for ever.
      if (entry.is_symlink(failed))
        return Bad(entry.path(), "is a link to a folder; copy it instead");
      return Walk(real, relative);
    }
    if (!fs::is_regular_file(real, failed)) return Bad(entry.path(), "is neither file nor folder");
    SiteFile file;
    file.path = options_.base + relative;
    file.on_disk = real;
    if (const std::string_view fault = asset::WhyNotSitePath(file.path); !fault.empty()) {
      return Bad(entry.path(), "the public path " + std::string(fault) + "; rename the file");
    }
    site_.files.push_back(std::move(file));
    return {};
  }

  void DropCoded() {
    std::set<std::string> names;
    for (const SiteFile& file : site_.files) names.insert(file.path);
    std::erase_if(site_.files, [&](const SiteFile& file) {
      const bool coded = names.contains(UncodedName(file.path));
      if (coded) site_.skipped.push_back(file.path.substr(options_.base.size()));
      return coded;
    });
  }

  Status Load(SiteFile& file) const {
    file.type = asset::MediaTypeOf(file.path);
    const bool text = HasReferences(file.type) || asset::IsCompressible(file.type);
    const auto now = std::chrono::system_clock::now();
    const Result<FileStamp> before = StampOf(file.on_disk);
    if (!before) return Fail(before.error());
    const bool settled = IsSettled(*before, now, options_.settled_after);
    const bool wanted = text && before->size <= kLargestText;
    if (!wanted && settled && options_.index != nullptr) {
      if (const auto known = options_.index->Find(file.on_disk, *before)) {
        file.size = before->size;
        file.sha256 = *known;
        file.stamp = *before;
        return {};
      }
    }
    Result<std::string> bytes = ReadFile(file.on_disk);
    if (!bytes) return Fail(std::move(bytes.error()));
    file.size = bytes->size();
    file.sha256 = Sha256(*bytes);
    if (wanted) {
      file.loaded = *std::move(bytes);
    } else if (const Result<FileStamp> after = StampOf(file.on_disk);
               settled && after && *after == *before && file.size == before->size) {
      file.stamp = *before;
      if (options_.index != nullptr) options_.index->Keep(file.on_disk, *before, file.sha256);
    }
    return {};
  }

  const fs::path& folder_;
  const CollectOptions& options_;
  fs::path root_;
  std::set<fs::path> except_;
  Site site_;
};

}  // namespace

Result<Site> Collect(const std::filesystem::path& folder, const CollectOptions& options) {
  return Collector(folder, options).Run();
}

}  // namespace skerry::pipeline
