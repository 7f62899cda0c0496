// The numbers a worker adds to while it answers; names are those of the contract.
#pragma once

#include <string>
#include <string_view>
#include <unordered_map>

#include "core/base/metrics.h"

namespace skerry::gateway {

// References into the process's Metrics, looked up once. Owner and thread: one worker.
class Counters {
 public:
  explicit Counters(Metrics& metrics);

  // skerry_requests_total{site,status,cache} and skerry_request_seconds.
  void Answered(std::string_view site, int status, std::string_view cache, double seconds,
                uint64_t bytes);
  void Hit(std::string_view tier);     // "ram", "disk"
  void Miss(std::string_view reason);  // the word of Cache-Status' fwd
  void Origin(int status);             // 0: no answer
  Counter& origin_bytes;
  Counter& digest_mismatches;
  Counter& refetches;  // of bodies that did not match
  Counter& collapsed;
  Counter& refreshes;
  Counter& stale_served;
  Counter& early_hints;      // 103s sent
  Gauge& tunnels;            // WebSockets
  Counter& variants_capped;  // on disk; the RAM tier counts its own

 private:
  Counter& Cached(std::unordered_map<std::string, Counter*>& among, std::string key,
                  const std::string& name, const std::string& help, const Labels& labels);

  Metrics& metrics_;
  Histogram& seconds_;
  Counter& response_bytes_;
  std::unordered_map<std::string, Counter*> requests_;
  std::unordered_map<std::string, Counter*> hits_;
  std::unordered_map<std::string, Counter*> misses_;
  std::unordered_map<std::string, Counter*> origin_;
};

}  // namespace skerry::gateway
