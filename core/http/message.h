// HTTP messages as values: the heads of requests and responses, and what their words mean.
#pragma once

#include <string>
#include <string_view>

#include "core/http/fields.h"

namespace skerry::http {

// A request head, checked by the session that made it: method is a token, scheme
// is "http" or "https", authority has no userinfo and one port at most, path
// begins with "/" (or is "*" for OPTIONS; empty for CONNECT).
struct RequestHead {
  std::string method;
  std::string scheme;
  std::string authority;  // "example.com", "example.com:8443"; as the client wrote it
  std::string path;       // path and query, as the client wrote it
  Fields fields;          // without Host, connection-specific and pseudo fields
  // The opening handshake of a WebSocket (RFC 6455 4.1), over HTTP/1.1 only. Its body is
  // what the client says once it has been answered 101, and has no length.
  bool websocket = false;
  bool operator==(const RequestHead&) const = default;
};

struct ResponseHead {
  int status = 0;
  Fields fields;  // without connection-specific and pseudo fields
  bool operator==(const ResponseHead&) const = default;
};

// "OK", "Not Found"; "" for codes without a registered phrase.
std::string_view ReasonPhrase(int status);

// GET, HEAD, OPTIONS, TRACE (RFC 9110 9.2.1).
bool IsSafeMethod(std::string_view method);
// Safe ones, PUT and DELETE (RFC 9110 9.2.2).
bool IsIdempotentMethod(std::string_view method);
// 1xx, 204, 304, and any answer to HEAD have none (RFC 9110 6.4.1).
bool MayHaveBody(std::string_view method, int status);

// tchar+ (RFC 9110 5.6.2); names of fields are also lower case here.
bool IsToken(std::string_view text);
// No CR, LF, NUL, nor leading or trailing blanks (RFC 9110 5.5).
bool IsFieldValue(std::string_view text);

// Removes what belongs to one connection: Connection and what it names,
// Keep-Alive, Proxy-Connection, TE, Transfer-Encoding, Upgrade (RFC 9110 7.6.1),
// Proxy-Authenticate, Proxy-Authentication-Info and Proxy-Authorization.
void RemoveHopByHop(Fields& fields);
// Connection names Upgrade, and the one Upgrade is "websocket". Before RemoveHopByHop.
bool UpgradesToWebSocket(const Fields& fields);

std::string AsciiLower(std::string_view text);
bool EqualsIgnoreCase(std::string_view a, std::string_view b);
// Without leading and trailing SP and HTAB.
std::string_view TrimBlanks(std::string_view text);

}  // namespace skerry::http
