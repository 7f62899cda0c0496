#include "core/cache/request_trace.h"

#include <algorithm>
#include <cmath>
#include <list>
#include <string>
#include <unordered_map>
#include <unordered_set>
#include <utility>

#include "core/base/random.h"

namespace skerry::cache {
namespace {

constexpr double kMedianBytes = 8192;
constexpr double kSpread = 1.7;  // standard deviation of the logarithm
constexpr double kLargestBytes = 8 << 20;
constexpr size_t kReplacedAtOnce = 100;

double Unit(uint64_t bits) { return static_cast<double>(bits >> 11) * 0x1p-53; }

// Lognormal, decided by the object's number alone.
ByteCount SizeOf(uint64_t object) {
  SeededRandom random(object * 0x9e3779b97f4a7c15 + 1);
  const double radius = std::sqrt(-2 * std::log(1 - Unit(random.Next())));
  const double normal = radius * std::cos(6.283185307179586 * Unit(random.Next()));
  const double bytes = kMedianBytes * std::exp(kSpread * normal);
  return static_cast<ByteCount>(std::clamp(bytes, 100.0, kLargestBytes));
}

std::vector<double> ZipfSums(size_t objects, double exponent) {
  std::vector<double> sums(objects);
  double sum = 0;
  for (size_t rank = 0; rank < objects; ++rank) {
    sum += std::pow(static_cast<double>(rank + 1), -exponent);
    sums[rank] = sum;
  }
  return sums;
}

Key KeyOf(uint64_t object) { return Key::Of("https://example.com/" + std::to_string(object)); }

template <class Cache>
HitRatio Play(const std::vector<TraceRequest>& trace, Cache hits) {
  ByteCount hit_bytes = 0;
  ByteCount all_bytes = 0;
  size_t hit_requests = 0;
  for (const TraceRequest& request : trace) {
    const bool hit = hits(request);
    hit_requests += hit;
    hit_bytes += hit ? request.size : 0;
    all_bytes += request.size;
  }
  return {static_cast<double>(hit_requests) / static_cast<double>(trace.size()),
          static_cast<double>(hit_bytes) / static_cast<double>(all_bytes)};
}

}  // namespace

std::vector<TraceRequest> MakeTrace(const TraceOptions& options) {
  SeededRandom random(options.seed);
  const std::vector<double> sums = ZipfSums(options.objects, options.zipf);
  std::vector<uint64_t> at_rank(options.objects);
  for (size_t rank = 0; rank < at_rank.size(); ++rank) at_rank[rank] = rank;
  uint64_t next = options.objects;
  std::vector<TraceRequest> trace;
  trace.reserve(options.requests);
  for (size_t i = 0; i < options.requests; ++i) {
    if (options.replaced_every != 0 && i % options.replaced_every == 0) {
      // A deploy touches what is popular: the first thousand ranks.
      const size_t ranks = std::min<size_t>(1000, at_rank.size());
      for (size_t k = 0; k < kReplacedAtOnce; ++k) at_rank[random.Below(ranks)] = next++;
    }
    uint64_t object = 0;
    if (Unit(random.Next()) < options.once) {
      object = next++;
    } else {
      const double point = Unit(random.Next()) * sums.back();
      const auto rank = std::lower_bound(sums.begin(), sums.end() - 1, point) - sums.begin();
      object = at_rank[static_cast<size_t>(rank)];
    }
    trace.push_back({object, SizeOf(object)});
  }
  return trace;
}

ByteCount Footprint(const std::vector<TraceRequest>& trace) {
  std::unordered_set<uint64_t> seen;
  ByteCount bytes = 0;
  for (const TraceRequest& request : trace) {
    if (seen.insert(request.object).second) bytes += request.size;
  }
  return bytes;
}

std::shared_ptr<Entry> MakeTraceEntry(Key key, ByteCount size) {
  static const Chunk block = Chunk::Copy(std::string(kChunkBytes, 'x'));
  static const auto fields = std::make_shared<const http::Fields>();
  auto entry = std::make_shared<Entry>();
  entry->head.key = std::move(key);
  entry->head.fields = fields;
  entry->head.client_fields = fields;
  entry->body_size = size;
  for (ByteCount left = size; left > 0; left -= entry->chunks.back().size()) {
    entry->chunks.push_back(block.Slice(0, std::min<ByteCount>(left, kChunkBytes)));
  }
  return entry;
}

HitRatio RamHitRatio(const std::vector<TraceRequest>& trace, ByteCount capacity) {
  Ram ram({.capacity = capacity});
  return Play(trace, [&ram](const TraceRequest& request) {
    Key key = KeyOf(request.object);
    if (!ram.Find(key).empty()) return true;
    ram.Offer(MakeTraceEntry(std::move(key), request.size));
    return false;
  });
}

HitRatio LruHitRatio(const std::vector<TraceRequest>& trace, ByteCount capacity) {
  const ByteCount largest = std::max<ByteCount>(capacity / 64, 1_MiB);
  struct Object {
    uint64_t number;
    ByteCount size;  // in the RAM tier
  };
  std::list<Object> order;  // most recent first
  std::unordered_map<uint64_t, std::list<Object>::iterator> found;
  ByteCount used = 0;
  return Play(trace, [&](const TraceRequest& request) {
    if (const auto at = found.find(request.object); at != found.end()) {
      order.splice(order.begin(), order, at->second);
      return true;
    }
    const ByteCount size = MakeTraceEntry(KeyOf(request.object), request.size)->MemorySize();
    if (size > largest) return false;
    order.push_front({request.object, size});
    found[request.object] = order.begin();
    used += size;
    while (used > capacity) {
      used -= order.back().size;
      found.erase(order.back().number);
      order.pop_back();
    }
    return false;
  });
}

}  // namespace skerry::cache
