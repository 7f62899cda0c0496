// The upload API of a shield (docs/releases.md), for the commands that speak it.
#pragma once

#include <chrono>
#include <map>
#include <set>
#include <string>

#include "core/base/result.h"
#include "pipeline/ship/http_client.h"

namespace skerry::pipeline {

struct ShieldAddress {
  std::string to = {};  // the shield's URL
  std::string site = {};
  std::string token = {};
  std::string ca_file = {};
  // Failures of connections and answers of 429 and 5xx are tried again, each pause twice as long
  // as the one before; Retry-After is obeyed up to half a minute.
  int attempts = 6;
  std::chrono::milliseconds first_pause{200};
};

struct NodeState {
  std::string state = {};  // applied, pending, fenced, unreachable
  uint64_t seq = 0;
  std::string at = {};
};

// What an activation is answered with.
struct Receipt {
  std::string receipt = {};  // its id
  uint64_t seq = 0;
  std::string state = {};  // accepted, complete
  std::map<std::string, NodeState> nodes = {};

  bool complete() const { return state == "complete"; }
};

// Thread: any.
class ShieldClient {
 public:
  explicit ShieldClient(const ShieldAddress& address);

  // "https://shield/v1/sites/NAME" + `rest`.
  std::string SiteUrl(const std::string& rest) const;
  std::string Url(const std::string& path) const;
  // The answer's body when its status is one of `wanted`; else an error in the shield's words,
  // kDenied where it does not know the token, kNotFound where it has no such thing.
  Result<std::string> Ask(const HttpRequest& request, const std::set<int>& wanted);
  // Activates a release; returns when every node has confirmed, or `wait` has run out.
  Result<Receipt> Activate(const std::string& release, std::chrono::milliseconds wait);

 private:
  Result<HttpResponse> Send(const HttpRequest& request);

  const ShieldAddress address_;
  HttpClient http_;
};

}  // namespace skerry::pipeline
