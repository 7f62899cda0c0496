// Requests of HTTP/1.1 as they come off a connection. Boost.Beast stays behind
// this header; a strict check (h1_head.h) stands in front of it.
//
// Order of events: OnHead, then OnBody … and OnEnd for a message with a body;
// OnEnd alone otherwise. After a flaw nothing can be said about the bytes that
// follow: the connection must end.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "core/http/message.h"
#include "core/http/server/h1_head.h"

namespace skerry::http {

// A request head as it stands, not yet judged (request_check.h).
struct H1RequestHead {
  std::string method;
  std::string target;
  bool http10 = false;
  bool keep_alive = true;  // what version and Connection say
  bool has_body = false;   // chunked, or a Content-Length other than 0
  std::optional<uint64_t> content_length;
  Fields fields;  // all of them, names in lower case
};

// Thread and owner: one connection.
class H1RequestParser {
 public:
  class Events {
   public:
    virtual ~Events() = default;
    virtual void OnHead(H1RequestHead head) = 0;
    virtual void OnBody(std::string_view bytes) = 0;
    virtual void OnEnd(Fields trailers) = 0;
  };

  // `events` must outlive the parser.
  H1RequestParser(H1Limits limits, Events* events);
  ~H1RequestParser();

  // Parses from the front and says how many bytes are used up: call again with
  // the rest and what has come since. Stops after OnHead, behind the end of the
  // message, and at a flaw. Up to two empty lines before a request are skipped
  // (RFC 9112 2.2).
  size_t Parse(std::string_view bytes);

  // Inside a head or body (not between messages).
  bool in_message() const;
  bool in_body() const;
  bool at_end() const;  // OnEnd was called; Next begins another message
  H1Flaw flaw() const;  // kNone while all is well
  void Next();
  // Ends the parse under way from inside an event; nothing else is reported.
  void Stop();

 private:
  class State;
  const H1Limits limits_;
  Events* const events_;
  std::unique_ptr<State> state_;
};

}  // namespace skerry::http
