// Where a request goes and by which rules: what classification decides, as a value.
#pragma once

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "core/cache/freshness.h"
#include "core/cache/key.h"
#include "core/http/message.h"
#include "core/net/address.h"

namespace skerry::gateway {

// Immutable; part of a configuration snapshot, shared by the requests it classified.
struct Route {
  std::string site = "default";  // metric label, log field
  size_t upstream = 0;           // index into Gateway::Options::upstreams
  cache::Policy policy;
  cache::KeyRules key_rules;
  bool compress = true;             // Brotli, zstd, gzip for what comes uncoded
  bool early_hints = true;          // 103 with the links of a stored page
  bool serve_on_partition = false;  // on_partition = "serve"
  http::Fields set_fields;          // added to (or replacing those of) every answer
  std::vector<std::string> remove_fields;
};

// host → site, path → rule: first match. Thread: any; implementations are
// immutable. Null: no site here answers for that host (421).
class Classifier {
 public:
  virtual ~Classifier() = default;
  virtual std::shared_ptr<const Route> Classify(const http::RequestHead& request) const = 0;
};

// Simple mode: one route for everything.
class OneRoute : public Classifier {
 public:
  explicit OneRoute(Route route) : route_(std::make_shared<const Route>(std::move(route))) {}
  std::shared_ptr<const Route> Classify(const http::RequestHead&) const override { return route_; }

 private:
  std::shared_ptr<const Route> route_;
};

}  // namespace skerry::gateway
