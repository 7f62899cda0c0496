#include "pipeline/steps/fingerprint.h"

#include <algorithm>
#include <set>

#include "core/asset/content_name.h"
#include "core/asset/site_path.h"
#include "core/base/digest.h"
#include "pipeline/base/glob.h"
#include "pipeline/references/rewrite.h"
#include "pipeline/steps/cycles.h"
#include "pipeline/steps/links.h"
#include "pipeline/steps/markup.h"
#include "pipeline/steps/naming.h"
#include "pipeline/steps/service_worker.h"

namespace skerry::pipeline {
namespace {

constexpr size_t kMostLinks = 16;  // Link fields a page; browsers act on the first few

bool IsPage(const SiteFile& file) {
  return file.type == "text/html" || file.type == "application/xhtml+xml";
}

class Fingerprinter {
 public:
  Fingerprinter(const Site& site, const Pictures& pictures, const Config& config,
                const Links& links)
      : site_(site),
        pictures_(pictures),
        config_(config),
        links_(links),
        names_(DecideNames(site, links, config)),
        outputs_(site.files.size()) {}

  Fingerprinted Run() {
    ReserveNames();
    NameRenamed();
    // Pages last: their integrity attributes tell of everything else.
    for (const bool pages : {false, true}) {
      for (int i = 0; i < Count(); ++i) {
        if (!names_[i].rename && IsPage(site_.files[i]) == pages) WriteKept(i);
      }
    }
    Fingerprinted result;
    result.references = links_.references();
    result.rewritten_references = rewritten_;
    result.warnings = links_.warnings();
    for (int i = 0; i < Count(); ++i) result.loads.push_back(links_.loads(i));
    for (const Naming& naming : names_) result.in_code.push_back(naming.in_code);
    AddSecondNames();
    result.outputs = std::move(outputs_);
    return result;
  }

 private:
  int Count() const { return static_cast<int>(site_.files.size()); }

  void ReserveNames() {
    for (const SiteFile& file : site_.files) taken_.insert(file.path);
    for (const auto& [file, picture] : pictures_) {
      for (const asset::ImageVariant& variant : picture.variants) taken_.insert(variant.path);
    }
  }

  void NameRenamed() {
    std::vector<std::vector<int>> edges(site_.files.size());
    for (int i = 0; i < Count(); ++i) {
      if (!names_[i].rename) continue;
      for (const int target : links_.targets(i)) {
        if (names_[target].rename) edges[i].push_back(target);
      }
    }
    for (const std::vector<int>& members : Components(edges)) {
      const int first = members.front();
      if (!names_[first].rename) continue;
      const bool cycle =
          members.size() > 1 || std::binary_search(edges[first].begin(), edges[first].end(), first);
      if (cycle) {
        NameCycle(members);
      } else {
        Write(first);
        SetName(first, outputs_[first].sha256);
      }
    }
  }

  // The digest is of all members with each other's old names in place of the new.
  void NameCycle(const std::vector<int>& members) {
    Sha256Stream stream;
    const size_t counted = rewritten_;
    for (const int member : members) {
      stream.Update(site_.files[member].path);
      const std::string text = Rewritten(member);
      stream.Update(std::to_string(text.size()));
      stream.Update(text);
    }
    rewritten_ = counted;
    const Sha256Digest digest = stream.Finish();
    for (const int member : members) SetName(member, digest);
    for (const int member : members) Write(member);
  }

  void SetName(int file, const Sha256Digest& digest) {
    const std::string& old = site_.files[file].path;
    std::string name;
    for (size_t digits = asset::kNameDigits; digits <= 64; digits += 8) {
      name = asset::HashedName(old, digest, digits);
      if (taken_.insert(name).second) break;
    }
    outputs_[file].path = name;
    outputs_[file].source = old;
    outputs_[file].cache = asset::CacheClass::kImmutable;
  }

  // What the reference shall say, nothing when its target keeps its name.
  std::optional<std::string> NewUrl(int file, const Reference& reference) const {
    const Target target = reference.crop.empty()
                              ? links_.Find(file, reference.url, reference.use)
                              : links_.FindImage(file, reference.url, reference.crop);
    if (target.file == kNoFile || outputs_[target.file].source.empty()) return std::nullopt;
    return WithFileName(reference.url, target.path_length, outputs_[target.file].path);
  }

  std::vector<Edit> Edits(int file) {
    // Under a name that is kept for good the bytes must be the same for good, also when
    // something it refers to changes.
    if (names_[file].hashed) return {};
    return RenameEdits(site_.files[file].loaded, links_.document(file),
                       [&](const Reference& reference) {
                         std::optional<std::string> url = NewUrl(file, reference);
                         rewritten_ += url ? 1 : 0;
                         return url;
                       });
  }

  std::string Rewritten(int file) { return Apply(site_.files[file].loaded, Edits(file)); }

