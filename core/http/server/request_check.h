// What both protocols demand of a request before anybody else sees it (RFC 9110 4
// and 7, RFC 9112 3.2, RFC 9113 8.3). Pure functions.
#pragma once

#include <cstddef>
#include <optional>
#include <string_view>

#include "core/http/message.h"
#include "core/http/problem.h"
#include "core/http/server/h1_request_parser.h"

namespace skerry::http {

// Why a request is answered by the session itself: 400, 405 (TRACE, and CONNECT:
// we are no tunnel), 414, or 421 where the scheme is not the listener's. Nothing
// when it may go on. Checks everything the comment of RequestHead promises.
// `known_authority` passed before on this connection and is not looked at again.
std::optional<Problem> Objection(const RequestHead& head, std::string_view scheme,
                                 size_t path_bytes, std::string_view known_authority = {});

// The part of it that looks at the path.
std::optional<Problem> ObjectionToPath(std::string_view path, std::string_view method,
                                       size_t path_bytes);

// The head of an HTTP/1.1 request in our form: target (origin, absolute or
// asterisk) and Host become scheme, authority and path. An absolute target and
// Host must agree. Fields of the connection are removed; what they say of a WebSocket is
// kept in `websocket`. A problem when there is
// not exactly one Host, or the target is none of those forms.
std::optional<Problem> FromH1(H1RequestHead from, std::string_view scheme, RequestHead* to);

// Takes Expect out of the fields (we answer it ourselves).
enum class Expectation : uint8_t { kNone, kContinue, kUnknown };
Expectation TakeExpectation(Fields& fields);

// Fields become one "cookie: a; b" (RFC 9113 8.2.3).
void JoinCookies(Fields& fields);

// The answer to a message with this flaw: 400, 414, 431, 501 or 505.
Problem ProblemOf(H1Flaw flaw);

}  // namespace skerry::http
