#include "core/gateway/counters.h"

#include <utility>

namespace skerry::gateway {

Counters::Counters(Metrics& metrics)
    : origin_bytes(metrics.GetCounter("skerry_origin_bytes_total",
                                      "Bytes of bodies received from upstream.")),
      digest_mismatches(metrics.GetCounter("skerry_digest_mismatch_total",
                                           "Bodies that did not match their digest.")),
      refetches(metrics.GetCounter("skerry_digest_refetches_total",
                                   "Bodies fetched once more because of it.")),
      collapsed(metrics.GetCounter("skerry_collapsed_requests_total",
                                   "Requests that shared the fetch of another.")),
      refreshes(
          metrics.GetCounter("skerry_refreshes_total", "Refreshes begun behind a stale answer.")),
      refreshes_left(metrics.GetCounter(
          "skerry_refreshes_left_total",
          "Refreshes of softly purged answers left for the next request, by upstream.budget.")),
      stale_served(metrics.GetCounter("skerry_stale_served_total",
                                      "Stale answers served because upstream failed.")),
      early_hints(metrics.GetCounter("skerry_early_hints_total",
                                     "Interim answers (103) with the links of a stored page.")),
      tunnels(metrics.GetGauge("skerry_websockets", "Open WebSockets.")),
      variants_capped(metrics.GetCounter("skerry_variants_capped_total",
                                         "Variants of one object dropped for their number.",
                                         {{"tier", "disk"}})),
      metrics_(metrics),
      seconds_(metrics.GetHistogram(
          "skerry_request_seconds",
          "Time from the end of the request's head to the end of the answer.")),
      response_bytes_(metrics.GetCounter("skerry_response_bytes_total",
                                         "Bytes of answers given to clients' connections.")) {}

// Moves one place forward, so that what is asked for often comes to stand in front.
Counter* Counters::Known(Family& family, std::string_view site, int status, std::string_view word) {
  for (size_t i = 0; i < family.size(); ++i) {
    const Labelled& entry = family[i];
    if (entry.status != status || entry.word != word || entry.site != site) continue;
    Counter* const counter = entry.counter;
    if (i > 0) std::swap(family[i], family[i - 1]);
    return counter;
  }
  return nullptr;
}

Counter& Counters::Keep(Family& family, std::string_view site, int status, std::string_view word,
                        Counter& counter) {
  family.push_back({std::string(site), status, std::string(word), &counter});
  return counter;
}

Counter& Counters::requests(std::string_view site, int status, std::string_view cache) {
  Counter* counter = Known(requests_, site, status, cache);
  if (counter == nullptr) {
    counter = &Keep(requests_, site, status, cache,
                    metrics_.GetCounter("skerry_requests_total", "Requests answered.",
                                        {{"site", std::string(site)},
                                         {"status", std::to_string(status)},
                                         {"cache", std::string(cache)}}));
  }
  return *counter;
}

void Counters::Answered(Counter& requests, double seconds, uint64_t bytes) {
  requests.Add();
  seconds_.Observe(seconds);
  response_bytes_.Add(bytes);
}

Counter& Counters::hits(std::string_view tier) {
  Counter* counter = Known(hits_, {}, 0, tier);
  if (counter == nullptr) {
    counter =
        &Keep(hits_, {}, 0, tier,
              metrics_.GetCounter("skerry_cache_hits_total", "Answers from a stored response.",
                                  {{"tier", std::string(tier)}}));
  }
  return *counter;
}

void Counters::Miss(std::string_view reason) {
  Counter* counter = Known(misses_, {}, 0, reason);
  if (counter == nullptr) {
    counter = &Keep(
        misses_, {}, 0, reason,
        metrics_.GetCounter("skerry_cache_misses_total", "Requests that went upstream, by reason.",
                            {{"reason", std::string(reason)}}));
  }
  counter->Add();
}

void Counters::Origin(int status) {
  Counter* counter = Known(origin_, {}, status, {});
  if (counter == nullptr) {
    counter =
        &Keep(origin_, {}, status, {},
              metrics_.GetCounter(
                  "skerry_origin_requests_total", "Requests sent upstream, by status.",
                  {{"status", status == 0 ? std::string("failed") : std::to_string(status)}}));
  }
  counter->Add();
}

}  // namespace skerry::gateway
