#include <utility>

#include "core/gateway/explain/explain.h"
#include "core/http/percent.h"
#include "core/http/url.h"

namespace skerry::gateway {
namespace {

std::string Encode(std::string_view text) {
  static constexpr char kHex[] = "0123456789ABCDEF";
  std::string encoded;
  for (const char c : text) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
                       c == '-' || c == '.' || c == '_' || c == '~' || c == '/' || c == ':';
    if (plain) {
      encoded += c;
      continue;
    }
    encoded += '%';
    encoded += kHex[static_cast<uint8_t>(c) >> 4];
    encoded += kHex[static_cast<uint8_t>(c) & 15];
  }
  return encoded;
}

// Roughly: whoever looks it up says "unknown" of what is none.
bool IsAddress(std::string_view text) {
  return !text.empty() && text.find_first_not_of("0123456789abcdefABCDEF:.") == text.npos;
}

tl::unexpected<Error> Wrong(std::string what) {
  return Fail(Code::kInvalid, Side::kClient, std::move(what));
}

// As a client would send it: what follows the authority stays as it is written.
Status SetUrl(std::string_view url, http::RequestHead& request) {
  const Result<http::Url> parsed = http::ParseUrl(url);
  if (!parsed || (parsed->scheme != "http" && parsed->scheme != "https")) {
    return Wrong("url: expected https://host/path, found \"" + std::string(url) + "\"");
  }
  request.scheme = parsed->scheme;
  request.authority = parsed->AuthorityText();
  url = url.substr(0, url.find('#'));
  const size_t authority = url.find("://") + 3;
  const size_t path = url.find_first_of("/?", authority);
  request.path = path == url.npos ? "/" : std::string(url.substr(path));
  if (request.path.front() == '?') request.path.insert(0, "/");
  return {};
}

Status AddHeader(const std::string& line, http::RequestHead& request) {
  const size_t colon = line.find(':');
  const std::string name = http::AsciiLower(line.substr(0, colon));
  const std::string_view value =
      colon == line.npos ? "" : http::TrimBlanks(std::string_view(line).substr(colon + 1));
  if (colon == line.npos || !http::IsToken(name) || !http::IsFieldValue(value)) {
    return Wrong("header: expected \"Name: value\", found \"" + line + "\"");
  }
  if (name == "host") {
    request.authority = value;
  } else {
    request.fields.Add(name, value);
  }
  return {};
}

}  // namespace

Result<ExplainQuery> ParseExplainQuery(std::string_view path_and_query) {
  ExplainQuery query;
  query.request.method = "GET";
  std::optional<std::string> url;
  const size_t question = path_and_query.find('?');
  std::string_view rest =
      question == path_and_query.npos ? "" : path_and_query.substr(question + 1);
  while (!rest.empty()) {
    const size_t end = std::min(rest.find('&'), rest.size());
    const std::string_view part = rest.substr(0, end);
    rest.remove_prefix(std::min(end + 1, rest.size()));
    const size_t equals = std::min(part.find('='), part.size());
    const std::string_view name = part.substr(0, equals);
    const std::string value = http::PercentDecoded(part.substr(std::min(equals + 1, part.size())));
    if (name == "url" && !url) {
      url = value;
    } else if (name == "header") {
      if (Status added = AddHeader(value, query.request); !added) {
        return Fail(std::move(added.error()));
      }
    } else if (name == "method" && http::IsToken(value)) {
      query.request.method = value;
    } else if (name == "client" && IsAddress(value)) {
      query.client.host = value;
    } else if (name == "format" && (value == "json" || value == "text")) {
      query.json = value == "json";
    } else {
      return Wrong("cannot use \"" + std::string(part) +
                   "\": there is url, header, method, client=ADDRESS, format=json|text; inside the "
                   "url write & as "
                   "%26 and # as %23");
    }
  }
  if (!url) return Wrong("which URL? /explain?url=https://host/path&header=Name:%20value");
  const std::string host(query.request.authority);
  if (Status set = SetUrl(*url, query.request); !set) return Fail(std::move(set.error()));
  if (!host.empty()) query.request.authority = host;
  return query;
}

std::string ToExplainPath(std::string_view url, const std::vector<std::string>& headers,
                          bool json) {
  std::string path = "/explain?url=" + Encode(url);
  for (const std::string& header : headers) path += "&header=" + Encode(header);
  path += json ? "&format=json" : "&format=text";
  return path;
}

}  // namespace skerry::gateway
