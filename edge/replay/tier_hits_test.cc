// What the two tiers together keep from the origin, on a made-up day: Zipf 0.9, seven of
// ten objects asked for once, memory of 1 % and disk of 10 % of all bytes. The disk is the
// dry run's model, which a second test holds against the real one.
#include <gtest/gtest.h>

#include <filesystem>
#include <list>
#include <thread>
#include <unordered_map>

#include "core/cache/disk/disk.h"
#include "core/cache/purge/generations.h"
#include "core/cache/ram.h"
#include "core/cache/request_trace.h"
#include "core/net/fake_loop.h"
#include "edge/replay/replay_disk.h"

namespace skerry::edge {
namespace {

using cache::EntryPtr;
using cache::TraceRequest;

struct Outcome {
  uint64_t origin_requests = 0;
  ByteCount origin_bytes = 0;
  ByteCount disk_bytes = 0;  // written
  double Misses(size_t requests) const {
    return static_cast<double>(origin_requests) / static_cast<double>(requests);
  }
};

// Requests as a gateway handles them, one after the other.
class Tiers {
 public:
  Tiers(ByteCount ram, cache::Disk& disk, bool waits)
      : ram_({.capacity = ram}), disk_(disk), waits_(waits) {
    ram_.OnEvict([this](EntryPtr evicted) {
      if (disk_.Find(evicted->head.key.hash).empty()) Store(std::move(evicted));
    });
  }

  void Ask(const TraceRequest& request) {
    const cache::Key key = cache::Key::Of("https://example.com/" + std::to_string(request.object));
    if (!ram_.Find(key).empty()) return;
    if (EntryPtr entry = FromDisk(key)) {
      ram_.Offer(std::move(entry), /*on_disk=*/true);
      return;
    }
    ++outcome.origin_requests;
    outcome.origin_bytes += request.size;
    EntryPtr entry = cache::MakeTraceEntry(key, request.size);
    const bool seen = ram_.AskedBefore(key);
    std::unique_ptr<cache::DiskFill> fill = disk_.Begin(entry->head, request.size, seen);
    // The real one refuses for a moment while it makes room.
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(100);
    while (waits_ && seen && fill == nullptr && std::chrono::steady_clock::now() < until) {
      std::this_thread::yield();
      fill = disk_.Begin(entry->head, request.size, seen);
    }
    if (fill != nullptr) {
      for (const Chunk& chunk : entry->chunks) fill->Append(chunk);
      fill->Commit(request.size, {}, nullptr);
      outcome.disk_bytes += request.size;
      Wait(key, fill.get());
    }
    ram_.Offer(std::move(entry), /*on_disk=*/fill != nullptr);
  }

  Outcome outcome;

 private:
  void Store(EntryPtr entry) {
    outcome.disk_bytes += entry->body_size;
    const cache::Key key = entry->head.key;
    disk_.Store(std::move(entry));
    Wait(key, nullptr);
  }
  // The model stores at once.
  void Wait(const cache::Key& key, const cache::DiskFill* fill) const {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(200);
    while (waits_ && disk_.Find(key.hash).empty() && !(fill && fill->abandoned()) &&
           std::chrono::steady_clock::now() < until) {
      std::this_thread::yield();
    }
  }
  EntryPtr FromDisk(const cache::Key& key) {
    const std::vector<cache::DiskRow> rows = disk_.Find(key.hash);
    if (rows.empty()) return nullptr;
    EntryPtr loaded;
    bool answered = false;
    disk_.Load(rows.front(), key, loop_, [&](Result<EntryPtr> entry) {
      loaded = entry.value_or(nullptr);
      answered = true;
    });
    while (!answered) loop_.RunPosted();
    if (loaded == nullptr) return nullptr;
    // Larger ones are put together chunk by chunk; what is in them does not matter here.
    auto whole = cache::MakeTraceEntry(key, loaded->body_size);
    whole->extents = loaded->extents;
    return whole;
  }

