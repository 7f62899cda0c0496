#include "pipeline/steps/derive.h"

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstdio>
#include <map>
#include <memory>
#include <set>
#include <tuple>

#include "core/asset/content_name.h"
#include "core/base/thread.h"
#include "pipeline/base/files.h"
#include "pipeline/base/glob.h"
#include "pipeline/base/memory_gate.h"
#include "pipeline/images/encode.h"
#include "pipeline/images/image.h"
#include "pipeline/images/placeholder.h"
#include "pipeline/steps/variant_chain.h"

namespace skerry::pipeline {
namespace {

// Encodings go first: decoded pictures wait for them in memory.
constexpr uint64_t kEncodeFirst = uint64_t{1} << 62;
constexpr uint32_t kWidestWebp = 16383;
// Of the widest level while it is encoded, measured: pixels, the prepared original, the encoder.
constexpr ByteCount kBytesPerPixel = 80;
// Animations are encoded at one setting: scoring every frame costs more than it saves.
constexpr int kAnimationQuality = 75;

struct Job {
  int file = 0;
  ImageInfo info;
  ScaleOptions part;             // what is kept of it
  std::vector<uint32_t> widths;  // descending
  std::vector<VariantChain> chains;
  std::vector<LevelPtr> levels;  // by index in widths; let go when no chain needs them
  std::string animation;         // as WebP; "" when there is none
  std::string placeholder;
  std::string blurhash;
  ByteCount memory = 0;
  std::atomic<size_t> left{0};  // chains with empty slots
};
using JobPtr = std::shared_ptr<Job>;

bool WorthIt(size_t size, size_t instead_of) { return size * 100 < instead_of * 97; }

std::string ToText(const ImageInfo& info) {
  return std::to_string(info.width) + " " + std::to_string(info.height) + " " +
         std::to_string(info.frames) + " " + std::to_string(info.graphics) + " " +
         std::to_string(info.wide);
}

std::optional<ImageInfo> InfoFrom(const std::optional<std::string>& kept) {
  ImageInfo info;
  int graphics = 0;
  int wide = 0;
  if (!kept || std::sscanf(kept->c_str(), "%u %u %u %d %d", &info.width, &info.height, &info.frames,
                           &graphics, &wide) != 5) {
    return std::nullopt;
  }
  info.graphics = graphics != 0;
  info.wide = wide != 0;
  return info;
}

// AVIF before WebP before the formats of old: what a browser prefers.
int Rank(Format format) { return format == Format::kAvif ? 0 : format == Format::kWebp ? 1 : 2; }

class Deriver {
 public:
  Deriver(Site& site, const Config& config, const std::filesystem::path& files, bool keep_going,
          BuildCache& cache, Crew& crew, Progress& progress)
      : site_(site),
        config_(config),
        files_(files),
        keep_going_(keep_going),
        cache_(cache),
        crew_(crew),
        progress_(progress),
        memory_(config.image_memory > 0 ? config.image_memory : crew.jobs() * 64_MiB) {}

  Result<Derived> Run() {
    std::vector<int> wanted;
    for (size_t i = 0; i < site_.files.size(); ++i) {
      const SiteFile& file = site_.files[i];
      const bool included = AnyGlobMatches(config_.image_include, file.path) &&
                            !AnyGlobMatches(config_.image_exclude, file.path);
      if (!IsRaster(file.type) || (!included && !file.crop)) continue;
      wanted.push_back(static_cast<int>(i));
      ++stems_[Stem(file.path)];
    }
    uint64_t cost = 0;
    for (const int file : wanted) cost += GuessedCost(site_.files[file]);
    progress_.Begin("derive", cost);
    for (const int file : Firsts(wanted)) {
      crew_.Add(site_.files[file].size, [this, file] { Begin(file); });
    }
    crew_.Wait();
    MutexLock lock(mutex_);
    derived_.broken.assign(faults_.begin(), faults_.end());
    if (!faults_.empty() && !keep_going_) {
      return Fail(Code::kInvalid, Side::kConfig, AllFaults());
    }
    if (Status ok = FillCrops(); !ok) return Fail(std::move(ok.error()));
    return std::move(derived_);
  }

 private:
  // Costs are for the progress bar: about pixels written as WebP, by the seconds they take.
  static uint64_t CostOf(const Slot& slot) {
    const int rank = Rank(slot.recipe.format);
    return uint64_t{slot.width} * slot.height * (rank == 0 ? 4 : rank == 1 ? 2 : 1);
  }
  static uint64_t CostOfReading(const Job& job) {
    return uint64_t{job.info.width} * job.info.height * job.info.frames / 8;
  }
  // Before the header is read.
  static uint64_t GuessedCost(const SiteFile& file) { return file.size * 16; }

