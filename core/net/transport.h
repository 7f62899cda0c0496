// A stream of bytes to a peer: TCP, with or without TLS.
//
// Sessions (core/http) are written against this interface; tests hand them a
// transport made of two strings. Thread and owner: one loop; nothing here is
// called from another thread.
//
// Order of events:
//   connected:       OnConnected, then any of the others
//   peer writes:     OnBytes …, OnEnd when it has closed its side
//   blocked writer:  Write … until writable() is false; OnWritable when it is true again
//   broken:          OnFailed, after which nothing else comes
// A transport may be closed from inside any event.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "core/base/result.h"
#include "core/net/address.h"

namespace skerry::net {

class Transport {
 public:
  class Events {
   public:
    virtual ~Events() = default;
    // TCP is connected and TLS, where used, is done: alpn() and peer() are known.
    virtual void OnConnected() = 0;
    // Plain bytes; valid only during the call.
    virtual void OnBytes(std::string_view bytes) = 0;
    virtual void OnWritable() = 0;
    // The peer will send nothing more (FIN or close_notify).
    virtual void OnEnd() = 0;
    virtual void OnFailed(const Error& error) = 0;
  };

  virtual ~Transport() = default;

  // Begins to work; `events` must outlive the transport or be detached by Abort().
  virtual void Start(Events* events) = 0;

  // Takes the bytes over (sealed or copied). They leave with the next Flush, or
  // earlier when a batch is full (64 KB). REQUIRES: writable().
  virtual void Write(std::string_view bytes) = 0;
  virtual void Flush() = 0;
  // False while bytes of earlier writes wait for the kernel.
  virtual bool writable() const = 0;
  // Bytes on the wire that the peer's kernel has acknowledged, ever: what tells a slow
  // reader from one that has stopped. Costs a system call.
  virtual uint64_t delivered() const = 0;

  // Stops OnBytes until resumed, so that the peer's TCP window fills.
  virtual void PauseReading() = 0;
  virtual void ResumeReading() = 0;

  // Sends what was written, then closes (close_notify, FIN), and lingers for a
  // bounded time so that the peer reads it. No event comes after this call.
  virtual void Close() = 0;
  // Closes at once (RST where it matters). No event comes after this call.
  virtual void Abort() = 0;

  // "h2", "http/1.1", or empty where nothing was negotiated.
  virtual std::string_view alpn() const = 0;
  // The host name the client asked for in its ClientHello; empty if none.
  virtual std::string_view server_name() const = 0;
  virtual const Address& peer() const = 0;
  virtual bool is_tls() const = 0;
  // "TLSv1.3 TLS_AES_128_GCM_SHA256"; empty without TLS.
  virtual std::string tls_description() const = 0;
};

}  // namespace skerry::net
