// What a purge would drop: every stored response is looked at, bit by bit, and nothing is
// changed. A purge itself looks at nothing (core/cache/purge/generations.h); this is for
// people who want to know before.
#pragma once

#include <memory>

#include "core/cache/disk/disk.h"
#include "core/cache/purge/feed.h"
#include "core/cache/purge/generations.h"
#include "core/cache/ram.h"

namespace skerry::gateway {

struct DryPurgeParts {
  const cache::Generations& generations;  // what it has purged already does not count
  const cache::Ram& ram;
  cache::Disk* disk = nullptr;  // null: memory only
};

// Memory first, then the disk's parts: a read for every object there, some 20 µs each. A
// step takes some milliseconds. What is stored or moves between the tiers meanwhile may
// be missed. The parts outlive it. Thread: one at a time, not a loop's.
cache::CountStep BeginDryPurge(const DryPurgeParts& parts, cache::Selectors selectors);

}  // namespace skerry::gateway
