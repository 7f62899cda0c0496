#include "pipeline/steps/naming.h"

#include <algorithm>
#include <set>
#include <string>

#include "core/asset/content_name.h"
#include "core/asset/media_type.h"
#include "pipeline/base/glob.h"

namespace skerry::pipeline {
namespace {

using asset::Hashed;

bool IsPage(const SiteFile& file) {
  return file.type == "text/html" || file.type == "application/xhtml+xml";
}

std::string Folder(const std::string& path) { return path.substr(0, path.rfind('/') + 1); }

// Asked for by name, whatever the pages say.
bool IsWellKnown(const std::string& path) {
  return AnyGlobMatches({"/favicon.ico", "/apple-touch-icon*.png", "/robots.txt", "/sitemap*.xml",
                         "/browserconfig.xml", ".well-known/**"},
                        path);
}

class Namer {
 public:
  Namer(const Site& site, const Links& links, const Config& config)
      : site_(site), links_(links), config_(config) {}

  std::vector<Naming> Run() {
    FindHashed();
    ReadMentions();
    FindReferenced();
    std::vector<Naming> names(site_.files.size());
    for (size_t i = 0; i < names.size(); ++i) names[i] = Decide(static_cast<int>(i));
    return names;
  }

 private:
  // An unsure name counts as hashed where a sure one lies in the same folder.
  void FindHashed() {
    std::set<std::string> bundled;
    for (const SiteFile& file : site_.files) {
      if (asset::DetectHash(file.path) == Hashed::kCertain) bundled.insert(Folder(file.path));
    }
    for (const SiteFile& file : site_.files) {
      const Hashed hashed = asset::DetectHash(file.path);
      hashed_.push_back(hashed == Hashed::kCertain ||
                        (hashed == Hashed::kPerhaps && bundled.contains(Folder(file.path))) ||
                        AnyGlobMatches(config_.hashed_names, file.path));
    }
  }

  void ReadMentions() {
    for (size_t i = 0; i < site_.files.size(); ++i) {
      const SiteFile& file = site_.files[i];
      if (HasReferences(file.type)) {
        const Document& document = links_.document(static_cast<int>(i));
        for (const std::string& value : document.values) code_.ReadText(value);
        for (const std::string& script : document.scripts) {
          code_.ReadScript(script);
          FindWorkers(script);
        }
      } else if (!file.path.ends_with(".map") && asset::IsCompressible(file.type)) {
        // Source maps quote sources; nothing is fetched because of them.
        data_.ReadText(file.loaded);
      }
    }
  }

  // serviceWorker.register("/sw.js")
  void FindWorkers(std::string_view script) {
    constexpr std::string_view kCall = "serviceWorker.register(";
    for (size_t at = script.find(kCall); at != std::string_view::npos;
         at = script.find(kCall, at + 1)) {
      const size_t open = script.find_first_of("\"'`", at + kCall.size());
      if (open == std::string_view::npos || open > at + kCall.size() + 16) continue;
      const size_t close = script.find(script[open], open + 1);
      if (close == std::string_view::npos) continue;
      const std::string_view url = script.substr(open + 1, close - open - 1);
      workers_.emplace(url.substr(url.rfind('/') + 1));
    }
  }

  void FindReferenced() {
    for (size_t i = 0; i < site_.files.size(); ++i) {
      for (const int target : links_.targets(static_cast<int>(i))) {
        if (target == static_cast<int>(i)) continue;
        (hashed_[i] ? pinned_ : referenced_).insert(target);
        if (site_.files[i].type == "text/javascript") of_scripts_.insert(target);
      }
    }
  }

  Naming Decide(int index) const {
    const SiteFile& file = site_.files[index];
    const std::string name = file.path.substr(file.path.rfind('/') + 1);
    Naming naming;
    naming.hashed = hashed_[index];
    naming.worker = workers_.contains(name) || name == "sw.js" || name == "service-worker.js";
    const bool script = file.type == "text/javascript";
    const bool in_code = code_.Has(file.path);
    naming.in_code = in_code || of_scripts_.contains(index);
    const bool stays = IsPage(file) || naming.hashed || naming.worker ||
                       file.type == "application/manifest+json" ||
                       file.path.ends_with("/manifest.json") ||
                       AnyGlobMatches(config_.keep_names, file.path) ||
                       (script && (in_code || pinned_.contains(index)));
    naming.rename = referenced_.contains(index) && !stays;
    naming.keep_old = naming.rename && (in_code || data_.Has(file.path) ||
                                        pinned_.contains(index) || IsWellKnown(file.path));
    return naming;
  }

  const Site& site_;
  const Links& links_;
  const Config& config_;
  std::vector<bool> hashed_;
  Mentions code_;                               // scripts and attributes that scripts read
  Mentions data_;                               // JSON, XML and other text
  std::set<std::string, std::less<>> workers_;  // file names
  std::set<int> referenced_;
  std::set<int> pinned_;      // by files whose bytes must not change
  std::set<int> of_scripts_;  // what scripts refer to
};

}  // namespace

std::vector<Naming> DecideNames(const Site& site, const Links& links, const Config& config) {
  return Namer(site, links, config).Run();
}

}  // namespace skerry::pipeline
