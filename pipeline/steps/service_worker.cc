#include "pipeline/steps/service_worker.h"

#include <algorithm>

#include "core/asset/site_path.h"
#include "core/base/digest.h"
#include "pipeline/base/glob.h"
#include "pipeline/steps/service_worker_text.h"

namespace skerry::pipeline {
namespace {

constexpr size_t kIdDigits = 16;

struct Precached {
  std::string url;
  Sha256Digest sha256;
  ByteCount size = 0;
  bool hashed = false;  // the name holds the digest
};

tl::unexpected<Error> Bad(const std::string& what) {
  return Fail(Code::kInvalid, Side::kConfig, what);
}

bool Wanted(const Config& config) { return config.worker_enabled || config.worker_retire; }

std::string WorkerPath(const Config& config) { return config.base + config.worker_file; }

const Output* FindOutput(const Fingerprinted& release, const std::string& path) {
  for (const Output& output : release.outputs) {
    if (output.path == path) return &output;
  }
  return nullptr;
}

class Worker {
 public:
  Worker(const Pictures& pictures, const Config& config, Site& site, Fingerprinted& release)
      : pictures_(pictures), config_(config), site_(site), release_(release) {}

  Status Run() {
    // The id tells of all files but the ones that hold it.
    const std::string id = ReleaseId();
    if (config_.worker_enabled && !config_.worker_retire) {
      if (Status ok = FindOffline(); !ok) return ok;
      Choose();
    }
    if (Wanted(config_)) {
      if (Status ok = WriteWorker(id); !ok) return ok;
    }
    if (!config_.worker_list.empty()) {
      if (precached_.empty()) Choose();
      if (Status ok = WriteList(); !ok) return ok;
    }
    std::sort(release_.outputs.begin(), release_.outputs.end(),
              [](const Output& a, const Output& b) { return a.path < b.path; });
    return {};
  }

 private:
  std::string ReleaseId() const {
    Sha256Stream stream;
    const auto see = [&](const std::string& path, const Sha256Digest& digest) {
      stream.Update(path);
      stream.Update(std::string_view("\0", 1));
      stream.Update(digest.raw());
    };
    for (const Output& output : release_.outputs) see(output.path, output.sha256);
    for (const auto& [file, picture] : pictures_) {
      for (const asset::ImageVariant& variant : picture.variants) see(variant.path, variant.sha256);
    }
    return stream.Finish().Hex().substr(0, kIdDigits);
  }

  // The page for navigations that no cached page answers.
  Status FindOffline() {
    offline_ = config_.worker_offline;
    if (offline_.empty()) offline_ = config_.fallback;
    const std::string usual = config_.base + "offline.html";
    if (offline_.empty() && FindOutput(release_, usual) != nullptr) offline_ = usual;
    if (!offline_.empty() && FindOutput(release_, offline_) == nullptr) {
      return Bad("service_worker.offline names the page " + offline_ +
                 ", which is not in the site; correct skerry.toml");
    }
    return {};
  }

  void Choose() {
    for (Output& output : release_.outputs) {
      const std::string& logical = output.source.empty() ? output.path : output.source;
      if (output.cache == asset::CacheClass::kRevalidate) continue;
      if (output.path == offline_ || AnyGlobMatches(config_.worker_precache, logical)) {
        Add(output, output.path, output.sha256, output.size,
            output.cache == asset::CacheClass::kImmutable);
      }
      const auto picture = pictures_.find(output.file);
      if (picture == pictures_.end() || output.second_name) continue;
      for (const asset::ImageVariant& variant : picture->second.variants) {
        if (!AnyGlobMatches(config_.worker_precache, variant.path)) continue;
        Add(output, variant.path, variant.sha256, variant.size, true);
      }
    }
    std::sort(precached_.begin(), precached_.end(),
              [](const Precached& a, const Precached& b) { return a.url < b.url; });
    for (const std::string& pattern : config_.worker_precache) WarnOfNothing(pattern);
  }

  void Add(Output& output, const std::string& path, const Sha256Digest& sha256, ByteCount size,
           bool hashed) {
    precached_.push_back({asset::UrlOfSitePath(path), sha256, size, hashed});
    release_.precached_bytes += size;
    std::string& note = output.notes[kPrecacheNote];
    note += (note.empty() ? "" : " ") + precached_.back().url;
  }

  void WarnOfNothing(const std::string& pattern) {
    // The defaults are for any site.
    if (!config_.places.Has("service_worker.precache")) return;
    const bool any =
        std::any_of(release_.outputs.begin(), release_.outputs.end(), [&](const Output& output) {
          const std::string& logical = output.source.empty() ? output.path : output.source;
          return output.notes.contains(kPrecacheNote) && GlobMatches(pattern, logical);
        });
    const bool variant =
        std::any_of(precached_.begin(), precached_.end(),
                    [&](const Precached& each) { return GlobMatches(pattern, each.url); });
    if (any || variant) return;
    release_.warnings.push_back("service_worker.precache: \"" + pattern +
                                "\" matches no file of the site");
  }

