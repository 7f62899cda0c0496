#include "pipeline/derive.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <memory>
#include <set>

#include "core/asset/content_name.h"
#include "core/base/thread.h"
#include "pipeline/files.h"
#include "pipeline/glob.h"
#include "pipeline/images/encode.h"
#include "pipeline/images/image.h"

namespace skerry::pipeline {
namespace {

// Encodings go first: decoded pictures wait for them in memory.
constexpr uint64_t kEncodeFirst = uint64_t{1} << 62;
constexpr uint32_t kWidestWebp = 16383;

// One file to be made, and where its bytes go.
struct Slot {
  ImageRecipe recipe;
  uint32_t width = 0;
  uint32_t height = 0;
  std::string key;    // in the build cache
  std::string bytes;  // empty until made
};

struct Job {
  int file = 0;
  ImageInfo info;
  std::vector<uint32_t> widths;  // descending
  std::vector<Slot> slots;
  std::atomic<size_t> left{0};  // slots without bytes
};
using JobPtr = std::shared_ptr<Job>;

bool WorthIt(size_t size, size_t instead_of) { return size * 100 < instead_of * 97; }

std::string PixelCount(const ImageInfo& info) {
  return std::to_string(info.width) + " " + std::to_string(info.height) + " " +
         std::to_string(info.graphics) + " " + std::to_string(info.animated);
}

std::optional<ImageInfo> InfoFrom(const std::optional<std::string>& kept) {
  ImageInfo info;
  int graphics = 0;
  int animated = 0;
  if (!kept || std::sscanf(kept->c_str(), "%u %u %d %d", &info.width, &info.height, &graphics,
                           &animated) != 4) {
    return std::nullopt;
  }
  info.graphics = graphics != 0;
  info.animated = animated != 0;
  return info;
}

class Deriver {
 public:
  Deriver(Site& site, const Config& config, const std::filesystem::path& files, BuildCache& cache,
          Crew& crew, Progress& progress)
      : site_(site),
        config_(config),
        files_(files),
        cache_(cache),
        crew_(crew),
        progress_(progress) {}

  Result<Pictures> Run() {
    std::vector<int> wanted;
    for (size_t i = 0; i < site_.files.size(); ++i) {
      const SiteFile& file = site_.files[i];
      const bool raster = file.type == "image/jpeg" || file.type == "image/png";
      if (!raster || !AnyGlobMatches(config_.image_include, file.path) ||
          AnyGlobMatches(config_.image_exclude, file.path)) {
        continue;
      }
      wanted.push_back(static_cast<int>(i));
      ++stems_[Stem(file.path)];
    }
    progress_.Begin("derive", wanted.size());
    for (const int file : wanted) {
      crew_.Add(site_.files[file].size, [this, file] { Begin(file); });
    }
    crew_.Wait();
    MutexLock lock(mutex_);
    if (!faults_.empty()) return Fail(Code::kInvalid, Side::kConfig, AllFaults());
    return std::move(pictures_);
  }

 private:
  static std::string Stem(const std::string& path) { return path.substr(0, path.rfind('.')); }

  std::string AllFaults() SKERRY_REQUIRES(mutex_) {
    std::string all;
    for (const std::string& fault : faults_) all += (all.empty() ? "" : "\n") + fault;
    return all;
  }

  void Fault(int file, const std::string& what) {
    MutexLock lock(mutex_);
    faults_.insert(site_.files[file].on_disk.string() + ": " + what);
  }

  void Begin(int file) {
    const SiteFile& source = site_.files[file];
    const Result<std::string> bytes = ReadFile(source.on_disk);
    if (!bytes) return Fault(file, bytes.error().context);
    const Result<ImageInfo> info = Look(source, *bytes);
    if (!info)
      return Fault(file, info.error().context + "; mend the file or exclude it ([images] exclude)");
    auto job = std::make_shared<Job>();
    job->file = file;
    job->info = *info;
    Plan(*job);
    for (Slot& slot : job->slots) {
      if (std::optional<std::string> kept = cache_.Get(slot.key)) slot.bytes = *std::move(kept);
      if (slot.bytes.empty()) ++job->left;
    }
    if (job->left == 0) {
      Finish(*job);
    } else {
      Decode(job, *bytes);
    }
    LeaveImages();
  }

