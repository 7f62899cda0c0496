// What would have come of a log under a configuration: every request goes through the
// real gateway (exchange, keys, freshness, fills, RAM tier with its admission) on a loop
// and a clock that jump from one event to the next, against an origin that answers as
// the log says. docs/operations.md lists what is assumed.
//
// Deterministic: one thread, no wall clock, no chance.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <string>
#include <vector>

#include "core/base/bytes.h"
#include "core/base/result.h"
#include "edge/config/options.h"
#include "edge/replay/replay_log.h"

namespace skerry::edge {

struct Tally {
  uint64_t requests = 0;
  uint64_t hits = 0;   // answered from the cache, stale ones as well
  uint64_t stale = 0;  // those among them that were stale
  uint64_t bytes = 0;  // sent to clients
  uint64_t hit_bytes = 0;
  uint64_t origin_requests = 0;               // revalidations and refreshes as well
  uint64_t origin_bytes = 0;                  // of bodies
  std::map<std::string, uint64_t> forwarded;  // by the word of Cache-Status

  void Add(const Tally& other);
};

struct Outcome {
  std::string name;  // of the configuration, for people
  Tally all;
  std::vector<Tally> urls;      // by the log's number
  uint64_t objects_in_ram = 0;  // at the end
  ByteCount bytes_in_ram = 0;
  uint64_t objects_on_disk = 0;
  ByteCount bytes_on_disk = 0;
  // Some rule's key has what the log does not: device, tier or a field.
  bool key_beyond_log = false;
};

// `progress` is called now and then with the number of lines that are done.
// Fails where a file that the configuration names cannot be used.
Result<Outcome> Replay(const ReplayLog& log, const Options& options, std::string name,
                       const std::function<void(size_t)>& progress);

// What the log itself says has happened.
Outcome AsLogged(const ReplayLog& log);

}  // namespace skerry::edge
