#include "core/gateway/counters.h"

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

Counter& Counters::Cached(std::unordered_map<std::string, Counter*>& among, std::string key,
                          const std::string& name, const std::string& help, const Labels& labels) {
  Counter*& counter = among[std::move(key)];
  if (counter == nullptr) counter = &metrics_.GetCounter(name, help, labels);
  return *counter;
}

void Counters::Answered(std::string_view site, int status, std::string_view cache, double seconds,
                        uint64_t bytes) {
  std::string key(site);
  key.append(" ").append(std::to_string(status)).append(" ").append(cache);
  Cached(requests_, std::move(key), "skerry_requests_total", "Requests answered.",
         {{"site", std::string(site)},
          {"status", std::to_string(status)},
          {"cache", std::string(cache)}})
      .Add();
  seconds_.Observe(seconds);
  response_bytes_.Add(bytes);
}

void Counters::Hit(std::string_view tier) {
  Cached(hits_, std::string(tier), "skerry_cache_hits_total", "Answers from a stored response.",
         {{"tier", std::string(tier)}})
      .Add();
}

void Counters::Miss(std::string_view reason) {
  Cached(misses_, std::string(reason), "skerry_cache_misses_total",
         "Requests that went upstream, by reason.", {{"reason", std::string(reason)}})
      .Add();
}

void Counters::Origin(int status) {
  const std::string text = status == 0 ? "failed" : std::to_string(status);
  Cached(origin_, text, "skerry_origin_requests_total", "Requests sent upstream, by status.",
         {{"status", text}})
      .Add();
}

}  // namespace skerry::gateway
