// Purges that come through Redis.
//
// A stream is read as a consumer group, and an entry is acknowledged when its record is
// durable: each is delivered at least once, and its Idempotency-Key makes it one record.
// What a channel (PUBLISH) carries is delivered at most once: what is published while we
// are away is lost, and nobody hears of it.
//
// Threads of its own, one for each; Redis away is said once and tried again each second.
#pragma once

#include <functional>
#include <memory>
#include <string>

#include "core/base/metrics.h"
#include "core/net/address.h"
#include "purge-api/adapt/template.h"

namespace skerry::purge {

class RedisSource {
 public:
  struct Options {
    net::Address address;
    std::string password;  // empty: none
    std::string stream;    // empty: no stream
    std::string group = "skerry";
    std::string channel;  // empty: no channel
    Translation translation;
    Metrics* metrics = nullptr;  // required
  };
  enum class Outcome : uint8_t {
    kDurable,
    kRefused,  // no purge, and never will be
    kLater,    // the log cannot take it now
  };
  // Writes a purge: the body of POST /v1/purges and an Idempotency-Key (empty: none).
  // Called on threads of the source, answered once from any.
  using Purge =
      std::function<void(std::string body, std::string key, std::function<void(Outcome)> done)>;

  RedisSource(Options options, Purge purge);
  // Waits until its threads have ended, a second at most; answers that come later are
  // ignored.
  ~RedisSource();
  RedisSource(const RedisSource&) = delete;
  RedisSource& operator=(const RedisSource&) = delete;

 private:
  struct State;
  std::shared_ptr<State> state_;
};

}  // namespace skerry::purge
