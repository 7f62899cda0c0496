// The numbers a worker adds to while it answers; names are those of the contract.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "core/base/metrics.h"

namespace skerry::gateway {

// References into the process's Metrics, looked up once. Owner and thread: one worker.
class Counters {
 public:
  explicit Counters(Metrics& metrics);

  // skerry_requests_total{site,status,cache} and skerry_request_seconds.
  void Answered(std::string_view site, int status, std::string_view cache, double seconds,
                uint64_t bytes) {
    Answered(requests(site, status, cache), seconds, bytes);
  }
  void Answered(Counter& requests, double seconds, uint64_t bytes);
  // skerry_requests_total of these labels.
  Counter& requests(std::string_view site, int status, std::string_view cache);
  void Hit(std::string_view tier) { hits(tier).Add(); }  // "ram", "disk"
  Counter& hits(std::string_view tier);
  void Miss(std::string_view reason);  // the word of Cache-Status' fwd
  void Origin(int status);             // 0: no answer
  Counter& origin_bytes;
  Counter& digest_mismatches;
  Counter& refetches;  // of bodies that did not match
  Counter& collapsed;
  Counter& refreshes;
  Counter& refreshes_left;  // for the next request: the budget was used
  Counter& stale_served;
  Counter& early_hints;      // 103s sent
  Gauge& tunnels;            // WebSockets
  Counter& variants_capped;  // on disk; the RAM tier counts its own

 private:
  // Counters by the labels that tell them apart, the one asked for last in front: what
  // is counted per request is a handful, and almost always one of the first.
  struct Labelled {
    std::string site;
    int status;
    std::string word;
    Counter* counter;
  };
  using Family = std::vector<Labelled>;
  static Counter* Known(Family& family, std::string_view site, int status, std::string_view word);
  static Counter& Keep(Family& family, std::string_view site, int status, std::string_view word,
                       Counter& counter);

  Metrics& metrics_;
  Histogram& seconds_;
  Counter& response_bytes_;
  Family requests_;
  Family hits_;
  Family misses_;
  Family origin_;
};

}  // namespace skerry::gateway
