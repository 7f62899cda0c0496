// The last thing that a node says to the purge service: this process answers nobody any
// more. Purges then wait for it no longer, instead of until its lease has run out.
//
// The receipt's promise stands on it: whoever could still answer a client, or a peer, from
// the cache must not say it. So the connections are closed first, not only the listeners.
#pragma once

#include <memory>
#include <string>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/http/upstream/upstream.h"
#include "core/net/loop.h"

namespace skerry::cache {

struct Goodbye {
  std::string node;
  std::string incarnation;  // PurgeFeed's, which must have ended
  bool given = false;       // PurgeFeed::given_away
  std::string token;
  std::string authority;  // of the purge service, for Host
};

// Runs `loop`, which runs nowhere else, until the service has heard it or `at_most` is over.
// An error costs nothing but the time: the lease runs out.
Status SayGoodbye(net::Loop& loop, std::unique_ptr<http::Upstream> upstream, const Goodbye& goodbye,
                  Millis at_most);

}  // namespace skerry::cache
