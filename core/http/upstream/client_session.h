// What a pooled connection speaks once it is connected: HTTP/1.1 or HTTP/2.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/net/loop.h"
#include "core/net/transport.h"

namespace skerry::http {

class Exchange;

// Thread: the loop's. Owner: its connection. Nothing is called after the owner has
// been told OnDone.
class ClientSession : public std::enable_shared_from_this<ClientSession> {
 public:
  class Owner {
   public:
    virtual ~Owner() = default;
    // Another exchange may begin, or fewer are under way.
    virtual void OnChanged() = 0;
    // The session serves nothing any more. `in_order`: what was written is to be sent
    // and the peer told; otherwise the connection is cut.
    virtual void OnDone(bool in_order) = 0;
  };

  // What both protocols work with. All of it outlives the session.
  struct Context {
    net::Loop& loop;
    net::Transport& transport;
    Owner& owner;
    size_t header_bytes;
    size_t header_count;
  };

  enum class Dropped : uint8_t {
    kCancelled,  // nobody wants the answer any more
    kTimedOut,   // the peer was silent: it gets no further exchange
  };

  virtual ~ClientSession() = default;

  // REQUIRES: capacity() > 0.
  virtual void Begin(std::shared_ptr<Exchange> exchange) = 0;
  // Ends the exchange without telling it.
  virtual void Drop(Exchange& exchange, Dropped why) = 0;
  // exchange.paused() has changed.
  virtual void PauseChanged(Exchange& exchange) = 0;

  // Ends every exchange without telling anybody, the owner neither.
  virtual void Abandon() = 0;

  virtual size_t capacity() const = 0;  // exchanges that may begin now
  virtual size_t active() const = 0;    // exchanges under way

  // How long the peer has said that it keeps a connection without requests open.
  virtual std::optional<Seconds> kept_for() const { return std::nullopt; }

  // From the transport.
  virtual void OnBytes(std::string_view bytes) = 0;
  virtual void OnWritable() = 0;
  virtual void OnEnd() = 0;
  virtual void OnFailed(const Error& error) = 0;
};

}  // namespace skerry::http
