// A made-up day at an edge, for tests and benches of eviction: popularity falls like
// Zipf's law, most objects are asked for once, sizes are spread over four orders of
// magnitude. The same seed gives the same trace.
#pragma once

#include <cstdint>
#include <memory>
#include <vector>

#include "core/base/bytes.h"
#include "core/cache/ram.h"

namespace skerry::cache {

struct TraceOptions {
  size_t requests = 1'000'000;
  size_t objects = 60'000;    // asked for again and again
  double zipf = 0.9;          // exponent of their popularity
  double once = 0.12;         // share of requests for something never asked for again
  size_t replaced_every = 0;  // requests after which a hundred popular ones give way; 0: never
  uint64_t seed = 1;
};

struct TraceRequest {
  uint64_t object;
  ByteCount size;  // of the same object always the same
};

std::vector<TraceRequest> MakeTrace(const TraceOptions& options);

// Bytes of all distinct objects together.
ByteCount Footprint(const std::vector<TraceRequest>& trace);

struct HitRatio {
  double objects = 0;  // hits of all requests
  double bytes = 0;    // bytes of hits of all bytes
};

// An entry whose body has that size; all bodies share one block of memory.
std::shared_ptr<Entry> MakeTraceEntry(Key key, ByteCount size);

// What the RAM tier makes of the trace, and what a least-recently-used cache of that
// size does, which counts the same bytes for an object and keeps no larger ones.
HitRatio RamHitRatio(const std::vector<TraceRequest>& trace, ByteCount capacity);
HitRatio LruHitRatio(const std::vector<TraceRequest>& trace, ByteCount capacity);

}  // namespace skerry::cache
