// A WebSocket between a client and an origin (RFC 6455 over HTTP/1.1): the handshake goes
// through as it is, and once the origin has said 101 bytes pass both ways, unread. Any
// other answer is passed on like an ordinary one. Nothing of it is stored.
//
//   client ──OnBody──▶ BodyPipe ──▶ origin      each side is read only as fast as the
//   client ◀── BodyPipe ◀──OnBody── origin      other takes it
#pragma once

#include <functional>
#include <memory>
#include <string_view>

#include "core/base/result.h"
#include "core/http/body.h"
#include "core/http/upstream/upstream.h"

namespace skerry::gateway {

// Owner: the exchange that opened it. Thread: its loop.
class Tunnel : public http::FetchEvents, public std::enable_shared_from_this<Tunnel> {
 public:
  struct Events {
    std::function<void(const http::ResponseHead& head)> on_interim;
    // The answer, once; its body is what comes through.
    std::function<void(http::ResponseHead head, std::unique_ptr<http::BodySource> body)> on_answer;
    std::function<void(const Error& error)> on_failed;  // instead of it
    std::function<void(size_t count)> on_consumed;      // bytes of the client's have left
  };
  Tunnel(net::Loop& loop, Events events);

  // `head` is the handshake as it goes upstream. Events come later.
  void Open(http::Upstream& upstream, http::RequestHead head);
  void FromClient(std::string_view bytes);
  // The client is gone; no event comes afterwards.
  void Close();

  void OnInterim(http::ResponseHead head) override;
  void OnHead(http::ResponseHead head) override;
  void OnBody(std::string_view bytes) override;
  void OnEnd(http::Fields trailers) override;
  void OnFailed(Error error) override;

 private:
  net::Loop& loop_;
  Events events_;
  std::unique_ptr<http::Fetch> fetch_;
  std::shared_ptr<http::BodyPipe::Feed> to_origin_;
  std::shared_ptr<http::BodyPipe::Feed> to_client_;
};

}  // namespace skerry::gateway
