// The pooled client: HTTP/1.1 and HTTP/2 towards one origin or shield.
//
// Requests on a kept connection that ends before the first byte of an answer are
// sent again once, on a fresh connection, if the method is idempotent and the body
// (if any) had not begun: nobody else may repeat a request.
#pragma once

#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/http/body.h"
#include "core/http/message.h"
#include "core/net/listener.h"
#include "core/net/loop.h"

namespace skerry::http {

// "https://host:port": where requests go.
struct UpstreamUrl {
  std::string scheme;  // "http" or "https"
  std::string host;
  uint16_t port = 0;
  std::string base_path;  // without a final "/"; empty for the root

  // The error says what a URL looks like. No userinfo, query or fragment.
  static Result<UpstreamUrl> Parse(std::string_view text);
  // host, and port unless it is the scheme's own.
  std::string authority() const;
};

// What hears of a fetch. Order: OnInterim …, OnHead, OnBody …, OnEnd; OnFailed may
// take the place of any of them and is the last. Thread: the loop's. A fetch may be
// cancelled from inside any event; no event comes after Cancel.
class FetchEvents {
 public:
  virtual ~FetchEvents() = default;
  virtual void OnInterim(ResponseHead head) = 0;
  // Connection-specific fields are gone; `fields` is otherwise what was sent.
  virtual void OnHead(ResponseHead head) = 0;
  virtual void OnBody(std::string_view bytes) = 0;
  // The body was complete: its framing said so. A close-delimited body counts as
  // complete only when TLS or TCP ended in order.
  virtual void OnEnd(Fields trailers) = 0;
  virtual void OnFailed(Error error) = 0;
};

// One request under way. Destroying it cancels. Thread and owner: its loop.
class Fetch {
 public:
  virtual ~Fetch() = default;
  // No OnBody until resumed; the peer's window fills.
  virtual void Pause() = 0;
  virtual void Resume() = 0;
};

struct FetchTimeouts {
  Millis queue = std::chrono::seconds(10);  // until a connection is free; beside `connect`
  Millis connect = std::chrono::seconds(5);
  Millis first_byte = std::chrono::seconds(30);  // from sent request to head
  // Of either body, while the other side is to blame: not while a fetch is paused, nor
  // while the request's body has nothing to send.
  Millis between_bytes = std::chrono::seconds(30);
};

// The connections of one loop to one peer. Owner and thread: that loop. Destroying it
// ends its fetches without an event.
class Upstream {
 public:
  struct Options {
    UpstreamUrl url;
    std::shared_ptr<net::TlsContext> tls;  // required for https
    bool http2 = false;                    // TLS with ALPN h2, or prior knowledge
    // Without ALPN h2, for the WebSockets of an HTTP/2 peer: they get HTTP/1.1 connections
    // of their own, `max_connections` more. Null: over TLS they fail with kUnavailable.
    std::shared_ptr<net::TlsContext> websocket_tls;
    size_t max_connections = 256;  // beyond that fetches wait in order
    size_t max_idle = 64;
    // Under what origins usually keep; one that says less (Keep-Alive: timeout=5) is left
    // a second earlier.
    Millis idle_timeout = std::chrono::seconds(30);
    FetchTimeouts timeouts;
    size_t header_bytes = size_t{64} * 1024;  // longer heads fail: kLimit
    size_t header_count = 256;
    // How connections are made; null: net::Dial.
    std::function<std::unique_ptr<net::Transport>(net::Loop&, const net::DialOptions&)> dial;
  };

  virtual ~Upstream() = default;
  // `request.authority` is sent as Host or :authority, unchanged (the URL's where it is
  // empty); `path` behind the base path. Of a WebSocket (`request.websocket`) the body is sent
  // once the peer has answered 101, and no time-out counts from then on. The body's length, or
  // chunks, take the place of Content-Length; connection-specific fields and Expect are not sent.
  // `events` must outlive the fetch. Errors come through OnFailed, never from inside this call:
  //   kInvalid   the answer breaks the protocol (upstream), or the request would (self)
  //   kLimit     a head or trailers too long, too many fields or interim answers
  //   kReset     ended before it was complete
  //   kTimeout   see FetchTimeouts
  //   kCancelled the request's own body failed (client)
  //   any other  from making the connection, see net::Dial
  // `retryable`: the peer has done nothing, or nothing that a second time would change.
  virtual std::unique_ptr<Fetch> Start(RequestHead request, std::unique_ptr<BodySource> body,
                                       FetchEvents* events) = 0;

  static std::unique_ptr<Upstream> Make(net::Loop& loop, Options options);
};

}  // namespace skerry::http
