// The server side of HTTP/2 and HTTP/1.1: connections become streams of requests.
// nghttp2 and Beast stay inside this room.
//
// Order of events for one request:
//   plain GET:                  OnRequest(end_of_body=true), then you Respond, then OnGone
//   request with body:          OnRequest, OnBody …, OnBodyEnd, Respond at any time, OnGone
//   cancelled half-way:         OnRequest, [OnBody …], OnGone (never OnBodyEnd)
//   connection lost:            as cancelled
// After OnGone the stream does nothing; it may be called without harm.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "core/base/local_ptr.h"
#include "core/base/metrics.h"
#include "core/http/body.h"
#include "core/http/message.h"
#include "core/http/server/prepared_head.h"
#include "core/net/loop.h"
#include "core/net/transport.h"

namespace skerry::http {

// An answer. The field lists are sent one after the other without being merged or
// copied: `stored` is shared by all who send the same stored response.
struct Response {
  int status = 200;
  std::shared_ptr<const Fields> stored;  // may be null
  Fields own;                            // age, cache-status, via, …
  // Null, or a head that is sent instead of the three above.
  LocalPtr<const PreparedHead> prepared;
  std::unique_ptr<BodySource> body;  // null: none

  int sent_status() const { return prepared != nullptr ? prepared->status() : status; }
  // The fields in the order they are sent; the first may be null.
  std::array<const Fields*, 2> lists() const {
    if (prepared != nullptr) return prepared->lists();
    return {stored.get(), &own};
  }
};

// What hears of a request. Owner: the stream, by shared_ptr; whoever waits
// elsewhere on its behalf holds a weak_ptr. Thread: the connection's loop.
class StreamEvents {
 public:
  virtual ~StreamEvents() = default;
  // A piece of the request's body. The window opens again when ConsumedBody is called.
  virtual void OnBody(std::string_view bytes) = 0;
  virtual void OnBodyEnd(Fields trailers) = 0;
  // The answer was sent (`complete`) or will never be: the client reset the stream,
  // the connection broke, or a timeout struck. Called exactly once, last.
  virtual void OnGone(bool complete) = 0;
};

enum class Protocol : uint8_t { kHttp1, kHttp2 };
std::string_view Name(Protocol protocol);  // "http/1.1", "h2"

// A request's head but for its path, checked. The requests of a thread that have the same
// fields share one, so that what follows from them is worked out once.
struct SharedHead : LocalCounted {
  explicit SharedHead(RequestHead from) : head(std::move(from)) {}

  RequestHead head;            // its path is empty
  std::shared_ptr<void> note;  // the program's own; used on that thread only
};

// One request being answered. Owner: the session. Thread: the connection's loop.
class ServerStream {
 public:
  virtual ~ServerStream() = default;

  virtual const RequestHead& request() const = 0;
  // Of request(), without making one.
  virtual std::string_view path() const { return request().path; }
  // The rest of request(), if this head has come before. Null: it may or may not have.
  virtual const LocalPtr<SharedHead>& shared_head() const { return kNoSharedHead; }

  virtual bool end_of_body() const = 0;  // the request has no (more) body
  virtual Protocol protocol() const = 0;
  virtual const net::Address& peer() const = 0;
  virtual const std::string& tls() const = 0;  // description; empty in clear text
  virtual SteadyTime begun() const = 0;        // when the head was complete
  // Inside OnGone: now, if the session has just looked at the clock.
  virtual std::optional<SteadyTime> ended() const { return std::nullopt; }

  // 100 to 199, not 101. Ignored where the client cannot take it.
  virtual void SendInterim(const ResponseHead& head) = 0;
  // Once. A body that knows its length gets Content-Length from it unless the
  // fields have one; for HEAD, 204 and 304 the body is not asked for.
  // 101 only to a request whose `websocket` is set: the answer's body and, by OnBody, the
  // client's bytes then pass until one side ends, which ends both (OnBodyEnd never comes).
  // A body that fails resets the stream (HTTP/2) or the connection (HTTP/1.1).
  virtual void Respond(Response response) = 0;
  virtual void ConsumedBody(size_t count) = 0;
  // Ends without (or in the middle of) an answer.
  virtual void Reset() = 0;
  // Bytes of body and fields given to the transport so far.
  virtual uint64_t bytes_sent() const = 0;

