// One request that is no upload. Private to serve.cc.
#pragma once

#include <memory>
#include <string>

#include "core/gateway/tier.h"
#include "core/http/server/server.h"
#include "core/net/loop.h"
#include "origin-shield/requests/serve.h"
#include "origin-shield/respond/respond.h"

namespace skerry::shield {

// Owner: the stream, until OnGone; whoever waits on its behalf holds a weak_ptr.
// Thread: the connection's loop.
class Visit : public http::StreamEvents, public std::enable_shared_from_this<Visit> {
 public:
  Visit(Service& service, std::shared_ptr<http::ServerStream> stream);
  void Begin();

  void OnBody(std::string_view bytes) override;
  void OnBodyEnd(http::Fields trailers) override;
  void OnGone(bool complete) override;

 private:
  bool BehindTheEdge() const;
  void CatchUp();
  void Answer();
  void Forward();
  // Loads what the body begins with, so that what cannot be read is known in time.
  void SendWhenReadable(shield::Answer answer);
  void OnUnreadable(const Error& error);
  void Send(shield::Answer answer, std::unique_ptr<http::BodySource> body);
  void SendRefused();
  void SendProblem(int status, std::string detail, http::Fields fields = {});

  Service& service_;
  std::shared_ptr<http::ServerStream> stream_;  // until OnGone
  const http::RequestHead request_;
  gateway::FromEdge from_edge_;
  SteadyTime catch_up_until_;
  net::Timer timer_;
  bool behind_ = false;
  bool plain_only_ = false;  // a variant could not be read: the file itself instead
  std::shared_ptr<const SiteView> site_;
  Located located_;
  std::shared_ptr<http::StreamEvents> forwarded_;  // the gateway's part of it
  int status_ = 0;
};

}  // namespace skerry::shield