  void KnowCost(const Job& job) {
    uint64_t cost = CostOfReading(job);
    for (const VariantChain& chain : job.chains) {
      for (size_t i = chain.NextEmpty(); i < chain.slots.size(); ++i)
        cost += CostOf(chain.slots[i]);
    }
    progress_.Add(cost);
  }

  // Of pictures with the same bytes and the same part of them, the first; the others wait for
  // what is made of it, which they find in the cache.
  std::vector<int> Firsts(const std::vector<int>& wanted) {
    std::vector<int> firsts;
    std::map<std::tuple<Sha256Digest, std::string, std::string>, int> known;
    MutexLock lock(mutex_);
    for (const int file : wanted) {
      const SiteFile& source = site_.files[file];
      const auto [at, added] =
          known.try_emplace({source.sha256, source.type, PartOf(source)}, file);
      if (added) {
        firsts.push_back(file);
      } else {
        twins_[at->second].push_back(file);
      }
    }
    return firsts;
  }

  // `file` is done, or cannot be.
  void BeginTwins(int file) {
    std::vector<int> twins;
    {
      MutexLock lock(mutex_);
      const auto found = twins_.find(file);
      if (found == twins_.end()) return;
      twins = std::move(found->second);
      twins_.erase(found);
    }
    for (const int twin : twins) {
      crew_.Add(site_.files[twin].size, [this, twin] { Begin(twin); });
    }
  }

  static std::string Stem(const std::string& path) { return path.substr(0, path.rfind('.')); }

  // A part that could not be made is the whole, untouched.
  Status FillCrops() {
    for (SiteFile& file : site_.files) {
      if (!file.crop || !file.loaded.empty()) continue;
      Result<std::string> bytes = ReadFile(file.on_disk);
      if (!bytes) return Fail(std::move(bytes.error()));
      file.loaded = *std::move(bytes);
    }
    return {};
  }

  std::string AllFaults() SKERRY_REQUIRES(mutex_) {
    std::string all;
    for (const std::string& fault : faults_) all += (all.empty() ? "" : "\n") + fault;
    return all;
  }

  void Fault(int file, const std::string& what) {
    {
      MutexLock lock(mutex_);
      faults_.insert(site_.files[file].on_disk.string() + ": " + what);
    }
    BeginTwins(file);
  }
  void Broken(int file, const std::string& what) {
    Fault(file, what + "; mend the file or exclude it ([images] exclude)");
  }

  void Begin(int file) {
    const SiteFile& source = site_.files[file];
    auto job = std::make_shared<Job>();
    job->file = file;
    const uint64_t guessed = GuessedCost(source);
    if (!Look(*job)) return progress_.Skip(guessed);
    const bool animated = job->info.frames > 1;
    if (source.crop) {
      if (animated) return Broken(file, "is animated and cannot be cropped");
      job->info = Part(job->info, *source.crop);
    }
    job->part = source.crop.value_or(ScaleOptions{});
    job->part.p3 = job->info.wide && config_.gamut == Gamut::kP3;
    if (!animated) Plan(*job);
    size_t left = 0;
    for (VariantChain& chain : job->chains) left += chain.TakeKept(cache_) > 0 ? 1 : 0;
    job->left = left;
    const bool complete = left == 0 && (animated || TakePlaceholder(*job));
    if (complete && (!animated || source.type == "image/png" || TakeAnimation(*job))) {
      progress_.Skip(guessed);
      return Finish(*job);
    }
    KnowCost(*job);
    progress_.Skip(guessed);
    job->memory =
        uint64_t{job->info.width} * job->info.height * 4 * (animated ? job->info.frames : 1);
    if (!job->widths.empty()) {
      job->memory = std::max<ByteCount>(
          source.size, uint64_t{job->widths.front()} * job->widths.front() * job->info.height /
                           std::max(job->info.width, 1u) * kBytesPerPixel);
    }
    memory_.Enter(job->memory, [this, job] {
      crew_.Add(site_.files[job->file].size, [this, job] { Read(job); });
    });
  }