 private:
  static const LocalPtr<SharedHead> kNoSharedHead;
};

// A copy of request() that makes no other one on its way.
RequestHead CopyOfRequest(const ServerStream& stream);

// Section 8 of docs/operations: every figure is an option.
struct SessionLimits {
  uint32_t streams = 128;
  size_t header_bytes = 32 * 1024;
  size_t header_count = 100;  // cookie crumbs counted before joining
  size_t path_bytes = 16 * 1024;
  uint32_t stream_window = 64 * 1024;
  uint32_t connection_window = 1024 * 1024;
  uint64_t body_bytes = 16 * 1024 * 1024;
  Millis preface_timeout = std::chrono::seconds(10);
  Millis header_timeout = std::chrono::seconds(10);
  Millis body_timeout = std::chrono::seconds(10);  // no byte of an unfinished body
  Millis stalled_write_timeout =
      std::chrono::seconds(30);  // window 0 with data waiting: the stream
  Millis idle_timeout = std::chrono::seconds(60);
  Millis tunnel_timeout = std::chrono::minutes(5);  // a WebSocket without a byte either way
  // Bytes a second, as Pace counts them (pace.h); 0: any. Of a request's body while we would
  // take it, with body_timeout as the patience; of what a client takes while an answer waits for
  // it, with stalled_write_timeout. Event streams (text/event-stream) are exempt.
  uint32_t request_rate = 500;
  uint32_t response_rate = 500;
  // Frames that cost work without asking for any: a budget per connection that
  // every useful request refills. Kinds: resets we had to send, refused streams,
  // client resets, empty DATA, PRIORITY, WINDOW_UPDATE, unknown, SETTINGS, PING, CONTINUATION,
  // and 4 KiB of a head.
  // A KiB of body and a second of time refill it by one each (glitch_budget.h).
  uint32_t glitch_budget = 2000;
  uint32_t glitch_refill_per_request = 8;
};

// Numbers all sessions of a server add to; references stay valid.
struct ServerCounters {
  // The same numbers for every call with the same registry.
  static ServerCounters In(Metrics& metrics);

  Gauge* connections_h1 = nullptr;  // skerry_connections{protocol}
  Gauge* connections_h2 = nullptr;
  Counter* bad_requests = nullptr;     // refused by the session itself
  Counter* glitch_closures = nullptr;  // ENHANCE_YOUR_CALM
  Counter* stalled_streams = nullptr;
};

// All connections of one listener on one loop. Owner and thread: that loop.
class Server {
 public:
  // Called for every checked request; what cannot be read, passes a limit, or is
  // TRACE or CONNECT the session answers itself. Returns what hears of it; null resets the
  // stream. `stream` is alive as long as OnGone has not been called, and longer for those
  // who have a copy of the pointer.
  using OnRequest =
      std::function<std::shared_ptr<StreamEvents>(const std::shared_ptr<ServerStream>& stream)>;

  struct Options {
    SessionLimits limits;
    ServerCounters counters;
    std::string scheme = "https";  // what `:scheme` must be; "http" on clear-text listeners
  };

  // Nobody who connects is hung up on with a request under way.
  static constexpr Millis kFirstWait{1000};

  virtual ~Server() = default;
  // Takes a transport from a listener: h2 by ALPN, or by the preface in clear text
  // (prior knowledge); HTTP/1.1 otherwise. `Upgrade: h2c` is ignored.
  virtual void Serve(std::unique_ptr<net::Transport> transport) = 0;
  // GOAWAY twice (HTTP/2) or Connection: close (HTTP/1.1). Idle HTTP/1.1 connections
  // end at once, idle HTTP/2 ones a round trip later (1 s at most: a request may be
  // under way), busy ones with their last answer. New connections are given kFirstWait
  // for their first request. `done` is called when none is left.
  virtual void Drain(std::function<void()> done) = 0;
  virtual size_t connections() const = 0;

  static std::unique_ptr<Server> Make(net::Loop& loop, Options options, OnRequest on_request);
};

}  // namespace skerry::http
