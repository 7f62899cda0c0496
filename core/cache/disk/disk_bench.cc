// usage: disk_bench [DIRECTORY [OBJECTS]]
//
// Prints what a hit costs (page cache warm, one thread, store API level: index, read,
// checksums, head decoded, every byte touched) beside a file per object, once with the pages
// that writing has left in memory and once with those that reading back has put there. With
// OBJECTS also how soon a store of so many answers after a start. Ratios within one run are
// what counts.
#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <functional>
#include <thread>
#include <vector>

#include "core/base/random.h"
#include "core/cache/disk/disk_harness.h"
#include "core/cache/disk/loading.h"
#include "core/cache/disk/positions.h"
#include "core/cache/disk/reader.h"

namespace skerry::cache::disk {
namespace {

using Clk = std::chrono::steady_clock;

uint64_t Touch(std::string_view bytes) {
  uint64_t sum = 0;
  for (size_t i = 0; i < bytes.size(); i += 64) sum += static_cast<uint8_t>(bytes[i]);
  return sum;
}

template <class Each>
double MedianMicros(size_t objects, Each each) {
  SeededRandom random(7);
  std::vector<double> took;
  uint64_t sum = 0;
  for (int i = 0; i < 1000; ++i) {
    const size_t n = random.Below(objects);
    const auto begin = Clk::now();
    sum += each(n);
    took.push_back(std::chrono::duration<double, std::micro>(Clk::now() - begin).count());
  }
  if (sum == 0) std::abort();
  std::sort(took.begin(), took.end());
  return took[took.size() / 2];
}

std::string UrlOf(size_t size, size_t n) {
  return "https://bench.example/" + std::to_string(size) + "/" + std::to_string(n);
}

// A file per object, as caches without a store of their own do it.
class Files {
 public:
  Files(std::filesystem::path directory, size_t size, size_t objects)
      : directory_(std::move(directory)), size_(size) {
    std::filesystem::create_directories(directory_);
    for (size_t n = 0; n < objects; ++n) {
      const int file = open(Path(n).c_str(), O_RDWR | O_CREAT | O_TRUNC, 0644);
      const std::string body = BodyOf("f", n, size);
      SKERRY_CHECK(write(file, body.data(), size) == static_cast<ssize_t>(size));
      kept_.push_back(file);
    }
  }
  ~Files() {
    for (const int file : kept_) close(file);
  }
  uint64_t OpenReadClose(size_t n) {
    const int file = open(Path(n).c_str(), O_RDONLY | O_CLOEXEC);
    struct stat about {};
    SKERRY_CHECK(fstat(file, &about) == 0);
    const uint64_t sum = Read(file);
    close(file);
    return sum;
  }
  uint64_t ReadKept(size_t n) { return Read(kept_[n]); }

