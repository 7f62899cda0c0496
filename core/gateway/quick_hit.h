// The short way of most requests: a GET whose head has come before, for what RAM holds
// fresh. It asks the same functions as the steps of exchange.cc, but works out once for
// all requests of a head what follows from the head, and once a second for its answers
// from an entry what their fields are. docs/why/quick-hit.md.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/cache/entry.h"
#include "core/cache/key.h"
#include "core/gateway/access_log.h"
#include "core/gateway/lookup.h"
#include "core/gateway/route.h"
#include "core/http/server/server.h"

namespace skerry::gateway {

class Gateway;

// Owner: a gateway, and thread: its loop's.
class QuickHits {
 public:
  explicit QuickHits(Gateway& gateway);
  ~QuickHits();

  // Answers the request, if it is one of those. Null: it goes the long way, and nothing has
  // happened but that what RAM keeps under its key may count as used once more.
  std::shared_ptr<http::StreamEvents> Answer(http::ServerStream& stream);

  // Routes are others from now on.
  void ConfigurationChanged();

 private:
  struct OfRoute;
  struct OfHead;
  struct Answered;
  struct Ready;
  class Events;

  static constexpr size_t kReady = 1024;

  OfHead& HeadOf(http::SharedHead& common) const;
  OfRoute* RouteOf(OfHead& of_head, const http::RequestHead& head, std::string_view path) const;
  void MakeKey(const OfHead& of_head, std::string_view path);
  // Of what is in `kept_`, which it leaves empty.
  cache::EntryPtr Select(OfRoute& of_route);
  WallTime NowFor(const http::ServerStream& stream);
  LocalPtr<const Answered> AnswerOf(const http::RequestHead& head, std::string_view path,
                                    const OfRoute& of_route, const Lookup& lookup);
  // Of the access log.
  static std::unique_ptr<const AccessLine> LineOf(const http::RequestHead& head,
                                                  std::string_view path, const OfRoute& of_route,
                                                  const cache::Entry& entry,
                                                  const Answered& answered,
                                                  std::string_view cache_status);

  Gateway& gateway_;
  uint64_t configuration_ = 0;         // of what is noted at heads
  cache::Key key_;                     // of the request at hand
  std::vector<cache::EntryPtr> kept_;  // what RAM has for it
  std::vector<Ready> ready_;
  // Requests that were read together share a look at the clock.
  std::optional<SteadyTime> read_at_;
  WallTime now_{};
};

}  // namespace skerry::gateway
