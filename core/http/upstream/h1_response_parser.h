// HTTP/1.1 responses, from bytes to events. Heads are read by h1_response_head.h, chunks by
// Beast's parser, which stays in the .cc.
//
// Refused (RFC 9112), because two readers could disagree about them: line folding, bare
// CR or LF, blanks before a colon, Content-Length beside Transfer-Encoding, several
// lengths that differ, chunked in HTTP/1.0, a coding before chunked, codings that we know
// and never asked for, a 101 that is no WebSocket's or was not asked for. A coding nobody knows
// means that the body lasts until the connection ends.
#pragma once

#include <cstddef>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/base/clock.h"
#include "core/base/result.h"
#include "core/http/message.h"

namespace skerry::http {

// Thread and owner: those of its connection.
class H1ResponseParser {
 public:
  // Heads are without connection-specific fields. Only Stop may be called from inside.
  class Events {
   public:
    virtual ~Events() = default;
    virtual void OnInterim(ResponseHead head) = 0;
    virtual void OnHead(ResponseHead head) = 0;
    virtual void OnBody(std::string_view bytes) = 0;
  };

  struct Limits {
    size_t header_bytes = size_t{64} * 1024;  // a head, or a trailer section
    size_t header_count = 256;
    int interims = 32;  // before one final head
  };

  H1ResponseParser(const Limits& limits, Events* events);
  ~H1ResponseParser();

  // Forgets everything and expects the response to a request of that method.
  // `websocket`: it may be answered by 101, and what follows is a body without an end.
  void Begin(std::string_view method, bool websocket = false);

  // Reads until the response is complete, the input is used up, or Stop. Returns how
  // many bytes were read; what is left belongs to the next call (after Stop) or to
  // nobody (done). Errors are final: kInvalid or kLimit, of the upstream's side.
  Result<size_t> Feed(std::string_view bytes);
  // The connection ended in order. An error (kReset) unless the body was to last until then.
  Status End();
  // Called from inside an event: Feed returns once the event has.
  void Stop();

  bool began() const;      // a byte of a response has come
  bool head_done() const;  // the final head was reported
  bool done() const;       // the body is complete
  // REQUIRES: done(). Another request may follow on the connection.
  bool reusable() const;
  // How long the peer keeps the connection open for another request, as Keep-Alive says
  // (its RFC 2068 form, which servers still send: "timeout=5"). Nothing: it does not say.
  // REQUIRES: head_done().
  std::optional<Seconds> kept_for() const;
  // REQUIRES: done().
  Fields TakeTrailers();

 private:
  class Machine;
  std::unique_ptr<Machine> machine_;
};

}  // namespace skerry::http