  Result<ImageInfo> Look(const SiteFile& source, std::string_view bytes) {
    const std::string key =
        BuildCache::Key(source.sha256, "probe " + std::to_string(config_.image_max_pixels) + " " +
                                           DecoderVersion());
    if (std::optional<ImageInfo> known = InfoFrom(cache_.Get(key))) return *known;
    Result<ImageInfo> info = Probe(bytes, static_cast<uint64_t>(config_.image_max_pixels));
    if (info) cache_.Put(key, PixelCount(*info));
    return info;
  }

  // Every slot of the picture, with its key. A level is scaled from the wider ones, so
  // they belong to its recipe.
  void Plan(Job& job) {
    if (job.info.animated) return;
    const SiteFile& source = site_.files[job.file];
    const bool replace = config_.image_max_width > 0 && source.type == "image/jpeg";
    const uint32_t limit = replace ? static_cast<uint32_t>(config_.image_max_width) : 0;
    job.widths = VariantWidths(job.info.width, config_.image_widths, limit);
    std::string chain = DecoderVersion() + " pyramid";
    for (const uint32_t width : job.widths) {
      chain += " " + std::to_string(width);
      if (replace && width == job.widths.front() && width < job.info.width) {
        AddSlot(job, source, Format::kJpeg, width, chain);
      }
      for (const std::string& format : config_.image_formats) {
        AddSlot(job, source, format == "avif" ? Format::kAvif : Format::kWebp, width, chain);
      }
    }
  }

  void AddSlot(Job& job, const SiteFile& source, Format format, uint32_t width,
               const std::string& chain) {
    Slot slot;
    slot.recipe = {format, static_cast<uint32_t>(config_.image_target), job.info.graphics};
    slot.width = width;
    slot.height = std::max<uint32_t>(
        1, static_cast<uint32_t>(
               std::lround(static_cast<double>(job.info.height) * width / job.info.width)));
    if (format == Format::kWebp && std::max(slot.width, slot.height) > kWidestWebp) return;
    slot.key = BuildCache::Key(source.sha256, chain + " " + Canonical(slot.recipe));
    job.slots.push_back(std::move(slot));
  }

  void Decode(const JobPtr& job, std::string_view bytes) {
    Result<std::vector<Pixels>> levels = Pyramid(bytes, job->widths);
    if (!levels)
      return Fault(job->file,
                   levels.error().context + "; mend the file or exclude it ([images] exclude)");
    std::vector<std::shared_ptr<const Pixels>> shared;
    for (Pixels& level : *levels)
      shared.push_back(std::make_shared<const Pixels>(std::move(level)));
    // Collected first: the last encoding may finish before this loop does.
    std::vector<std::pair<Slot*, std::shared_ptr<const Pixels>>> todo;
    for (Slot& slot : job->slots) {
      if (!slot.bytes.empty()) continue;
      const auto level = std::find(job->widths.begin(), job->widths.end(), slot.width);
      todo.emplace_back(&slot, shared[level - job->widths.begin()]);
    }
    progress_.Add(todo.size());
    for (auto& [slot, pixels] : todo) {
      const uint64_t cost = uint64_t{pixels->width} * pixels->height;
      crew_.Add(kEncodeFirst + cost, [this, job, slot = slot, pixels = std::move(pixels)] {
        Make(job, *slot, *pixels);
      });
    }
  }

