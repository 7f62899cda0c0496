// Memory an object, hit ratios of the RAM tier against LRU, and what a hit costs. Prints one line
// each; docs/why/ram-policy.md holds a run.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <string>
#include <thread>

#include "core/base/result.h"
#include "core/cache/ram.h"
#include "core/cache/request_trace.h"

// Of jemalloc, the daemons' allocator, which has a header for what is no standard's.
extern "C" int mallctl(const char* name, void* old, size_t* old_size, void* now, size_t now_size);

namespace skerry::cache {
namespace {

// Bytes in the program's hands, each rounded up as the allocator does.
size_t AllocatedBytes() {
  uint64_t epoch = 1;
  size_t size = sizeof(epoch);
  SKERRY_CHECK(mallctl("epoch", &epoch, &size, &epoch, sizeof(epoch)) == 0);
  size_t bytes = 0;
  size = sizeof(bytes);
  SKERRY_CHECK(mallctl("stats.allocated", &bytes, &size, nullptr, 0) == 0);
  return bytes;
}

void CompareRatios(const char* name, const TraceOptions& options) {
  const std::vector<TraceRequest> trace = MakeTrace(options);
  const ByteCount footprint = Footprint(trace);
  for (const ByteCount percent : {1, 3, 10}) {
    const ByteCount capacity = footprint * percent / 100;
    const HitRatio lru = LruHitRatio(trace, capacity);
    const HitRatio ram = RamHitRatio(trace, capacity);
    std::printf(
        "%-12s %2u %% of %5.2f GB: objects LRU %.3f RAM tier %.3f; bytes LRU %.3f RAM tier %.3f\n",
        name, static_cast<unsigned>(percent), static_cast<double>(footprint) / 1e9, lru.objects,
        ram.objects, lru.bytes, ram.bytes);
  }
}

// Time of a Find that finds, the key being at hand as it is in a request. Keys are
// asked for by Zipf's law, in the fastest of several rounds: other programs on the
// machine only ever add.
void TimeHits(size_t objects, size_t threads) {
  constexpr size_t kRounds = 7;
  constexpr size_t kAsked = 300'000;
  const std::vector<TraceRequest> trace =
      MakeTrace({.requests = kAsked, .objects = objects, .once = 0});
  Ram ram({.capacity = 1_GiB});
  std::vector<Key> keys;
  for (const TraceRequest& request : trace) {
    keys.push_back(Key::Of("https://example.com/" + std::to_string(request.object)));
    if (ram.Find(keys.back()).empty()) ram.Offer(MakeTraceEntry(keys.back(), 1024));
  }
  double best = 1e9;
  for (size_t round = 0; round < kRounds; ++round) {
    const auto begin = std::chrono::steady_clock::now();
    std::vector<std::thread> workers;
    for (size_t worker = 0; worker < threads; ++worker) {
      workers.emplace_back([&] {
        for (const Key& key : keys) SKERRY_CHECK(!ram.Find(key).empty());
      });
    }
    for (std::thread& worker : workers) worker.join();
    const std::chrono::duration<double, std::nano> spent = std::chrono::steady_clock::now() - begin;
    best = std::min(best, spent.count() / kAsked);
  }
  std::printf("hit among %zu objects, %zu threads: %.0f ns each\n", ram.objects(), threads, best);
}

// What a response as a web server sends it takes beside its body.
void MeasureMemory() {
  constexpr size_t kObjects = 100'000;
  Ram ram({.capacity = 1_GiB});
  const size_t before = AllocatedBytes();
  ByteCount bodies = 0, keys = 0;
  for (size_t i = 0; i < kObjects; ++i) {
    auto entry = std::make_shared<Entry>();
    const Key key = Key::Of("https://example.com/images/" + std::to_string(1'000'000 + i) + ".jpg");
    entry->head.key = key;  // a copy, as the gateway's: without room for more
    entry->head.status = 200;
    entry->head.fields = entry->head.client_fields = std::make_shared<const http::Fields>(
        http::Fields{{"server", "nginx"},
                     {"date", "Sat, 21 Nov 2026 12:00:00 GMT"},
                     {"content-type", "image/jpeg"},
                     {"last-modified", "Fri, 20 Nov 2026 09:00:00 GMT"},
                     {"etag", "\"654b6ee1-4000\""},
                     {"cache-control", "public, max-age=3600"},
                     {"accept-ranges", "bytes"}});
    keys += entry->head.key.text.size();
    entry->chunks.push_back(Chunk::Copy(std::string(1000, 'x')));
    entry->body_size = 1000;
    bodies += 1000;
    ram.Offer(std::move(entry));
  }
  SKERRY_CHECK(ram.objects() == kObjects);
  const auto used = static_cast<double>(AllocatedBytes() - before);
  std::printf("memory an object, beside its body and its key: %.0f bytes, counted as %.0f\n",
              (used - static_cast<double>(bodies + keys)) / kObjects,
              static_cast<double>(ram.bytes() - bodies - keys) / kObjects);
}

}  // namespace
}  // namespace skerry::cache

int main() {
  skerry::cache::MeasureMemory();
  using skerry::cache::CompareRatios;
  CompareRatios("zipf 0.9", {});
  CompareRatios("zipf 0.7", {.zipf = 0.7});
  CompareRatios("zipf 1.1", {.zipf = 1.1});
  CompareRatios("deploys", {.replaced_every = 2000});
  for (const size_t objects : {1, 1000, 100'000}) {
    for (const size_t threads : {1, 2}) skerry::cache::TimeHits(objects, threads);
  }
}