  // Fills in the bytes of an output.
  void Write(int file) {
    const SiteFile& source = site_.files[file];
    Output& output = outputs_[file];
    output.file = file;
    output.sha256 = source.sha256;
    output.size = source.size;
    std::vector<Edit> edits = Edits(file);
    if (IsPage(source)) AddPageEdits(file, edits);
    if (edits.empty()) return;
    output.text = Apply(source.loaded, std::move(edits));
    output.rewritten = true;
    output.size = output.text.size();
    output.sha256 = Sha256(output.text);
  }

  void WriteKept(int file) {
    const SiteFile& source = site_.files[file];
    Write(file);
    Output& output = outputs_[file];
    output.path = source.path;
    if (names_[file].worker) {
      output.cache = asset::CacheClass::kRevalidate;
    } else if (names_[file].hashed) {
      output.cache = asset::CacheClass::kImmutable;
    } else if (IsPage(source)) {
      output.cache = asset::CacheClass::kPage;
      AddLinks(file);
      AddPolicy(file);
    }
  }

  // What a Content-Security-Policy has to name so that the page's inline parts run.
  void AddPolicy(int file) {
    Output& output = outputs_[file];
    const InlineTexts texts =
        ReadInlineTexts(output.rewritten ? output.text : site_.files[file].loaded);
    const auto note = [&](const char* name, const std::vector<std::string>& inlined) {
      std::set<std::string> sources;
      for (const std::string& text : inlined) {
        sources.insert("'sha256-" + ToBase64(Sha256(text).raw()) + "'");
      }
      std::string all;
      for (const std::string& source : sources) all += (all.empty() ? "" : " ") + source;
      if (!all.empty()) output.notes[name] = all;
    };
    note("csp script-src", texts.scripts);
    note("csp style-src", texts.styles);
  }

  void AddPageEdits(int file, std::vector<Edit>& edits) {
    const Document& document = links_.document(file);
    for (const Integrity& integrity : document.integrities) {
      const Target target = links_.Find(file, integrity.url, Use::kLoad);
      if (target.file == kNoFile || !outputs_[target.file].rewritten) continue;
      edits.push_back({integrity.offset, integrity.length,
                       "sha256-" + ToBase64(outputs_[target.file].sha256.raw())});
    }
    for (const Img& img : document.images) {
      const Target target = links_.FindImage(file, img.src, img.crop);
      const auto picture = pictures_.find(target.file);
      if (picture == pictures_.end() || img.in_picture || img.has_srcset) continue;
      const bool wanted = img.wants_picture || !img.crop.empty() ||
                          AnyGlobMatches(config_.picture, site_.files[target.file].path);
      if (!wanted) continue;
      const bool placeholder = img.wants_placeholder ||
                               AnyGlobMatches(config_.placeholder, site_.files[target.file].path);
      for (Edit& edit : PictureEdits({img, target.path_length, picture->second,
                                      outputs_[target.file].path, placeholder})) {
        edits.push_back(std::move(edit));
      }
    }
    if (std::string script = RegistrationOf(config_); !script.empty()) {
      edits.push_back({document.script_place, 0, std::move(script)});
    }
  }

  void AddLinks(int file) {
    std::vector<std::string>& links = outputs_[file].links;
    for (const Preload& preload : links_.document(file).preloads) {
      std::string url;
      const Target target = links_.Find(file, preload.url, Use::kLoad);
      if (target.file != kNoFile) {
        url = asset::UrlOfSitePath(outputs_[target.file].path);
      } else if (preload.rel == "preconnect" && preload.url.starts_with("https://") &&
                 preload.url.find_first_of("<> \"") == std::string::npos) {
        url = preload.url;
      }
      if (url.empty() || links.size() == kMostLinks) continue;
      std::string field = LinkField(preload, url);
      if (std::find(links.begin(), links.end(), field) == links.end()) {
        links.push_back(std::move(field));
      }
    }
  }

  void AddSecondNames() {
    for (int i = 0; i < Count(); ++i) {
      if (!names_[i].keep_old) continue;
      Output second = outputs_[i];
      second.path = std::exchange(second.source, "");
      second.cache = asset::CacheClass::kAsset;
      second.second_name = true;
      outputs_.push_back(std::move(second));
    }
    std::sort(outputs_.begin(), outputs_.end(),
              [](const Output& a, const Output& b) { return a.path < b.path; });
  }

  const Site& site_;
  const Pictures& pictures_;
  const Config& config_;
  const Links& links_;
  std::vector<Naming> names_;
  std::vector<Output> outputs_;  // by file until the second names are added
  std::set<std::string> taken_;
  size_t rewritten_ = 0;
};

}  // namespace

Fingerprinted Fingerprint(const Site& site, const Links& links, const Pictures& pictures,
                          const Config& config) {
  return Fingerprinter(site, pictures, config, links).Run();
}

Result<Fingerprinted> Fingerprint(const Site& site, const Pictures& pictures,
                                  const Config& config) {
  const Result<Links> links = Links::Read(site, config);
  if (!links) return Fail(links.error());
  return Fingerprint(site, *links, pictures, config);
}

}  // namespace skerry::pipeline