  void Make(const JobPtr& job, Slot& slot, const Pixels& pixels) {
    Result<std::string> encoded = Encode(slot.recipe, pixels);
    if (!encoded) return Fault(job->file, encoded.error().context);
    slot.bytes = *std::move(encoded);
    slot.height = pixels.height;
    cache_.Put(slot.key, slot.bytes);
    progress_.Done();
    if (--job->left == 0) Finish(*job);
  }

  // All slots are made: decides which stay, and writes them.
  void Finish(Job& job) {
    SiteFile& source = site_.files[job.file];
    Picture picture{job.info.width, job.info.height, {}};
    for (Slot& slot : job.slots) {
      if (slot.recipe.format != Format::kJpeg) continue;
      if (!WorthIt(slot.bytes.size(), source.size)) continue;
      picture.width = slot.width;
      picture.height = slot.height;
      source.size = slot.bytes.size();
      source.sha256 = Sha256(slot.bytes);
      source.loaded = std::move(slot.bytes);
    }
    for (const Slot& slot : job.slots) {
      if (slot.recipe.format == Format::kJpeg || !Stays(job, slot, source.size)) continue;
      if (slot.width > picture.width) continue;
      asset::ImageVariant variant{std::string(MediaType(slot.recipe.format)),
                                  slot.width,
                                  slot.height,
                                  VariantPath(source.path, slot),
                                  Sha256(slot.bytes),
                                  slot.bytes.size()};
      const Status written = WriteFile(files_ / variant.path.substr(1), slot.bytes);
      if (!written) return Fault(job.file, written.error().context);
      picture.variants.push_back(std::move(variant));
    }
    MutexLock lock(mutex_);
    pictures_[job.file] = std::move(picture);
    progress_.Done();
  }

  bool Stays(const Job& job, const Slot& slot, ByteCount original) const {
    if (!WorthIt(slot.bytes.size(), original)) return false;
    if (slot.recipe.format != Format::kAvif) return true;
    for (const Slot& other : job.slots) {
      if (other.recipe.format == Format::kWebp && other.width == slot.width) {
        return WorthIt(slot.bytes.size(), other.bytes.size());
      }
    }
    return true;
  }

  // "/img/hero.jpg" -> "/img/hero-800.5d1e77c0.avif"; where a hero.png stands beside it,
  // "/img/hero-jpg-800.5d1e77c0.avif".
  std::string VariantPath(const std::string& path, const Slot& slot) const {
    std::string stem = Stem(path);
    if (stems_.at(stem) > 1) stem += "-" + path.substr(path.rfind('.') + 1);
    const std::string name =
        stem + "-" + std::to_string(slot.width) + "." + std::string(Name(slot.recipe.format));
    return asset::HashedName(name, Sha256(slot.bytes));
  }

  Site& site_;
  const Config& config_;
  const std::filesystem::path& files_;
  BuildCache& cache_;
  Crew& crew_;
  Progress& progress_;
  std::map<std::string, int> stems_;  // how many pictures share one
  Mutex mutex_;                       // last: only Progress is called while it is held
  Pictures pictures_ SKERRY_GUARDED_BY(mutex_);
  std::set<std::string> faults_ SKERRY_GUARDED_BY(mutex_);
};

}  // namespace

std::vector<uint32_t> VariantWidths(uint32_t own, const std::vector<int64_t>& configured,
                                    uint32_t max_width) {
  const uint32_t widest = max_width > 0 ? std::min(own, max_width) : own;
  std::set<uint32_t, std::greater<>> widths{widest};
  for (const int64_t width : configured) {
    if (width * 10 <= int64_t{widest} * 9) widths.insert(static_cast<uint32_t>(width));
  }
  return {widths.begin(), widths.end()};
}

Result<Pictures> Derive(Site& site, const Config& config, const std::filesystem::path& files,
                        BuildCache& cache, Crew& crew, Progress& progress) {
  return Deriver(site, config, files, cache, crew, progress).Run();
}

}  // namespace skerry::pipeline
