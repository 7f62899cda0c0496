#include "core/http/server/request_check.h"

#include <algorithm>
#include <utility>

#include "core/http/url.h"

namespace skerry::http {
namespace {

Problem Refusal(int status, std::string detail) {
  Problem problem;
  problem.status = status;
  problem.detail = std::move(detail);
  return problem;
}

// Blanks and control bytes never; a fragment never reaches a server (RFC 9112 3.2.1).
bool IsPath(std::string_view path) {
  return path.starts_with('/') && std::none_of(path.begin(), path.end(), [](char c) {
           const auto byte = static_cast<unsigned char>(c);
           return byte <= 0x20 || byte == 0x7f || byte == '#';
         });
}

// Splits "http://host/path" (RFC 9112 3.2.2); false if it is none.
bool SplitAbsolute(std::string_view target, RequestHead* head) {
  const size_t colon = target.find("://");
  if (colon == std::string_view::npos) return false;
  const std::string_view rest = target.substr(colon + 3);
  const size_t end = std::min(rest.find_first_of("/?"), rest.size());
  head->scheme = AsciiLower(target.substr(0, colon));
  head->authority = rest.substr(0, end);
  head->path = rest.substr(end);
  if (head->path.empty()) {
    head->path = head->method == "OPTIONS" ? "*" : "/";
  } else if (head->path[0] == '?') {
    head->path.insert(0, 1, '/');
  }
  return true;
}

}  // namespace

std::optional<Problem> Objection(const RequestHead& head, std::string_view scheme,
                                 size_t path_bytes, std::string_view known_authority) {
  if (!IsToken(head.method)) return Refusal(400, "The method is not a token.");
  if (head.method == "TRACE" || head.method == "CONNECT") {
    return Refusal(405, head.method + " is not offered here.");
  }
  if (head.scheme != scheme) {
    return Refusal(421, "The scheme of the request is not that of the connection.");
  }
  const bool known = !known_authority.empty() && head.authority == known_authority;
  if (!known && !ParseAuthority(head.authority, head.scheme)) {
    return Refusal(400, "Host or :authority is not HOST or HOST:PORT.");
  }
  return ObjectionToPath(head.path, head.method, path_bytes);
}

std::optional<Problem> ObjectionToPath(std::string_view path, std::string_view method,
                                       size_t path_bytes) {
  if (path.size() > path_bytes) {
    return Refusal(414,
                   "The path and query are longer than " + std::to_string(path_bytes) + " bytes.");
  }
  if (path == "*" && method == "OPTIONS") return std::nullopt;
  if (!IsPath(path)) {
    return Refusal(400, "The path does not begin with / or has bytes that must be escaped.");
  }
  return std::nullopt;
}

std::optional<Problem> FromH1(H1RequestHead from, std::string_view scheme, RequestHead* to) {
  to->method = std::move(from.method);
  const auto hosts = std::count_if(from.fields.begin(), from.fields.end(),
                                   [](const Field& field) { return field.name == "host"; });
  if (hosts != 1) return Refusal(400, "A request has exactly one Host field.");
  const std::string host(*from.fields.Find("host"));
  if (from.target.starts_with('/') || from.target == "*" || to->method == "CONNECT") {
    to->scheme = scheme;
    to->authority = host;
    to->path = std::move(from.target);
  } else if (!SplitAbsolute(from.target, to)) {
    return Refusal(400, "The request target is neither a path nor a URL.");
  } else if (!EqualsIgnoreCase(to->authority, host)) {
    return Refusal(400, "Host differs from the host in the request target.");
  }
  to->websocket = to->method == "GET" && !from.http10 && !from.has_body &&
                  UpgradesToWebSocket(from.fields) && from.fields.Has("sec-websocket-key");
  to->fields = std::move(from.fields);
  to->fields.Remove("host");
  RemoveHopByHop(to->fields);
  return std::nullopt;
}

Expectation TakeExpectation(Fields& fields) {
  const std::optional<std::string> expect = fields.Combined("expect");
  if (!expect) return Expectation::kNone;
  fields.Remove("expect");
  return EqualsIgnoreCase(*expect, "100-continue") ? Expectation::kContinue : Expectation::kUnknown;
}

void JoinCookies(Fields& fields) {
  const auto crumbs = std::count_if(fields.begin(), fields.end(),
                                    [](const Field& field) { return field.name == "cookie"; });
  if (crumbs < 2) return;
  std::string joined;
  for (const Field& field : fields) {
    if (field.name != "cookie") continue;
    if (!joined.empty()) joined += "; ";
    joined += field.value;
  }
  fields.Set("cookie", joined);
}

Problem ProblemOf(H1Flaw flaw) {
  switch (flaw) {
    case H1Flaw::kHeadTooLong:
    case H1Flaw::kTooManyFields:
      return Refusal(431, "The fields of the request pass the limits of this server.");
    case H1Flaw::kTargetTooLong: return Refusal(414, "The request line is too long.");
    case H1Flaw::kVersion: return Refusal(505, "Only HTTP/1.0, HTTP/1.1 and HTTP/2 are spoken.");
    case H1Flaw::kTransferCoding: return Refusal(501, "The only transfer coding is chunked.");
    default: return Refusal(400, "The request cannot be read: " + std::string(Name(flaw)) + ".");
  }
}

}  // namespace skerry::http