  // What the header says, from the cache where it was read before.
  bool Look(Job& job) {
    const SiteFile& source = site_.files[job.file];
    const ImageLimits limits{static_cast<uint64_t>(config_.image_max_pixels),
                             static_cast<uint64_t>(config_.image_max_frames),
                             config_.image_max_bytes};
    const std::string key =
        BuildCache::Key(source.sha256, "probe3 " + std::to_string(limits.pixels) + " " +
                                           std::to_string(limits.frames) + " " +
                                           std::to_string(limits.bytes) + " " + DecoderVersion());
    if (std::optional<ImageInfo> known = InfoFrom(cache_.Get(key))) {
      job.info = *known;
      return true;
    }
    const Result<std::string> bytes = ReadFile(source.on_disk);
    if (!bytes) {
      Fault(job.file, bytes.error().context);
      return false;
    }
    const Result<ImageInfo> info = Probe(*bytes, limits);
    LeaveImages();
    if (!info) {
      Broken(job.file, info.error().context);
      return false;
    }
    cache_.Put(key, ToText(*info));
    job.info = *info;
    return true;
  }

  // For keys: what is kept of the picture.
  static std::string PartOf(const SiteFile& source) {
    if (!source.crop) return "";
    char text[96];
    std::snprintf(text, sizeof text, " part %.17g at %.17g %.17g", source.crop->aspect,
                  source.crop->focus_x, source.crop->focus_y);
    return text;
  }

  bool Replaces(const SiteFile& source) const {
    return config_.image_max_width > 0 && source.type == "image/jpeg";
  }

  // Every slot of the picture, with its key. A level is scaled from the wider ones, and the
  // search begins where that of the narrower one ended: all widths belong to every recipe.
  void Plan(Job& job) {
    const SiteFile& source = site_.files[job.file];
    const bool replace = Replaces(source);
    job.widths = VariantWidths(job.info.width, config_.image_widths,
                               replace ? static_cast<uint32_t>(config_.image_max_width) : 0);
    const Format fallback =
        source.type == "image/jpeg" || (source.type == "image/webp") ? Format::kJpeg : Format::kPng;
    std::set<Format> formats;
    for (const std::string& word : config_.image_formats) {
      formats.insert(word == "avif" ? Format::kAvif : word == "webp" ? Format::kWebp : fallback);
    }
    if (replace && job.widths.front() < job.info.width) formats.insert(Format::kJpeg);
    if (source.crop) formats.insert(fallback);
    std::string chain =
        DecoderVersion() + " pyramid3 search2" + PartOf(source) + (job.part.p3 ? " p3" : "");
    for (const uint32_t width : job.widths) chain += " " + std::to_string(width);
    for (const Format format : formats) {
      VariantChain made;
      for (auto width = job.widths.rbegin(); width != job.widths.rend(); ++width) {
        AddSlot(job, format, *width, chain, made);
      }
      if (!made.slots.empty()) job.chains.push_back(std::move(made));
    }
  }

  void AddSlot(const Job& job, Format format, uint32_t width, const std::string& chain,
               VariantChain& made) {
    const SiteFile& source = site_.files[job.file];
    const bool fallback = Rank(format) == 2;
    const bool wanted = std::find(config_.image_formats.begin(), config_.image_formats.end(),
                                  "fallback") != config_.image_formats.end();
    // At its own width the picture is its own fallback, unless it is replaced.
    const bool widest = width == job.widths.front();
    const bool replaces = widest && (source.crop || (Replaces(source) && width < job.info.width));
    if (fallback && !replaces && (!wanted || width == job.info.width)) return;
    Slot slot;
    slot.width = width;
    slot.height = std::max<uint32_t>(
        1, static_cast<uint32_t>(
               std::lround(static_cast<double>(job.info.height) * width / job.info.width)));
    if (format == Format::kWebp && std::max(slot.width, slot.height) > kWidestWebp) return;
    const bool small = width <= config_.image_small_width;
    const int64_t target = small ? config_.image_small_target : config_.image_target;
    slot.recipe = {format, static_cast<double>(target), job.info.graphics};
    const std::string start = made.slots.empty() ? "" : made.slots.back().key;
    slot.key = BuildCache::Key(source.sha256, chain + " at " + std::to_string(width) + " " +
                                                  Canonical(slot.recipe) + " after " + start);
    made.slots.push_back(std::move(slot));
  }

  std::string PlaceholderKey(const Job& job) const {
    return BuildCache::Key(site_.files[job.file].sha256,
                           DecoderVersion() + PartOf(site_.files[job.file]) +
                               (job.part.p3 ? " p3 " : " ") + PlaceholderRecipe());
  }

