// The method PURGE, as Varnish's and nginx's users send it: from addresses that may, it
// becomes a purge in the log, so that it holds on every node, in order and with a
// receipt. From others it is refused, and never proxied.
//
//   PURGE /a                         that URL, on every scheme
//   PURGE /dir/*                     all below it
//   PURGE / with xkey: a b           those tags (the option tag_field)
//   Fastly-Soft-Purge: 1             stale instead of gone
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "core/base/clock.h"
#include "core/base/secrets.h"
#include "core/http/server/server.h"
#include "core/http/upstream/upstream.h"
#include "core/net/address_range.h"
#include "core/net/loop.h"

namespace skerry::edge {

// Owner and thread: one worker's loop.
class PurgeMethod {
 public:
  struct Options {
    std::vector<net::AddressRange> from;
    std::string tag_field;                  // lower case; empty: none
    Millis wait{0};                         // for confirmation by the nodes
    std::shared_ptr<const Secrets> tokens;  // for the purge service: the first, as it is then
    std::string authority;
  };
  PurgeMethod(net::Loop& loop, std::unique_ptr<http::Upstream> service, Options options);

  static bool Is(const http::RequestHead& request) { return request.method == "PURGE"; }
  // Answers 200 with the receipt when it is complete, 202 when it is not so in time, what
  // the service has refused as it came, 403 to whoever may not, 503 without the service.
  std::shared_ptr<http::StreamEvents> OnRequest(std::shared_ptr<http::ServerStream> stream);

 private:
  class Conversation;
  bool MayPurge(const net::Address& peer) const;

  net::Loop& loop_;
  std::unique_ptr<http::Upstream> service_;
  const Options options_;
};

// The body of POST /v1/purges.
std::string PurgeBodyOf(const http::RequestHead& request, const std::string& tag_field,
                        Millis wait);

}  // namespace skerry::edge