 private:
  std::string Path(size_t n) const { return (directory_ / std::to_string(n)).string(); }
  // Into memory of its own, as it must live until it is sent.
  uint64_t Read(int file) {
    char* out = nullptr;
    const Chunk body = Chunk::Uninitialized(size_, &out);
    SKERRY_CHECK(pread(file, out, size_, 0) == static_cast<ssize_t>(size_));
    return Touch(body.view());
  }
  std::filesystem::path directory_;
  const size_t size_;
  std::vector<int> kept_;
};

// What Disk::Load does on a thread of the pool, without the way there and back.
uint64_t ReadStored(Index& index, Reader& reader, const Key& key) {
  const std::vector<DiskRow> rows = index.Find(key.hash);
  const std::optional<IndexRow> row = index.Get(rows.front());
  Read<EntryPtr> entry = reader.ReadEntry(*row);
  SKERRY_CHECK(entry.has_value() && (*entry)->head.key == key);
  uint64_t sum = 0;
  for (const Chunk& chunk : (*entry)->chunks) sum += Touch(chunk.view());
  const Extents& extents = (*entry)->extents;
  for (uint32_t i = 1; i < extents.positions.size(); ++i) {
    Read<Chunk> chunk = reader.ReadChunk({extents.fill_id, extents.positions[i], i});
    SKERRY_CHECK(chunk.has_value());
    sum += Touch(chunk->view());
  }
  return sum;
}

// Takes the files out of the page cache.
void ForgetPages(const std::filesystem::path& directory) {
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (!entry.is_regular_file()) continue;
    const int file = open(entry.path().c_str(), O_RDONLY | O_CLOEXEC);
    SKERRY_CHECK(file >= 0 && fdatasync(file) == 0);
    posix_fadvise(file, 0, 0, POSIX_FADV_DONTNEED);
    close(file);
  }
}

// The three of them, by turns so that all have the same neighbours.
struct Took {
  double opened = 0, kept = 0, stored = 0;
};
Took Compare(size_t objects, Files& files, const std::function<uint64_t(size_t)>& stored) {
  std::vector<Took> rounds;
  for (int round = 0; round < 6; ++round) {
    Took took;
    took.opened = MedianMicros(objects, [&](size_t n) { return files.OpenReadClose(n); });
    took.kept = MedianMicros(objects, [&](size_t n) { return files.ReadKept(n); });
    took.stored = MedianMicros(objects, stored);
    if (round > 0) rounds.push_back(took);  // the first one warms
  }
  const auto median = [&](double Took::*of) {
    std::nth_element(rounds.begin(), rounds.begin() + 2, rounds.end(),
                     [&](const Took& a, const Took& b) { return a.*of < b.*of; });
    return rounds[2].*of;
  };
  return {median(&Took::opened), median(&Took::kept), median(&Took::stored)};
}

void Hits(const std::filesystem::path& directory, size_t size, size_t objects) {
  const std::string store_path = (directory / ("store-" + std::to_string(size))).string();
  std::vector<Key> keys;
  double through_the_pool = 0;
  {
    Disk::Options options;
    options.directory = store_path;
    std::unique_ptr<Disk> disk = std::move(*Disk::Open(options));
    for (size_t n = 0; n < objects; ++n) {
      const EntryPtr entry =
          MakeEntry({.url = UrlOf(size, n), .body = BodyOf("f", n, size), .version = n});
      keys.push_back(entry->head.key);
      SKERRY_CHECK(Eventually([&] { return Offer(*disk, entry); }));
    }
    SKERRY_CHECK(Eventually([&] { return disk->stats().unflushed == 0; }));
    SKERRY_CHECK(disk->stats().objects == objects);
    through_the_pool = MedianMicros(objects, [&](size_t n) {
      const Result<EntryPtr> entry = Get(*disk, UrlOf(size, n));
      return Touch((*entry)->chunks.front().view());
    });
  }
  std::unique_ptr<Store> store = std::move(*Store::Open({store_path, 8_GiB}));
  Index index;
  Positions positions(1, [](uint64_t) -> Status { return {}; });
  Appender appender({*store, index, positions, Clock::Real(), 8_MiB});
  index.BeginLoading();
  const std::atomic<bool> stop{false};
  LoadIndex(*store, index, appender, stop);
  Reader reader(*store, 1);
  Files files(directory / ("files-" + std::to_string(size)), size, objects);
  const auto stored = [&](size_t n) { return ReadStored(index, reader, keys[n]); };
  for (const char* pages : {"as written", "read back"}) {
    const Took took = Compare(objects, files, stored);
    std::printf(
        "hit %7zu bytes, %s, p50 us: store %.1f, open+fstat+pread+close %.1f (%.2fx), "
        "cached fd %.1f (%.2fx)\n",
        size, pages, took.stored, took.opened, took.stored / took.opened, took.kept,
        took.stored / took.kept);
    ForgetPages(directory);
  }
  std::printf("  with the pool and back, as written: %.1f\n", through_the_pool);
}

// From a start to the first response, and to the last row.
void Start(const std::filesystem::path& directory, size_t objects) {
  Disk::Options options;
  options.directory = (directory / "start").string();
  const auto url = [](size_t n) { return UrlOf(1, n); };
  {
    std::unique_ptr<Disk> disk = std::move(*Disk::Open(options));
    for (size_t n = 0; n < objects; ++n) {
      const EntryPtr entry = MakeEntry({.url = url(n), .body = "some bytes"});
      while (!Offer(*disk, entry)) std::this_thread::yield();
    }
    while (disk->stats().unflushed > 0) std::this_thread::sleep_for(std::chrono::milliseconds(10));
  }
  const auto begin = Clk::now();
  const auto since = [&] { return std::chrono::duration<double>(Clk::now() - begin).count(); };
  std::unique_ptr<Disk> disk = std::move(*Disk::Open(options));
  const double opened = since();
  while (!disk->stats().index_loaded) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  const double loaded = since();
  SKERRY_CHECK(Get(*disk, url(objects / 2)).has_value());
  std::printf("start with %llu objects: serving after %.3f s, all rows known after %.3f s\n",
              static_cast<unsigned long long>(disk->stats().objects), opened, loaded);
}

}  // namespace
}  // namespace skerry::cache::disk

int main(int argc, char** argv) {
  using namespace skerry::cache::disk;  // NOLINT
  const std::filesystem::path directory =
      (argc > 1 ? std::filesystem::path(argv[1]) : std::filesystem::temp_directory_path()) /
      "disk_bench";
  // Less than what stays in memory of what is written.
  Hits(directory, 16'000, 2000);
  Hits(directory, 1'000'000, 40);
  if (argc > 2) Start(directory, std::strtoull(argv[2], nullptr, 10));
  std::filesystem::remove_all(directory);
  return 0;
}
