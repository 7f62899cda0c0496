#include "core/gateway/cache.h"

#include <algorithm>
#include <utility>

namespace skerry::gateway {
namespace {

// The same entry with the stamp that it is judged by, for the disk knows no other.
cache::EntryPtr Stamped(cache::EntryPtr entry) {
  if (entry->stamp() == entry->head.stamp) return entry;
  auto stamped = std::make_shared<cache::Entry>();
  stamped->head = entry->head;
  stamped->head.stamp = entry->stamp();
  stamped->body_size = entry->body_size;
  stamped->chunks = entry->chunks;
  stamped->extents = entry->extents;
  stamped->trailers = entry->trailers;
  return stamped;
}

}  // namespace

Result<std::unique_ptr<Cache>> Cache::Open(const Options& options) {
  std::unique_ptr<Cache> opened(new Cache);
  opened->ram_ = std::make_unique<cache::Ram>(
      cache::Ram::Options{.capacity = options.ram, .variants_per_key = options.variants});
  opened->variants_ = options.variants;
  if (options.disk > 0) {
    if (Status status = opened->OpenDisk(options); !status) return Fail(std::move(status.error()));
  }
  if (options.upgrade_share > 0) {
    Upgrades::Options upgrades;
    upgrades.processor_share = options.upgrade_share;
    upgrades.hits = options.upgrade_hits;
    upgrades.ram = opened->ram_.get();
    upgrades.disk = opened->disk_.get();
    upgrades.metrics = options.metrics;
    opened->upgrades_ = std::make_unique<Upgrades>(upgrades);
  }
  opened->AddGauges(*options.metrics);
  return opened;
}

Status Cache::OpenDisk(const Options& options) {
  cache::Disk::Options disk_options;
  disk_options.directory = options.disk_directory;
  disk_options.budget = options.disk;
  disk_options.metrics = options.metrics;
  disk_options.purge_head = [this] { return generations_.Now().seq; };
  disk_options.still_valid = [this](const cache::StoredHead& head) {
    return generations_.Judge(head.key, head.tags, head.stamp) == cache::Purged::kNo;
  };
  auto opened = cache::Disk::Open(std::move(disk_options));
  if (!opened) return Fail(std::move(opened.error()));
  disk_ = std::move(*opened);
  // An entry that was worth a second look in memory is worth its place on disk.
  ram_->OnEvict([this](cache::EntryPtr evicted) {
    for (const cache::DiskRow& row : disk_->Find(evicted->head.key.hash)) {
      if (row.variant_hash == evicted->head.variant_hash) return;
    }
    disk_->Store(Stamped(std::move(evicted)));
  });
  return {};
}

void Cache::AddGauges(Metrics& metrics) {
  metrics.AddReadGauge("skerry_ram_bytes", "Bytes of the RAM tier.", {},
                       [this] { return static_cast<double>(ram_->bytes()); });
  metrics.AddReadGauge("skerry_ram_objects", "Stored responses in the RAM tier.", {},
                       [this] { return static_cast<double>(ram_->objects()); });
  metrics.AddReadGauge("skerry_purge_scopes", "Purged scopes that are remembered.", {},
                       [this] { return static_cast<double>(generations_.size()); });
  metrics.AddReadCounter("skerry_purge_scopes_coarsened_total",
                         "Purged scopes widened because there were too many.", {},
                         [this] { return static_cast<double>(generations_.coarsened()); });
  metrics.AddReadCounter("skerry_variants_capped_total",
                         "Variants of one object dropped for their number.", {{"tier", "ram"}},
                         [this] { return static_cast<double>(ram_->variants_capped()); });
}

void Cache::Join(Shared& shared) {
  shared.ram = ram_.get();
  shared.disk = disk_.get();
  shared.generations = &generations_;
  shared.upgrades = upgrades_.get();
  shared.variants_per_key = variants_;
  forgetting_ = std::make_unique<Forgetting>(
      Forgetting::Parts{generations_, *ram_, shared.fills, disk_.get()});
  shared.keep_bytes = std::max<ByteCount>(1_MiB, ram_->capacity() / 64);
}

}  // namespace skerry::gateway
