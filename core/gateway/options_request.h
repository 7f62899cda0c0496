// OPTIONS (RFC 9110 9.3.7). Asked of a resource it goes upstream like any method that is not
// cached. Asked of the server, "OPTIONS *", or of the last hop, it is ours to answer.
#pragma once

#include <string_view>

#include "core/http/message.h"
#include "core/http/server/server.h"

namespace skerry::gateway {

// OPTIONS that goes no further: its target is "*", or its Max-Forwards is 0 (RFC 9110 7.6.2).
bool EndsHere(const http::RequestHead& request);

// 204 with Allow.
http::Response AnswerOptions(std::string_view name);

// Max-Forwards of an OPTIONS becomes one less; in other methods it stays, and so does what is no
// number. REQUIRES: !EndsHere(request).
void CountHop(http::RequestHead& request);

}  // namespace skerry::gateway
