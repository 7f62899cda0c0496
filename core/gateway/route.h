// Where a request goes and by which rules: what classification decides, as a value.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "core/cache/freshness.h"
#include "core/cache/key.h"
#include "core/gateway/rules/answer_fields.h"
#include "core/gateway/rules/dimensions.h"
#include "core/gateway/rules/field_rule.h"
#include "core/gateway/rules/redirect.h"
#include "core/gateway/rules/substitute.h"
#include "core/http/message.h"
#include "core/net/address.h"

namespace skerry::gateway {

// What a rule changes in the fields that go upstream. The values are the same for
// every request of the rule, so nothing of it belongs into the key.
struct RequestChanges {
  http::Fields set;
  std::vector<std::string> remove;  // lower case; done first
};

// Immutable; part of a configuration snapshot, shared by the requests it classified.
struct Route {
  std::string site = "default";  // metric label, log field
  std::string rule = "default";  // its name, for people
  std::string place;             // where it is written, "edge.toml:12"; empty: nowhere
  size_t upstream = 0;           // index into Gateway::Options::upstreams
  cache::Policy policy;
  cache::KeyRules key_rules;
  bool compress = true;             // Brotli, zstd, gzip for what comes uncoded
  bool early_hints = true;          // 103 with the links of a stored page
  bool serve_on_partition = false;  // on_partition = "serve"
  BypassOn bypass_on;               // requests that go past the cache
  RequestChanges request;
  AnswerFields answer;
  KeySpec key;                         // beside the URL
  Substitutes substitutes;             // pages in place of answers that are none
  std::optional<Redirect> redirect;    // answered here, nothing goes upstream
  std::optional<uint16_t> https_port;  // http is redirected to https there
};

// Is it settled by the rule or the key what this request field can say to the origin?
bool IsSettled(const Route& route, std::string_view name);

// host → site, path → rule: first match. Thread: any; implementations are
// immutable. Null: no site here answers for that host (421).
class Classifier {
 public:
  virtual ~Classifier() = default;
  // By the normalised target, which is also what the key is made of: a spelling that
  // reaches another rule would reach another entry.
  // `host`: Target::host, with its port.
  virtual const std::shared_ptr<const Route>& Classify(std::string_view host,
                                                       std::string_view path) const = 0;
};

// Simple mode: one route for everything.
class OneRoute : public Classifier {
 public:
  explicit OneRoute(Route route) : route_(std::make_shared<const Route>(std::move(route))) {}
  const std::shared_ptr<const Route>& Classify(std::string_view, std::string_view) const override {
    return route_;
  }

 private:
  std::shared_ptr<const Route> route_;
};

}  // namespace skerry::gateway
