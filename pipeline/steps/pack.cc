#include "pipeline/steps/pack.h"

#include <algorithm>
#include <functional>

#include "core/asset/encoder.h"
#include "core/asset/media_type.h"
#include "core/base/thread.h"
#include "pipeline/base/files.h"

namespace skerry::pipeline {
namespace {

namespace fs = std::filesystem;
using asset::CodedVariant;
using asset::Coding;
using asset::Recipe;

// A client keeps no larger ones (RFC 9842 asks for windows of 8 MiB, or of the dictionary's size).
constexpr ByteCount kLargestDictionary = 64_MiB;

struct Coded {
  CodedVariant variant;
  std::string bytes;
};

class Packer {
 public:
  Packer(const Site& site, const Fingerprinted& release, const Config& config,
         const std::vector<FormerRelease>& former, const fs::path& files, BuildCache& cache,
         Crew& crew, Progress& progress)
      : site_(site),
        config_(config),
        former_(former),
        files_(files),
        cache_(cache),
        crew_(crew),
        progress_(progress) {
    for (const Output& output : release.outputs) same_[output.sha256].push_back(&output);
  }

  Result<Packed> Run() {
    uint64_t all = 0;
    for (const auto& [digest, outputs] : same_) all += CostOf(*outputs.front());
    progress_.Begin("pack", all);
    for (const auto& [digest, outputs] : same_) {
      const Output& first = *outputs.front();
      const bool compress = Compresses(first);
      // Writing costs next to nothing beside compression.
      crew_.Add(CostOf(first), [this, &outputs = outputs, compress] {
        bool worked = false;
        const Status packed = PackSame(outputs, compress, worked);
        const uint64_t cost = CostOf(*outputs.front());
        worked ? progress_.Done(cost) : progress_.Skip(cost);
        MutexLock lock(mutex_);
        if (!packed && !fault_) fault_ = packed.error();
      });
    }
    crew_.Wait();
    MutexLock lock(mutex_);
    if (fault_) return Fail(*std::move(fault_));
    return std::move(packed_);
  }

 private:
  bool Compresses(const Output& output) const {
    return output.size >= asset::kLeastWorthCompressing &&
           asset::IsCompressible(site_.files[output.file].type);
  }

  uint64_t CostOf(const Output& output) const {
    return Compresses(output) ? output.size : output.size / 1000;
  }

  // Files of equal bytes, packed once. `worked` says whether anything was compressed: the cache
  // had not all of it.
  Status PackSame(const std::vector<const Output*>& outputs, bool compress, bool& worked) {
    const Output& first = *outputs.front();
    const SiteFile& source = site_.files[first.file];
    const bool on_disk = !first.rewritten && source.loaded.empty();
    if (on_disk && !compress && source.stamp) return CopySame(outputs);
    std::string read;
    if (on_disk) {
      Result<std::string> bytes = ReadFile(source.on_disk);
      if (!bytes) return Fail(std::move(bytes.error()));
      // Names and manifest tell of what was read first.
      if (Sha256(*bytes) != first.sha256) return Changed(source);
      read = *std::move(bytes);
    }
    const std::string& bytes = first.rewritten         ? first.text
                               : source.loaded.empty() ? read
                                                       : source.loaded;
    std::vector<Coded> coded;
    if (compress) {
      if (Status ok = CodeAll(first, bytes, coded, worked); !ok) return ok;
    }
    for (const Output* output : outputs) {
      if (Status ok = WriteAll(*output, bytes, coded); !ok) return ok;
    }
    MutexLock lock(mutex_);
    std::vector<CodedVariant>& variants = packed_[first.sha256];
    for (const Coded& each : coded) variants.push_back(each.variant);
    return {};
  }

  static tl::unexpected<Error> Changed(const SiteFile& source) {
    return Fail(Code::kInvalid, Side::kConfig,
                source.on_disk.string() + " changed while it was built; build again");
  }

  // A file that is served as it is, and that tells when it changes.
  Status CopySame(const std::vector<const Output*>& outputs) {
    const SiteFile& source = site_.files[outputs.front()->file];
    for (const Output* output : outputs) {
      const fs::path to = files_ / output->path.substr(1);
      if (Status ok = CopyFile(source.on_disk, to); !ok) return ok;
    }
    const Result<FileStamp> after = StampOf(source.on_disk);
    if (!after || *after != *source.stamp) return Changed(source);
    MutexLock lock(mutex_);
    packed_[outputs.front()->sha256];
    return {};
  }