  // Kept := blurhash | newline | data: URL.
  bool TakePlaceholder(Job& job) {
    const std::optional<std::string> kept = cache_.Get(PlaceholderKey(job));
    const size_t end = kept ? kept->find('\n') : std::string::npos;
    if (end == std::string::npos) return false;
    job.blurhash = kept->substr(0, end);
    job.placeholder = kept->substr(end + 1);
    return true;
  }

  void MakePlaceholder(Job& job, const Pixels& pixels) {
    Result<Placeholder> made = MakePlaceholderOf(pixels);
    if (!made) return;
    job.blurhash = made->blurhash;
    job.placeholder = made->data_url;
    cache_.Put(PlaceholderKey(job), job.blurhash + "\n" + job.placeholder);
  }

  std::string AnimationKey(const Job& job) const {
    return BuildCache::Key(site_.files[job.file].sha256,
                           DecoderVersion() + " animation q" + std::to_string(kAnimationQuality));
  }

  bool TakeAnimation(Job& job) {
    std::optional<std::string> kept = cache_.Get(AnimationKey(job));
    if (kept) job.animation = *std::move(kept);
    return !job.animation.empty();
  }

  void Read(const JobPtr& job) {
    const Result<std::string> bytes = ReadFile(site_.files[job->file].on_disk);
    if (!bytes) {
      Fault(job->file, bytes.error().context);
      return memory_.Leave(job->memory);
    }
    if (job->info.frames > 1) {
      Animate(*job, *bytes);
    } else {
      DecodeAll(job, *bytes);
    }
    LeaveImages();
  }

  void Animate(Job& job, std::string_view bytes) {
    Result<std::string> webp = AnimatedWebp(bytes, kAnimationQuality);
    memory_.Leave(job.memory);
    if (!webp) return Broken(job.file, webp.error().context);
    progress_.Done(CostOfReading(job));
    job.animation = *std::move(webp);
    cache_.Put(AnimationKey(job), job.animation);
    Finish(job);
  }

  void DecodeAll(const JobPtr& job, std::string_view bytes) {
    Result<std::vector<Pixels>> levels = Pyramid(bytes, job->widths, job->part);
    if (!levels) {
      memory_.Leave(job->memory);
      return Broken(job->file, levels.error().context);
    }
    progress_.Done(CostOfReading(*job));
    MakePlaceholder(*job, levels->back());
    for (Pixels& level : *levels) job->levels.push_back(std::make_shared<Level>(std::move(level)));
    if (job->left == 0) {
      memory_.Leave(job->memory);
      return Finish(*job);
    }
    for (VariantChain& chain : job->chains) {
      const size_t next = chain.NextEmpty();
      if (next == chain.slots.size()) continue;
      Continue(job, chain, next);
    }
  }

  // Fills slot `index` of the chain, later.
  void Continue(const JobPtr& job, VariantChain& chain, size_t index) {
    const uint64_t pixels = uint64_t{chain.slots.back().width} * chain.slots.back().height;
    const int rank = Rank(chain.slots.front().recipe.format);
    crew_.Add(kEncodeFirst + pixels * (rank == 0 ? 8 : 1),
              [this, job, &chain, index] { Make(job, chain, index); });
  }

  void Make(const JobPtr& job, VariantChain& chain, size_t index) {
    const auto width = std::find(job->widths.begin(), job->widths.end(), chain.slots[index].width);
    Level& level = *job->levels[width - job->widths.begin()];
    if (Status made = chain.Make(index, level, cache_); !made) {
      Fault(job->file, made.error().context);
      return memory_.Leave(job->memory);
    }
    Count(*chain.slots[index].found);
    progress_.Done(CostOf(chain.slots[index]));
    if (++index < chain.slots.size()) return Continue(job, chain, index);
    if (--job->left > 0) return;
    job->levels.clear();
    memory_.Leave(job->memory);
    Finish(*job);
  }

  void Count(const Found& found) {
    if (found.probes == 0) return;
    MutexLock lock(mutex_);
    ++derived_.searched;
    derived_.probes += found.probes;
  }

