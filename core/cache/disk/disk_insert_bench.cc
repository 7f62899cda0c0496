// usage: disk_insert_bench [DIRECTORY [MEGABYTES]]
//
// Prints how fast responses go in, with eviction and one slow large response beside
// thousands of small ones, next to a plain writer of files one after the other; and what
// reads of 16 KB cost alone and while half as much is inserted. The budget is twice
// MEGABYTES (2150), the large response half of it. Ratios within one run are what counts.
#include <fcntl.h>
#include <unistd.h>

#include <algorithm>
#include <atomic>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <vector>

#include "core/base/random.h"
#include "core/cache/disk/disk_harness.h"

namespace skerry::cache::disk {
namespace {

using Clk = std::chrono::steady_clock;

double SecondsSince(Clk::time_point begin) {
  return std::chrono::duration<double>(Clk::now() - begin).count();
}

// Lognormal around 15 KB as responses of sites are, mean about 54 KB.
size_t SomeSize(Random& random) {
  double sum = 0;
  for (int i = 0; i < 12; ++i) sum += static_cast<double>(random.Below(1 << 20)) / (1 << 20);
  const double size = 15'000 * std::exp(1.6 * (sum - 6));
  return static_cast<size_t>(std::clamp(size, 300.0, 50e6));
}

// What a log of plain files costs that does nothing else: made, written in pieces, synced.
double PlainWriter(const std::filesystem::path& directory, ByteCount bytes) {
  std::filesystem::create_directories(directory);
  const std::string piece = BodyOf("plain", 0, 1 << 20);
  const auto begin = Clk::now();
  for (ByteCount done = 0, number = 0; done < bytes; ++number) {
    const std::string path = (directory / std::to_string(number)).string();
    const int file = open(path.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    for (int i = 0; i < 32 && done < bytes; ++i, done += piece.size()) {
      SKERRY_CHECK(write(file, piece.data(), piece.size()) == static_cast<ssize_t>(piece.size()));
    }
    SKERRY_CHECK(fdatasync(file) == 0);
    close(file);
    if (number >= 32) unlink((directory / std::to_string(number - 32)).c_str());
  }
  const double seconds = std::chrono::duration<double>(Clk::now() - begin).count();
  std::filesystem::remove_all(directory);
  return static_cast<double>(bytes) / 1e6 / seconds;
}

// Looks at all files of a directory every 50 ms.
class Watch {
 public:
  explicit Watch(std::filesystem::path directory) : directory_(std::move(directory)) {
    thread_ = std::thread([this] {
      for (; !done_; std::this_thread::sleep_for(std::chrono::milliseconds(50))) {
        peak_ = std::max(peak_, Bytes());
      }
    });
  }
  ByteCount Peak() {
    done_ = true;
    thread_.join();
    return peak_;
  }

 private:
  ByteCount Bytes() const {
    ByteCount bytes = 0;
    std::error_code error;
    for (const auto& file : std::filesystem::directory_iterator(directory_, error)) {
      const auto size = file.file_size(error);
      if (!error) bytes += size;
    }
    return bytes;
  }
  const std::filesystem::path directory_;
  std::atomic<bool> done_{false};
  ByteCount peak_ = 0;
  std::thread thread_;
};

// Responses that go into a store, one after the other.
class Inserter {
 public:
  explicit Inserter(Disk& disk) : disk_(disk), source_(BodyOf("source", 0, 51'000'000)) {}

  // Until so many bytes more are in; not faster than `per_second`, and until `stop`.
  void Insert(ByteCount bytes, double per_second = 1e12, const std::atomic<bool>* stop = nullptr) {
    const auto begin = Clk::now();
    const ByteCount before = given_;
    while (given_ - before < bytes && (stop == nullptr || !*stop)) {
      const EntryPtr entry =
          MakeEntry({.url = "https://bench.example/small/" + std::to_string(objects_),
                     .body = source_.substr(0, SomeSize(random_))});
      while (!Offer(disk_, entry)) std::this_thread::sleep_for(std::chrono::microseconds(200));
      given_ += entry->body_size;
      ++objects_;
      const double ahead = static_cast<double>(given_ - before) / per_second - SecondsSince(begin);
      if (ahead > 0) std::this_thread::sleep_for(std::chrono::duration<double>(ahead));
    }
  }
  ByteCount given() const { return given_; }
  uint64_t objects() const { return objects_; }

 private:
  Disk& disk_;
  const std::string source_;
  SeededRandom random_{3};
  std::atomic<ByteCount> given_{0};
  std::atomic<uint64_t> objects_{0};
};

// A response whose origin takes as long as `part` says it is: 0 to 1.
void InsertSlowly(Disk& disk, const EntryPtr& entry, const std::function<double()>& part) {
  const std::unique_ptr<DiskFill> fill = disk.Begin(entry->head, entry->body_size, true);
  SKERRY_CHECK(fill != nullptr);
  const size_t chunks = entry->chunks.size();
  for (size_t i = 0; i < chunks; ++i) {
    while (part() < static_cast<double>(i) / static_cast<double>(chunks)) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
    }
    fill->Append(entry->chunks[i]);
  }
  fill->Commit(entry->body_size, {}, nullptr);
}

EntryPtr LargeEntry(ByteCount bytes) {
  const EntryPtr made =
      MakeEntry({.url = "https://bench.example/large", .body = BodyOf("l", 0, 1 << 20)});
  auto entry = std::make_shared<Entry>();
  entry->head = made->head;
  entry->body_size = bytes / kChunkBytes * kChunkBytes;
  while (entry->chunks.size() * kChunkBytes < entry->body_size) {
    entry->chunks.push_back(made->chunks[entry->chunks.size() % made->chunks.size()]);
  }
  return entry;
}

void WaitUntilFlushed(const Disk& disk) {
  while (disk.stats().unflushed > 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
}

// Bytes a second.
double Inserts(Disk& disk, const std::string& path, ByteCount budget, ByteCount bytes) {
  const EntryPtr large = LargeEntry(budget / 4);
  Inserter small(disk);
  Watch watch(path);
  small.Insert(budget * 9 / 10);  // so that room must be made from the beginning
  WaitUntilFlushed(disk);
  const ByteCount filled = small.given(), written_before = disk.stats().written;
  const uint64_t objects_before = small.objects();
  const auto begin = Clk::now();
  std::thread slow([&] {
    InsertSlowly(disk, large, [&] {
      return static_cast<double>(small.given() - filled) / static_cast<double>(bytes);
    });
  });
  small.Insert(bytes);
  slow.join();
  WaitUntilFlushed(disk);
  const double seconds = SecondsSince(begin);
  const auto total = static_cast<double>(small.given() - filled + large->body_size);
  const Result<EntryPtr> found = Get(disk, "https://bench.example/large");
  std::printf(
      "inserts: %llu responses and one of %llu MB, %.0f MB in %.1f s = %.0f MB/s, write "
      "amplification %.3f, "
      "disk at its peak %.3f of a budget of %llu MB; the large one is %s\n",
      static_cast<unsigned long long>(small.objects() - objects_before),
      static_cast<unsigned long long>(large->body_size >> 20), total / 1e6, seconds,
      total / 1e6 / seconds, static_cast<double>(disk.stats().written - written_before) / total,
      static_cast<double>(watch.Peak()) / static_cast<double>(budget),
      static_cast<unsigned long long>(budget >> 20), found ? "stored" : "NOT stored");
  return total / seconds;
}

// p99 of hits in a hot loop, microseconds.
double ReadP99(Disk& disk, size_t objects, Random& random) {
  std::vector<double> took;
  for (int i = 0; i < 2000; ++i) {
    const std::string url = "https://bench.example/hot/" + std::to_string(random.Below(objects));
    const auto begin = Clk::now();
    SKERRY_CHECK(Get(disk, url).has_value());
    took.push_back(SecondsSince(begin) * 1e6);
  }
  std::sort(took.begin(), took.end());
  return took[took.size() * 99 / 100];
}

// Alone and beside inserts by turns. Other programs only ever add: the rounds in which
// they did least count.
void ReadsBesideInserts(Disk& disk, double per_second) {
  constexpr size_t kObjects = 1000;
  constexpr int kRounds = 20;
  for (size_t n = 0; n < kObjects; ++n) {
    const EntryPtr entry = MakeEntry({.url = "https://bench.example/hot/" + std::to_string(n),
                                      .body = BodyOf("hot", n, 16'000)});
    while (!Offer(disk, entry)) std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
  WaitUntilFlushed(disk);
  SeededRandom random(5);
  Inserter inserter(disk);
  std::vector<double> alone, beside;
  ReadP99(disk, kObjects, random);
  for (int round = 0; round < kRounds; ++round) {
    alone.push_back(ReadP99(disk, kObjects, random));
    std::atomic<bool> stop{false};
    const ByteCount before = inserter.given();
    std::thread inserts([&] { inserter.Insert(~ByteCount{0}, per_second, &stop); });
    while (inserter.given() - before < 1'000'000) std::this_thread::yield();
    beside.push_back(ReadP99(disk, kObjects, random));
    stop = true;
    inserts.join();
    WaitUntilFlushed(disk);
  }
  std::sort(alone.begin(), alone.end());
  std::sort(beside.begin(), beside.end());
  std::printf("reads of 16 KB, p99 us: alone %.1f, beside inserts of %.0f MB/s %.1f (%.2fx)\n",
              alone[kRounds / 4], per_second / 1e6, beside[kRounds / 4],
              beside[kRounds / 4] / alone[kRounds / 4]);
}

}  // namespace
}  // namespace skerry::cache::disk

int main(int argc, char** argv) {
  using namespace skerry::cache::disk;  // NOLINT
  const skerry::ByteCount bytes =
      (argc > 2 ? std::strtoull(argv[2], nullptr, 10) : 2150) * 1'000'000;
  const std::filesystem::path directory =
      (argc > 1 ? std::filesystem::path(argv[1]) : std::filesystem::temp_directory_path()) /
      "disk_insert_bench";
  const std::string store = (directory / "store").string();
  {
    std::unique_ptr<skerry::cache::Disk> disk = std::move(*skerry::cache::Disk::Open(
        {.directory = store, .budget = 2 * bytes, .largest_object = bytes / 2}));
    const double plain = PlainWriter(directory / "plain", bytes);
    const double per_second = Inserts(*disk, store, 2 * bytes, bytes);
    std::printf("a plain writer before %.0f MB/s, and after %.0f MB/s\n", plain,
                PlainWriter(directory / "plain", bytes));
    ReadsBesideInserts(*disk, per_second / 2);
  }
  std::filesystem::remove_all(directory);
  return 0;
}