  Result<std::string> Kept(const Sha256Digest& input, const std::string& recipe, bool& worked,
                           const std::function<Result<std::string>()>& make) {
    const std::string key = BuildCache::Key(input, recipe);
    if (std::optional<std::string> kept = cache_.Get(key)) return *std::move(kept);
    worked = true;
    Result<std::string> made = make();
    if (made) cache_.Put(key, *made);
    return made;
  }

  Status CodeAll(const Output& output, const std::string& bytes, std::vector<Coded>& coded,
                 bool& worked) {
    size_t best = bytes.size();
    for (const Recipe& recipe : {asset::kBestBrotli, asset::kBestGzip, asset::kBestZstd}) {
      const bool wanted = std::find(config_.codings.begin(), config_.codings.end(),
                                    asset::Name(recipe.coding)) != config_.codings.end();
      if (!wanted) continue;
      Result<std::string> made = Kept(output.sha256, asset::Canonical(recipe), worked,
                                      [&] { return asset::Compress(recipe, bytes); });
      if (!made) return Fail(std::move(made.error()));
      const size_t limit = recipe.coding == Coding::kZstd ? best : bytes.size();
      if (made->size() >= limit) continue;
      best = std::min(best, made->size());
      coded.push_back({{recipe.coding, std::nullopt, Sha256(*made), made->size()}, *made});
    }
    for (const FormerRelease& former : former_) {
      if (Status ok = CodeDelta(former, output, bytes, best, coded, worked); !ok) return ok;
    }
    return {};
  }

  Status CodeDelta(const FormerRelease& former, const Output& output, const std::string& bytes,
                   size_t best, std::vector<Coded>& coded, bool& worked) {
    const std::string& logical = output.source.empty() ? output.path : output.source;
    const asset::Entry* entry = former.Find(logical, output.size);
    if (entry == nullptr || entry->sha256 == output.sha256 || entry->size == 0) return {};
    for (const Coded& each : coded) {
      if (each.variant.dictionary == entry->sha256) return {};
    }
    if (entry->size > kLargestDictionary) return {};
    std::optional<Error> unread;
    // A delta that is kept needs no dictionary: nothing is fetched for it.
    Result<std::string> made =
        Kept(output.sha256, asset::Canonical(asset::kBestDcz) + " " + entry->sha256.Hex(), worked,
             [&]() -> Result<std::string> {
               const Result<std::string> dictionary = former.Read(*entry);
               if (dictionary) {
                 return asset::CompressDcz(asset::kBestDcz.level, *dictionary, bytes);
               }
               unread = dictionary.error();
               return Fail(dictionary.error());
             });
    if (unread) return Fail(*std::move(unread));
    if (!made && made.error().code == Code::kLimit) return {};  // too far apart in size: no delta
    if (!made) return Fail(std::move(made.error()));
    if (made->size() * 10 > best * 9) return {};
    coded.push_back({{Coding::kDcz, entry->sha256, Sha256(*made), made->size()}, *made});
    return {};
  }

  Status WriteAll(const Output& output, const std::string& bytes, const std::vector<Coded>& coded) {
    const std::string path = (files_ / output.path.substr(1)).string();
    if (Status ok = WriteFile(path, bytes); !ok) return ok;
    for (const Coded& each : coded) {
      const std::string suffix = each.variant.dictionary
                                     ? asset::DczSuffix(*each.variant.dictionary)
                                     : std::string(asset::FileSuffix(each.variant.coding));
      if (Status ok = WriteFile(path + suffix, each.bytes); !ok) return ok;
    }
    return {};
  }

  const Site& site_;
  const Config& config_;
  const std::vector<FormerRelease>& former_;
  const fs::path& files_;
  BuildCache& cache_;
  Crew& crew_;
  Progress& progress_;
  std::map<Sha256Digest, std::vector<const Output*>> same_;  // by digest
  Mutex mutex_;  // last: nothing is called while it is held
  Packed packed_ SKERRY_GUARDED_BY(mutex_);
  std::optional<Error> fault_ SKERRY_GUARDED_BY(mutex_);
};

}  // namespace

Result<Packed> Pack(const Site& site, const Fingerprinted& release, const Config& config,
                    const std::vector<FormerRelease>& former, const fs::path& files,
                    BuildCache& cache, Crew& crew, Progress& progress) {
  return Packer(site, release, config, former, files, cache, crew, progress).Run();
}

}  // namespace skerry::pipeline
