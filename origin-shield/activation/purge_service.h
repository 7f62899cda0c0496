// The purge service as a shield uses it: it posts activations and asks for receipts.
// docs/purge-protocol.md has the exchange.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/base/secrets.h"
#include "core/http/upstream/upstream.h"
#include "core/net/loop.h"
#include "origin-shield/activation/receipt.h"

namespace skerry::shield {

struct ActivationPost {
  std::string site;
  std::string release;
  std::vector<std::string> tags;
  std::string key;  // the same for a repetition: the record is written once
  Millis wait{0};   // how long the answer may wait for the nodes
};

// Owner and thread: one loop. `done` is called once, on the loop, never from inside
// the call; not after the service is destroyed. Errors that `retryable` marks may be
// sent again under the same key.
class PurgeService {
 public:
  using Done = std::function<void(Result<Receipt>)>;
  virtual ~PurgeService() = default;
  virtual void Post(const ActivationPost& post, Done done) = 0;
  virtual void Ask(const std::string& id, Done done) = 0;

  struct Options {
    std::shared_ptr<const Secrets> tokens;  // of --purge_token_file: the first, as it is then
    std::string authority;                  // for Host
  };
  static std::unique_ptr<PurgeService> Make(net::Loop& loop,
                                            std::unique_ptr<http::Upstream> upstream,
                                            Options options);
};

}  // namespace skerry::shield
