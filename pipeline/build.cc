#include "pipeline/build.h"

#include <chrono>
#include <system_error>

#include "pipeline/base/work.h"
#include "pipeline/images/image.h"
#include "pipeline/ship/deployed.h"
#include "pipeline/steps/build_cache.h"
#include "pipeline/steps/collect.h"
#include "pipeline/steps/config.h"
#include "pipeline/steps/crops.h"
#include "pipeline/steps/derive.h"
#include "pipeline/steps/fingerprint.h"
#include "pipeline/steps/links.h"
#include "pipeline/steps/pack.h"
#include "pipeline/steps/record.h"
#include "pipeline/steps/service_worker.h"

namespace skerry::pipeline {
namespace {

namespace fs = std::filesystem;

constexpr size_t kMostFormer = 3;

tl::unexpected<Failure> Stop(Exit exit, const Error& error) {
  return tl::unexpected(Failure{exit, error.context});
}

// The file named, or skerry.toml in the site's folder, or none: defaults.
Result<Config> FindConfig(const BuildOptions& options, fs::path& found) {
  std::error_code failed;
  found = options.config;
  if (found.empty() && fs::exists(options.site / "skerry.toml", failed)) {
    found = options.site / "skerry.toml";
  }
  if (found.empty()) return ParseConfig("defaults", "");
  return LoadConfig(found);
}

bool Contains(const fs::path& outer, const fs::path& inner) {
  const fs::path relative = inner.lexically_relative(outer);
  return !relative.empty() && *relative.begin() != "..";
}

// An output inside the site would be part of the next build; a site inside the output
// would be deleted.
bool Overlap(const BuildOptions& options) {
  std::error_code failed;
  const fs::path site = fs::weakly_canonical(options.site, failed);
  const fs::path out = fs::weakly_canonical(options.out, failed);
  return Contains(site, out) || Contains(out, site);
}

Result<std::vector<FormerRelease>> OpenFormer(const std::vector<fs::path>& folders) {
  std::vector<FormerRelease> former;
  for (const fs::path& folder : folders) {
    if (former.size() == kMostFormer) break;
    Result<FormerRelease> opened = FormerRelease::Open(folder);
    if (!opened) return Fail(std::move(opened.error()));
    former.push_back(*std::move(opened));
  }
  return former;
}

// What the flags say, then what the configuration says.
ShieldArguments DeployedBy(const BuildOptions& options, const Config& config) {
  ShieldArguments shield = options.deployed;
  const auto otherwise = [](std::string& value, const std::string& configured) {
    if (value.empty()) value = configured;
  };
  otherwise(shield.to, options.previous.empty() ? config.deployed_shield : "off");
  otherwise(shield.site, config.deployed_site);
  otherwise(shield.token_file, config.deployed_token_file);
  otherwise(shield.ca_file, config.deployed_ca_file);
  return shield;
}

// Former releases from folders or from the shield, and where nothing was deployed yet a note.
tl::expected<std::vector<FormerRelease>, Failure> FindFormer(const BuildOptions& options,
                                                             const Config& config,
                                                             BuildReport& report) {
  const ShieldArguments deployed = DeployedBy(options, config);
  if (deployed.to.empty() || deployed.to == "off") {
    Result<std::vector<FormerRelease>> former = OpenFormer(options.previous);
    if (!former) return Stop(Exit::kFailed, former.error());
    return *std::move(former);
  }
  const auto shield = CheckShield(deployed, "--deployed");
  if (!shield) return tl::unexpected(shield.error());
  Result<Deployed> found = OpenDeployed(*shield, kMostFormer);
  if (!found) return Stop(Exit::kFailed, found.error());
  report.deployed = std::move(found->ids);
  if (found->releases.empty()) {
    report.warnings.push_back("no release of site " + shield->site + " was active at " +
                              shield->to + " yet, so there are no deltas");
  }
  return std::move(found->releases);
}

struct Steps {
  Config config;
  Site site;
  std::vector<FormerRelease> former;
};

// From derive to record, in a folder that is not yet the release.
Result<BuildReport> Run(Steps& steps, ReleaseFolder& folder, BuildCache& cache,
                        const BuildOptions& options, Progress& progress) {
  if (Status ok = AddCrops(steps.site, steps.config); !ok) return Fail(std::move(ok.error()));
  // Before pictures are worked on, which takes long: a missing file is known at once.
  const Result<Links> links = Links::Read(steps.site, steps.config);
  if (!links) return Fail(links.error());
  Crew crew(options.jobs);
  Result<Derived> derived =
      Derive(steps.site, steps.config, folder.files(), options.keep_going, cache, crew, progress);
  if (!derived) return Fail(std::move(derived.error()));
  const Pictures& pictures = derived->pictures;
  Fingerprinted release = Fingerprint(steps.site, *links, pictures, steps.config);
  if (Status ok = AddServiceWorker(pictures, steps.config, steps.former, steps.site, release);
      !ok) {
    return Fail(std::move(ok.error()));
  }
  Result<Packed> packed =
      Pack(steps.site, release, steps.config, steps.former, folder.files(), cache, crew, progress);
  if (!packed) return Fail(std::move(packed.error()));
  Result<asset::Manifest> manifest = Record(steps.site, pictures, release, *packed, steps.config);
  if (!manifest) return Fail(std::move(manifest.error()));
  BuildReport report = Weigh(*manifest, steps.site, release, steps.config);
  report.broken = std::move(derived->broken);
  report.searched = derived->searched;
  report.probes = derived->probes;
  if (Status ok = folder.Finish(*manifest); !ok) return Fail(std::move(ok.error()));
  return report;
}

Result<Site> CollectKnown(const BuildOptions& options, const Config& config,
                          const fs::path& config_file, BuildCache& cache) {
  std::error_code failed;
  FileIndex index(cache, fs::weakly_canonical(options.site, failed));
  CollectOptions collect{config.base, {options.out}, &index};
  if (!config_file.empty()) collect.except.push_back(config_file);
  Result<Site> site = Collect(options.site, collect);
  if (site) index.Save();
  return site;
}

}  // namespace

tl::expected<BuildReport, Failure> Build(const BuildOptions& options, Progress& progress) {
  const auto started = std::chrono::steady_clock::now();
  fs::path config_file;
  Result<Config> config = FindConfig(options, config_file);
  if (!config) return Stop(Exit::kUsage, config.error());
  std::error_code failed;
  if (fs::is_directory(options.site, failed) && Overlap(options)) {
    return tl::unexpected(Failure{
        Exit::kUsage, "--out=" + options.out.string() + " and the site " + options.site.string() +
                          " lie inside each other; name a folder beside the site"});
  }
  BuildCache cache(options.cache);
  Result<Site> site = CollectKnown(options, *config, config_file, cache);
  if (!site) {
    const bool no_folder = site.error().code == Code::kNotFound;
    return Stop(no_folder ? Exit::kUsage : Exit::kFailed, site.error());
  }
  if (site->files.empty()) {
    // Activated, a release of nothing would take the site down.
    return tl::unexpected(Failure{Exit::kUsage, "no files in the site folder " +
                                                    options.site.string() +
                                                    "; build the site first, or name another"});
  }
  BuildReport found;
  auto former = FindFormer(options, *config, found);
  if (!former) return tl::unexpected(former.error());
  if (!former->empty()) found.before = former->front().manifest();
  Result<ReleaseFolder> folder = ReleaseFolder::Begin(options.out);
  if (!folder) return Stop(Exit::kUsage, folder.error());
  if (Status ok = StartImages(); !ok) return Stop(Exit::kFailed, ok.error());

  Steps steps{*std::move(config), *std::move(site), *std::move(former)};
  Result<BuildReport> report = Run(steps, *folder, cache, options, progress);
  progress.Clear();
  if (!report) return Stop(Exit::kFailed, report.error());
  cache.Trim(options.cache_limit);
  report->skipped = steps.site.skipped;
  report->deployed = std::move(found.deployed);
  report->before = std::move(found.before);
  report->warnings.insert(report->warnings.begin(), found.warnings.begin(), found.warnings.end());
  report->cache_hits = cache.hits();
  report->cache_misses = cache.misses();
  report->seconds =
      std::chrono::duration<double>(std::chrono::steady_clock::now() - started).count();
  return *std::move(report);
}

}  // namespace skerry::pipeline
