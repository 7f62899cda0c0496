// The files of a site and the references between them.
#pragma once

#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"
#include "pipeline/references/reference.h"
#include "pipeline/steps/config.h"
#include "pipeline/steps/site.h"

namespace skerry::pipeline {

inline constexpr int kNoFile = -1;

struct Target {
  int file = kNoFile;
  size_t path_length = 0;  // of the URL text, see resolve.h
};

// All documents of a site, read, and where their references lead. Borrows the site and
// the configuration. Immutable once read.
class Links {
 public:
  // kInvalid names every load of a missing file with file and line.
  static Result<Links> Read(const Site& site, const Config& config);

  const Document& document(int file) const { return documents_[file]; }
  // Where `url` leads from `file`, kNoFile for what is no file of the site.
  Target Find(int file, std::string_view url, Use use) const;
  // The same for an <img> that may ask for a part of a picture (Img::crop).
  Target FindImage(int file, std::string_view url, const std::string& crop) const;
  // Files that `file` refers to in ways that are rewritten, each once, sorted.
  const std::vector<int>& targets(int file) const { return targets_[file]; }
  // Those of them that are fetched with it.
  const std::vector<int>& loads(int file) const { return loads_[file]; }

  size_t references() const { return references_; }
  const std::vector<std::string>& warnings() const { return warnings_; }

 private:
  Links(const Site& site, const Config& config) : site_(&site), config_(&config) {}
  void ReadFile(int file);
  void See(int file, const Fragment& fragment, const Reference& reference);
  void Missing(int file, Use use, std::string fault);
  void SeeImports();
  // A file that `path` would mean on a disk that takes "A" for "a", or "".
  std::string OtherCase(const std::string& path) const;
  std::string Place(int file, const Fragment& fragment, const Reference& reference) const;

  const Site* site_;
  const Config* config_;
  std::vector<Document> documents_;
  std::vector<std::vector<int>> targets_;
  std::vector<std::vector<int>> loads_;
  size_t references_ = 0;
  std::vector<std::string> warnings_;
  std::vector<std::string> faults_;
  std::map<int, std::vector<std::string>> imports_;  // faults, where the file is loaded at all
};

}  // namespace skerry::pipeline
