// Step "store": what upstream answered becomes what is kept, or a reason why not.
// Pure functions over values; RFC 9111 itself is in core/cache/freshness.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "core/cache/entry.h"
#include "core/cache/fill/fill.h"
#include "core/gateway/route.h"
#include "core/http/message.h"

namespace skerry::gateway {

struct StoreInput {
  const cache::Key& key;
  const http::RequestHead& client_request;  // as the client sent it
  const http::RequestHead& sent;            // as it went upstream
  http::ResponseHead response;              // as it came
  const Route& route;
  cache::Stamp stamp;
  WallTime request_time;
  WallTime response_time;
  bool may_store = true;   // false: fetched for one client alone
  bool keep_tags = false;  // a shield's answer to an edge keeps them
};

// The answer with everything computed that a stored response needs. `storable` says
// whether it may be kept at all. Content-Length moves from the fields to `length`.
cache::Answer MakeAnswer(StoreInput input);

// Adds to an answer what its siblings, the stored responses of its key, know about who
// is given the same representation. The one whose place it takes is among them.
void LearnFrom(const std::vector<cache::EntryPtr>& siblings, cache::StoredHead* head);

// Does this 304 speak of the stored response (RFC 9111 4.3.4)? If not, the request is
// to be sent again without conditions.
bool IsConfirmed(const cache::Entry& stored, const http::Fields& from_304);

// Does this 200 to a HEAD speak of the stored response (RFC 9111 4.3.5)? If not, the
// stored response is out of date.
bool IsConfirmedByHead(const cache::Entry& stored, const http::Fields& from_head);

// A stored response made fresh by the 304, or the 200 to a HEAD, that is `input`.response.
// `storable` says whether it may be kept with the fields it has now.
std::shared_ptr<cache::Entry> Freshen(const cache::Entry& stored, StoreInput input,
                                      cache::Storable* storable);

// "/assets/app.9f2c0a1b.css" with `immutable`: named by its bytes, as the origin
// itself says. Fenced nodes may go on serving such a response.
bool IsContentHashed(std::string_view path, const cache::Lifetimes& lifetimes);

}  // namespace skerry::gateway