  // All slots are made: decides which stay, and writes them.
  void Finish(Job& job) {
    SiteFile& source = site_.files[job.file];
    Picture picture{job.info.width, job.info.height, {}, {}, job.placeholder};
    if (!job.blurhash.empty()) picture.notes["blurhash"] = job.blurhash;
    if (Replaces(source) || source.crop) Replace(job, source, picture);
    for (const VariantChain& chain : job.chains) {
      for (const Slot& slot : chain.slots) {
        if (!Stays(job, slot, picture.width, source.size)) continue;
        if (!Keep(job, source, Name(slot.recipe.format), slot, slot.found->bytes, picture)) return;
      }
    }
    if (!job.animation.empty() && WorthIt(job.animation.size(), source.size)) {
      const Slot whole{job.info.width, job.info.height, {Format::kWebp}, {}, {}};
      if (!Keep(job, source, "webp", whole, job.animation, picture)) return;
    }
    {
      MutexLock lock(mutex_);
      derived_.pictures[job.file] = std::move(picture);
    }
    BeginTwins(job.file);
  }

  // A JPEG wider than images.max_width becomes what was made of it at that width; a part of a
  // picture is only now made.
  void Replace(Job& job, SiteFile& source, Picture& picture) {
    for (VariantChain& chain : job.chains) {
      Slot& widest = chain.slots.back();
      if (Rank(widest.recipe.format) != 2 || widest.width != job.widths.front()) continue;
      const bool worth =
          widest.width < job.info.width && WorthIt(widest.found->bytes.size(), source.size);
      if (!source.crop && !worth) continue;
      picture.width = widest.width;
      picture.height = widest.height;
      source.size = widest.found->bytes.size();
      source.sha256 = Sha256(widest.found->bytes);
      source.loaded = widest.found->bytes;
    }
  }

  bool Keep(const Job& job, const SiteFile& source, std::string_view extension, const Slot& slot,
            const std::string& bytes, Picture& picture) {
    const Sha256Digest digest = Sha256(bytes);
    asset::ImageVariant variant{std::string(MediaType(slot.recipe.format)),
                                slot.width,
                                slot.height,
                                VariantPath(source.path, slot.width, extension, digest),
                                digest,
                                bytes.size()};
    const Status written = WriteFile(files_ / variant.path.substr(1), bytes);
    if (!written) {
      Fault(job.file, written.error().context);
      return false;
    }
    if (slot.found && !slot.found->lossless) {
      char score[32];
      std::snprintf(score, sizeof score, "%.1f", slot.found->score);
      picture.notes["score " + std::string(extension) + " " + std::to_string(slot.width)] = score;
    }
    picture.variants.push_back(std::move(variant));
    return true;
  }

  // Not dominated: by the original, or by a format that more browsers know.
  static bool Stays(const Job& job, const Slot& slot, uint32_t widest, ByteCount original) {
    if (slot.width > widest || !WorthIt(slot.found->bytes.size(), original)) return false;
    const int rank = Rank(slot.recipe.format);
    if (rank == 2) return slot.width < widest;
    for (const VariantChain& chain : job.chains) {
      for (const Slot& other : chain.slots) {
        if (other.width != slot.width || Rank(other.recipe.format) <= rank) continue;
        // A worse looking file is no substitute: the format could not reach the target.
        if (other.found->score < other.recipe.target) continue;
        if (!WorthIt(slot.found->bytes.size(), other.found->bytes.size())) return false;
      }
    }
    return true;
  }

  // "/img/hero.jpg" -> "/img/hero-800.5d1e77c0.avif"; where a hero.png stands beside it,
  // "/img/hero-jpg-800.5d1e77c0.avif".
  std::string VariantPath(const std::string& path, uint32_t width, std::string_view extension,
                          const Sha256Digest& digest) const {
    std::string stem = Stem(path);
    if (stems_.at(stem) > 1) stem += "-" + path.substr(path.rfind('.') + 1);
    if (extension == "jpeg") extension = "jpg";
    const std::string name = stem + "-" + std::to_string(width) + "." + std::string(extension);
    return asset::HashedName(name, digest);
  }

  Site& site_;
  const Config& config_;
  const std::filesystem::path& files_;
  const bool keep_going_;
  BuildCache& cache_;
  Crew& crew_;
  Progress& progress_;
  MemoryGate memory_;
  std::map<std::string, int> stems_;  // how many pictures share one
  Mutex mutex_;                       // last: only Progress is called while it is held
  Derived derived_ SKERRY_GUARDED_BY(mutex_);
  std::set<std::string> faults_ SKERRY_GUARDED_BY(mutex_);
  std::map<int, std::vector<int>> twins_ SKERRY_GUARDED_BY(mutex_);  // that wait for a file
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

Result<Derived> Derive(Site& site, const Config& config, const std::filesystem::path& files,
                       bool keep_going, BuildCache& cache, Crew& crew, Progress& progress) {
  return Deriver(site, config, files, keep_going, cache, crew, progress).Run();
}

}  // namespace skerry::pipeline
