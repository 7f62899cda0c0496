#include "core/http/message.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "core/base/ascii.h"
#include "core/http/token.h"

namespace skerry::http {
namespace {

// RFC 9110 15 and the IANA registry of status codes, in order.
constexpr std::pair<int, std::string_view> kPhrases[] = {
    {100, "Continue"},
    {101, "Switching Protocols"},
    {102, "Processing"},
    {103, "Early Hints"},
    {200, "OK"},
    {201, "Created"},
    {202, "Accepted"},
    {203, "Non-Authoritative Information"},
    {204, "No Content"},
    {205, "Reset Content"},
    {206, "Partial Content"},
    {207, "Multi-Status"},
    {208, "Already Reported"},
    {226, "IM Used"},
    {300, "Multiple Choices"},
    {301, "Moved Permanently"},
    {302, "Found"},
    {303, "See Other"},
    {304, "Not Modified"},
    {305, "Use Proxy"},
    {307, "Temporary Redirect"},
    {308, "Permanent Redirect"},
    {400, "Bad Request"},
    {401, "Unauthorized"},
    {402, "Payment Required"},
    {403, "Forbidden"},
    {404, "Not Found"},
    {405, "Method Not Allowed"},
    {406, "Not Acceptable"},
    {407, "Proxy Authentication Required"},
    {408, "Request Timeout"},
    {409, "Conflict"},
    {410, "Gone"},
    {411, "Length Required"},
    {412, "Precondition Failed"},
    {413, "Content Too Large"},
    {414, "URI Too Long"},
    {415, "Unsupported Media Type"},
    {416, "Range Not Satisfiable"},
    {417, "Expectation Failed"},
    {421, "Misdirected Request"},
    {422, "Unprocessable Content"},
    {423, "Locked"},
    {424, "Failed Dependency"},
    {425, "Too Early"},
    {426, "Upgrade Required"},
    {428, "Precondition Required"},
    {429, "Too Many Requests"},
    {431, "Request Header Fields Too Large"},
    {451, "Unavailable For Legal Reasons"},
    {500, "Internal Server Error"},
    {501, "Not Implemented"},
    {502, "Bad Gateway"},
    {503, "Service Unavailable"},
    {504, "Gateway Timeout"},
    {505, "HTTP Version Not Supported"},
    {506, "Variant Also Negotiates"},
    {507, "Insufficient Storage"},
    {508, "Loop Detected"},
    {511, "Network Authentication Required"},
};

constexpr std::string_view kHopByHop[] = {
    "connection",         "keep-alive", "proxy-connection",   "te",
    "transfer-encoding",  "upgrade",    "proxy-authenticate", "proxy-authentication-info",
    "proxy-authorization"};

// The names in every Connection line, lower case.
std::vector<std::string> NamedByConnection(const Fields& fields) {
  std::vector<std::string> names;
  for (const Field& field : fields) {
    if (field.name != "connection") continue;
    std::string_view rest = field.value;
    while (!rest.empty()) {
      const size_t comma = std::min(rest.find(','), rest.size());
      const std::string_view name = TrimBlanks(rest.substr(0, comma));
      if (!name.empty()) names.push_back(AsciiLower(name));
      rest.remove_prefix(std::min(comma + 1, rest.size()));
    }
  }
  return names;
}

}  // namespace

std::string_view ReasonPhrase(int status) {
  const auto found =
      std::lower_bound(std::begin(kPhrases), std::end(kPhrases), status,
                       [](const auto& entry, int wanted) { return entry.first < wanted; });
  if (found == std::end(kPhrases) || found->first != status) return "";
  return found->second;
}

bool IsSafeMethod(std::string_view method) {
  return method == "GET" || method == "HEAD" || method == "OPTIONS" || method == "TRACE";
}

bool IsIdempotentMethod(std::string_view method) {
  return IsSafeMethod(method) || method == "PUT" || method == "DELETE";
}

bool MayHaveBody(std::string_view method, int status) {
  return method != "HEAD" && status >= 200 && status != 204 && status != 304;
}

bool IsToken(std::string_view text) {
  return !text.empty() &&
         std::all_of(text.begin(), text.end(), [](char c) { return TokenLower(c) != 0; });
}

bool IsFieldValue(std::string_view text) {
  if (text.find_first_of(std::string_view("\r\n\0", 3)) != std::string_view::npos) return false;
  return TrimBlanks(text).size() == text.size();
}

bool UpgradesToWebSocket(const Fields& fields) {
  const std::vector<std::string> named = NamedByConnection(fields);
  if (std::find(named.begin(), named.end(), "upgrade") == named.end()) return false;
  return EqualsIgnoreCase(fields.Combined("upgrade").value_or(""), "websocket");
}

void RemoveHopByHop(Fields& fields) {
  const auto of_hop = [](const Field& field) {
    return std::find(std::begin(kHopByHop), std::end(kHopByHop), field.name) != std::end(kHopByHop);
  };
  // What Connection names is only there with Connection itself.
  if (std::none_of(fields.begin(), fields.end(), of_hop)) return;
  const std::vector<std::string> named = NamedByConnection(fields);
  fields.RemoveIf([&](const Field& field) {
    return of_hop(field) || std::find(named.begin(), named.end(), field.name) != named.end();
  });
}

std::string AsciiLower(std::string_view text) { return skerry::AsciiLower(text); }

bool EqualsIgnoreCase(std::string_view a, std::string_view b) {
  return skerry::EqualsIgnoreCase(a, b);
}

std::string_view TrimBlanks(std::string_view text) {
  const size_t first = text.find_first_not_of(" \t");
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(" \t") - first + 1);
}

}  // namespace skerry::http