  cache::Ram ram_;
  cache::Disk& disk_;
  const bool waits_;
  net::FakeLoop loop_;
};

// Least recently used goes; every miss is stored.
class Lru {
 public:
  explicit Lru(ByteCount capacity) : capacity_(capacity) {}
  bool Find(uint64_t object) {
    const auto at = found_.find(object);
    if (at == found_.end()) return false;
    order_.splice(order_.begin(), order_, at->second);
    return true;
  }
  void Put(const TraceRequest& request) {
    order_.push_front(request);
    found_[request.object] = order_.begin();
    used_ += request.size;
    while (used_ > capacity_) {
      used_ -= order_.back().size;
      found_.erase(order_.back().object);
      order_.pop_back();
    }
  }

 private:
  const ByteCount capacity_;
  ByteCount used_ = 0;
  std::list<TraceRequest> order_;
  std::unordered_map<uint64_t, std::list<TraceRequest>::iterator> found_;
};

Outcome PlayLru(const std::vector<TraceRequest>& trace, ByteCount ram_bytes, ByteCount disk_bytes) {
  Lru ram(ram_bytes), disk(disk_bytes);
  Outcome outcome;
  for (const TraceRequest& request : trace) {
    if (ram.Find(request.object)) continue;
    if (!disk.Find(request.object)) {
      ++outcome.origin_requests;
      outcome.origin_bytes += request.size;
      outcome.disk_bytes += request.size;
      disk.Put(request);
    }
    ram.Put(request);
  }
  return outcome;
}

Outcome PlayModel(const std::vector<TraceRequest>& trace, ByteCount ram_bytes,
                  ByteCount disk_bytes) {
  const cache::Generations generations;
  ReplayDisk disk(disk_bytes, generations);
  Tiers tiers(ram_bytes, disk, /*waits=*/false);
  for (const TraceRequest& request : trace) tiers.Ask(request);
  tiers.outcome.disk_bytes = disk.stats().written;
  return tiers.outcome;
}

TEST(TierHitsTest, TheOriginIsAskedLessAndTheDiskWrittenFarLessThanWithTwoLrus) {
  const std::vector<TraceRequest> trace = cache::MakeTrace({.once = 0.14});
  const ByteCount all = cache::Footprint(trace);
  const Outcome lru = PlayLru(trace, all / 100, all / 10);
  const Outcome ours = PlayModel(trace, all / 100, all / 10);
  const auto ratio = [](auto a, auto b) { return static_cast<double>(a) / static_cast<double>(b); };
  const double requests = ratio(ours.origin_requests, lru.origin_requests);
  const double bytes = ratio(ours.origin_bytes, lru.origin_bytes);
  const double written = ratio(ours.disk_bytes, lru.disk_bytes);
  std::printf("of two LRUs': origin requests %.3f, origin bytes %.3f, disk bytes %.3f\n", requests,
              bytes, written);
  EXPECT_LE(requests, 0.85);
  EXPECT_LE(bytes, 0.85);
  EXPECT_LE(written, 1.0 / 3);
}

TEST(TierHitsTest, TheRealDiskTierHitsAsItsModelDoes) {
  const std::vector<TraceRequest> trace =
      cache::MakeTrace({.requests = 120'000, .objects = 8000, .once = 0.14});
  const ByteCount all = cache::Footprint(trace);
  const ByteCount ram_bytes = all / 100, disk_bytes = std::max<ByteCount>(all / 10, 32_MiB);
  const Outcome model = PlayModel(trace, ram_bytes, disk_bytes);
  std::string directory = std::filesystem::temp_directory_path() / "skerry-tiers-XXXXXX";
  ASSERT_NE(mkdtemp(directory.data()), nullptr);
  Outcome real;
  {
    cache::Disk::Options options;
    options.directory = directory + "/store";
    options.budget = disk_bytes;
    auto disk = cache::Disk::Open(options);
    ASSERT_TRUE(disk);
    while (!(*disk)->stats().index_loaded) std::this_thread::yield();
    Tiers tiers(ram_bytes, **disk, /*waits=*/true);
    for (const TraceRequest& request : trace) tiers.Ask(request);
    real = tiers.outcome;
  }
  std::filesystem::remove_all(directory);
  std::printf("misses: model %.4f, real %.4f\n", model.Misses(trace.size()),
              real.Misses(trace.size()));
  EXPECT_NEAR(model.Misses(trace.size()), real.Misses(trace.size()), 0.01);
}

}  // namespace
}  // namespace skerry::edge
