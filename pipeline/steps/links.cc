#include "pipeline/steps/links.h"

#include <algorithm>

#include "core/base/ascii.h"
#include "pipeline/base/glob.h"
#include "pipeline/references/resolve.h"

namespace skerry::pipeline {
namespace {

constexpr size_t kMostFaults = 20;

bool IsLoad(Use use) { return use == Use::kLoad || use == Use::kImport; }

void SortUnique(std::vector<int>& list) {
  std::sort(list.begin(), list.end());
  list.erase(std::unique(list.begin(), list.end()), list.end());
}

}  // namespace

Target Links::Find(int file, std::string_view url, Use use) const {
  const Resolved resolved =
      Resolve(site_->files[file].path, documents_[file].base, config_->url, url);
  if (resolved.where != Where::kSite) return {};
  int found = site_->Find(resolved.path);
  // Servers answer "/about" by a page of that name.
  if (found == kNoFile && use == Use::kNavigate) {
    found = site_->Find(resolved.path + "/index.html");
    if (found == kNoFile) found = site_->Find(resolved.path + ".html");
  }
  return {found, resolved.path_length};
}

Target Links::FindImage(int file, std::string_view url, const std::string& crop) const {
  Target target = Find(file, url, Use::kLoad);
  const auto part = site_->crops.find({target.file, crop});
  if (part != site_->crops.end()) target.file = part->second;
  return target;
}

std::string Links::Place(int file, const Fragment& fragment, const Reference& reference) const {
  const std::string& text = site_->files[file].loaded;
  const bool verbatim =
      std::string_view(text).substr(fragment.offset, fragment.length) == fragment.text;
  const size_t offset = fragment.offset + (verbatim ? reference.offset : 0);
  const auto line = 1 + std::count(text.begin(), text.begin() + static_cast<long>(offset), '\n');
  return site_->files[file].on_disk.string() + ":" + std::to_string(line);
}

void Links::See(int file, const Fragment& fragment, const Reference& reference) {
  ++references_;
  const Resolved resolved =
      Resolve(site_->files[file].path, documents_[file].base, config_->url, reference.url);
  if (resolved.where == Where::kElsewhere) return;
  if (resolved.where == Where::kMalformed) {
    Missing(file, reference.use,
            Place(file, fragment, reference) + ": \"" + reference.url + "\" cannot name a file");
    return;
  }
  const Target target = reference.crop.empty() ? Find(file, reference.url, reference.use)
                                               : FindImage(file, reference.url, reference.crop);
  if (target.file != kNoFile) {
    targets_[file].push_back(target.file);
    if (IsLoad(reference.use)) loads_[file].push_back(target.file);
    return;
  }
  // Beside the base lies another site of the same host.
  const bool outside = !resolved.path.starts_with(config_->base);
  if (outside || AnyGlobMatches(config_->allow_missing, resolved.path)) return;
  const bool note = reference.use == Use::kNavigate && config_->fallback.empty();
  if (!IsLoad(reference.use) && !note) return;
  const std::string what =
      Place(file, fragment, reference) + ": \"" + reference.url + "\" leads to " + resolved.path;
  if (IsLoad(reference.use)) {
    const std::string other = OtherCase(resolved.path);
    Missing(file, reference.use,
            what + ", which is not in the site" +
                (other.empty() ? "" : "; " + other + " is, and case counts in URLs"));
  } else {
    warnings_.push_back(what + ", which is no page of the site");
  }
}

std::string Links::OtherCase(const std::string& path) const {
  for (const SiteFile& file : site_->files) {
    if (EqualsIgnoreCase(path, file.path)) return file.path;
  }
  return "";
}

void Links::Missing(int file, Use use, std::string fault) {
  const bool script = site_->files[file].type == "text/javascript";
  if (use == Use::kImport && script) {
    imports_[file].push_back(std::move(fault));
  } else if (IsLoad(use)) {
    faults_.push_back(std::move(fault));
  }
}

// Modules that no page loads may be anybody's, for Node.js or for a bundler.
void Links::SeeImports() {
  std::vector<bool> seen(site_->files.size());
  std::vector<int> todo;
  for (size_t i = 0; i < seen.size(); ++i) {
    if (site_->files[i].type == "text/javascript") continue;
    todo.insert(todo.end(), loads_[i].begin(), loads_[i].end());
  }
  while (!todo.empty()) {
    const int file = todo.back();
    todo.pop_back();
    if (seen[file]) continue;
    seen[file] = true;
    todo.insert(todo.end(), loads_[file].begin(), loads_[file].end());
  }
  for (const auto& [file, faults] : imports_) {
    if (seen[file]) faults_.insert(faults_.end(), faults.begin(), faults.end());
  }
}

void Links::ReadFile(int file) {
  const SiteFile& source = site_->files[file];
  if (source.loaded.empty() || !HasReferences(source.type)) return;
  documents_[file] = ReadReferences(source.type, source.loaded);
  if (!documents_[file].refused.empty()) {
    faults_.push_back(source.on_disk.string() + ": " + documents_[file].refused);
  }
  for (const Fragment& fragment : documents_[file].fragments) {
    for (const Reference& reference : fragment.references) See(file, fragment, reference);
  }
  SortUnique(targets_[file]);
  SortUnique(loads_[file]);
}

Result<Links> Links::Read(const Site& site, const Config& config) {
  Links links(site, config);
  links.documents_.resize(site.files.size());
  links.targets_.resize(site.files.size());
  links.loads_.resize(site.files.size());
  for (size_t i = 0; i < site.files.size(); ++i) links.ReadFile(static_cast<int>(i));
  links.SeeImports();
  const std::vector<std::string>& faults = links.faults_;
  if (faults.empty()) return links;
  std::string all;
  for (size_t i = 0; i < std::min(faults.size(), kMostFaults); ++i) all += faults[i] + "\n";
  if (faults.size() > kMostFaults) {
    all += "and " + std::to_string(faults.size() - kMostFaults) + " more\n";
  }
  return Fail(Code::kInvalid, Side::kConfig,
              all +
                  "Add the file, mend the reference, or list the path under [references] "
                  "allow_missing in skerry.toml.");
}

}  // namespace skerry::pipeline