  Status WriteWorker(const std::string& id) {
    for (const Output& output : release_.outputs) {
      if (output.cache != asset::CacheClass::kRevalidate) continue;
      release_.warnings.push_back("the site has a service worker of its own, " + output.path +
                                  "; of two workers for the same pages, the one registered last "
                                  "replaces the other");
    }
    if (!config_.worker_retire) WarnOfUnregistered();
    WorkerText text{config_.base, id, "", "", ""};
    if (!offline_.empty()) text.offline = asset::UrlOfSitePath(offline_);
    for (const Precached& file : precached_) {
      (file.hashed ? text.hashed : text.named) +=
          "  [\"" + file.url + "\", \"" + ToBase64(file.sha256.raw()) + "\"],\n";
    }
    const bool retired = config_.worker_retire;
    return Write(WorkerPath(config_), "text/javascript",
                 retired ? RetiredWorker(config_.base) : ActiveWorker(text),
                 {{kWorkerNote, retired ? "retired" : "active"}});
  }

  void WarnOfUnregistered() {
    const bool named =
        std::any_of(site_.files.begin(), site_.files.end(), [&](const SiteFile& file) {
          return file.loaded.find(config_.worker_file) != std::string::npos;
        });
    if (named || config_.worker_register) return;
    release_.warnings.push_back("nothing in the site registers " + WorkerPath(config_) +
                                "; set service_worker.register = true, or call "
                                "navigator.serviceWorker.register(\"" +
                                asset::UrlOfSitePath(WorkerPath(config_)) + "\")");
  }

  // What Workbox's precacheAndRoute() takes: no revision where the name holds the digest.
  Status WriteList() {
    std::string json;
    for (const Precached& file : precached_) {
      json += json.empty() ? "[\n" : ",\n";
      json += "{\"url\":\"" + file.url + "\",\"revision\":" +
              (file.hashed ? "null" : "\"" + file.sha256.Hex().substr(0, 32) + "\"") +
              ",\"integrity\":\"sha256-" + ToBase64(file.sha256.raw()) + "\"}";
    }
    return Write(config_.base + config_.worker_list, "application/json",
                 json.empty() ? "[]\n" : json + "\n]\n", {});
  }

  Status Write(const std::string& path, const char* type, std::string text,
               std::map<std::string, std::string> notes) {
    if (const int file = site_.Find(path); file != -1) {
      return Bad(site_.files[file].on_disk.string() + ": the site already has a file " + path +
                 ", the name that [service_worker] is to write; remove the file, or name another "
                 "one (service_worker.file, service_worker.list)");
    }
    const int index = static_cast<int>(site_.files.size());
    SiteFile file{path, "(made by the build)", text.size(), Sha256(text), type, text};
    Output output{.file = index, .path = path, .sha256 = file.sha256, .size = text.size()};
    output.cache = asset::CacheClass::kRevalidate;
    output.notes = std::move(notes);
    site_.index[path] = index;
    site_.files.push_back(std::move(file));
    release_.loads.emplace_back();
    release_.outputs.push_back(std::move(output));
    return {};
  }

  const Pictures& pictures_;
  const Config& config_;
  Site& site_;
  Fingerprinted& release_;
  std::string offline_;
  std::vector<Precached> precached_;
};

// Browsers keep a worker whose file is gone, and go on asking it.
void WarnOfLeftWorker(const std::vector<FormerRelease>& former, Fingerprinted& release) {
  if (former.empty()) return;
  for (const asset::Entry& entry : former.front().manifest().entries) {
    const auto note = entry.notes.find(kWorkerNote);
    if (note == entry.notes.end() || note->second != "active") continue;
    if (FindOutput(release, entry.path) != nullptr) continue;
    release.warnings.push_back("the former release had the service worker " + entry.path +
                               ", which browsers keep although it is gone now; set "
                               "service_worker.retire = true (and the same service_worker.file) "
                               "to remove it from them");
  }
}

}  // namespace

Status AddServiceWorker(const Pictures& pictures, const Config& config,
                        const std::vector<FormerRelease>& former, Site& site,
                        Fingerprinted& release) {
  if (Wanted(config) || !config.worker_list.empty()) {
    if (Status ok = Worker(pictures, config, site, release).Run(); !ok) return ok;
  }
  WarnOfLeftWorker(former, release);
  return {};
}

std::string RegistrationOf(const Config& config) {
  if (!config.worker_enabled || config.worker_retire || !config.worker_register) return "";
  return "<script>if(\"serviceWorker\"in navigator)addEventListener(\"load\",function(){"
         "navigator.serviceWorker.register(\"" +
         asset::UrlOfSitePath(WorkerPath(config)) + "\").catch(console.warn)})</script>";
}

}  // namespace skerry::pipeline
