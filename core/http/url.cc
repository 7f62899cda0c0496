#include "core/http/url.h"

#include <algorithm>

#include "core/base/ascii.h"
#include "core/http/message.h"

namespace skerry::http {
namespace {

tl::unexpected<Error> Refuse(std::string_view what, std::string_view text) {
  constexpr size_t kShown = 200;
  std::string context(what);
  context += ": ";
  context += text.substr(0, kShown);
  return Fail(Code::kInvalid, Side::kClient, std::move(context));
}

bool IsAlpha(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool IsDigit(char c) { return c >= '0' && c <= '9'; }
bool IsUnreserved(char c) {
  return IsAlpha(c) || IsDigit(c) || c == '-' || c == '.' || c == '_' || c == '~';
}

// Does it stay as it is, with no escape to look at and no segment to remove?
bool IsNormalPath(std::string_view path) {
  char before = 0;
  for (const char c : path) {
    const auto byte = static_cast<uint8_t>(c);
    if (byte <= 0x20 || c == 0x7f || c == '#' || c == '%' || (c == '.' && before == '/')) {
      return false;
    }
    before = c;
  }
  return !path.empty();
}

// Nothing if a triplet is broken or a byte may not stand in a URL.
std::optional<std::string> NormalizeEscapes(std::string_view text) {
  constexpr char kHex[] = "0123456789ABCDEF";
  std::string out;
  out.reserve(text.size());
  for (size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (static_cast<uint8_t>(c) <= 0x20 || c == 0x7f || c == '#') return std::nullopt;
    if (c != '%') {
      out.push_back(c);
      continue;
    }
    if (text.size() - i < 3) return std::nullopt;
    const int high = HexValue(text[i + 1]);
    const int low = HexValue(text[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    i += 2;
    const char decoded = static_cast<char>(high << 4 | low);
    if (IsUnreserved(decoded)) {
      out.push_back(decoded);
    } else {
      out.push_back('%');
      out.push_back(kHex[high]);
      out.push_back(kHex[low]);
    }
  }
  return out;
}

// RFC 3986 5.2.4, for paths that begin with "/".
std::string RemoveDotSegments(std::string_view path) {
  std::string out;
  out.reserve(path.size());
  while (!path.empty()) {
    const size_t end = std::min(path.find('/', 1), path.size());
    const std::string_view segment = path.substr(0, end);
    const bool last = end == path.size();
    path.remove_prefix(end);
    if (segment == "/.") {
      if (last) out += '/';
    } else if (segment == "/..") {
      out.resize(out.empty() ? 0 : out.rfind('/'));
      if (last) out += '/';
    } else {
      out += segment;
    }
  }
  return out;
}

bool IsHostName(std::string_view host) {
  return !host.empty() && host.size() <= 255 && std::all_of(host.begin(), host.end(), [](char c) {
    return IsAlpha(c) || IsDigit(c) || c == '-' || c == '.' || c == '_';
  });
}

// The letters of an address, not its grammar: connecting tells.
bool IsBracketed(std::string_view host) {
  if (host.size() < 4 || host.front() != '[' || host.back() != ']') return false;
  const std::string_view inside = host.substr(1, host.size() - 2);
  return inside.find(':') != std::string_view::npos &&
         std::all_of(inside.begin(), inside.end(),
                     [](char c) { return HexValue(c) >= 0 || c == ':' || c == '.'; });
}

std::optional<uint16_t> ParsePort(std::string_view text) {
  if (text.empty() || text.size() > 5 || !std::all_of(text.begin(), text.end(), IsDigit)) {
    return std::nullopt;
  }
  uint32_t port = 0;
  for (char c : text) port = port * 10 + static_cast<uint32_t>(c - '0');
  if (port == 0 || port > 65535) return std::nullopt;
  return static_cast<uint16_t>(port);
}

// A path (empty or with "/" in front) and a query that stand as in a URL.
Result<Target> MakeTarget(std::string_view text) {
  const size_t question = std::min(text.find('?'), text.size());
  const std::string_view before_query = text.substr(0, question);
  Target target;
  if (IsNormalPath(before_query)) {
    target.path = before_query;
  } else {
    const std::optional<std::string> path = NormalizeEscapes(before_query);
    if (!path) return Refuse("bad escape or byte in a path", text);
    target.path = RemoveDotSegments(*path);
    if (target.path.empty()) target.path = "/";
  }
  if (question < text.size()) {
    target.query = NormalizeEscapes(text.substr(question + 1));
    if (!target.query) return Refuse("bad escape or byte in a query", text);
  }
  return target;
}

// The scheme in front of "://" or "other:", in lower case; empty for relative references.
std::string SchemeOf(std::string_view text) {
  const size_t end = text.find_first_of(":/?#");
  if (end == std::string_view::npos || end == 0 || text[end] != ':' || !IsAlpha(text[0])) return "";
  const std::string_view scheme = text.substr(0, end);
  const bool valid = std::all_of(scheme.begin(), scheme.end(), [](char c) {
    return IsAlpha(c) || IsDigit(c) || c == '+' || c == '-' || c == '.';
  });
  return valid ? AsciiLower(scheme) : "";
}

// What stands behind "scheme:", beginning with "//".
Result<Url> ParseBehindScheme(std::string scheme, std::string_view rest) {
  rest.remove_prefix(2);
  const size_t end = std::min(rest.find_first_of("/?"), rest.size());
  Result<Authority> authority = ParseAuthority(rest.substr(0, end), scheme);
  if (!authority) return Fail(std::move(authority.error()));
  Result<Target> target = MakeTarget(rest.substr(end));
  if (!target) return Fail(std::move(target.error()));
  return Url{std::move(scheme), std::move(*authority), std::move(*target)};
}

}  // namespace

std::string Target::ToString() const { return query ? path + '?' + *query : path; }

bool IsNormalTarget(std::string_view text) {
  const size_t question = std::min(text.find('?'), text.size());
  const std::string_view query = text.substr(question);
  const bool query_stays = std::none_of(query.begin(), query.end(), [](char c) {
    return static_cast<uint8_t>(c) <= 0x20 || c == 0x7f || c == '#' || c == '%';
  });
  return query_stays && text.starts_with('/') && IsNormalPath(text.substr(0, question));
}

Result<Target> ParseTarget(std::string_view text) {
  if (!text.starts_with('/')) return Refuse("a request target begins with /", text);
  return MakeTarget(text);
}

uint16_t DefaultPort(std::string_view scheme) {
  if (scheme == "https") return 443;
  return scheme == "http" ? 80 : 0;
}

Result<Authority> ParseAuthority(std::string_view text, std::string_view scheme) {
  size_t host_end = text.find(':');
  if (text.starts_with('[')) {
    const size_t bracket = text.find(']');
    host_end = bracket == std::string_view::npos ? bracket : bracket + 1;
  }
  host_end = std::min(host_end, text.size());
  const std::string_view host = text.substr(0, host_end);
  if (!IsHostName(host) && !IsBracketed(host)) return Refuse("not a host", text);
  Authority authority{AsciiLower(host), DefaultPort(scheme)};
  const std::string_view behind = text.substr(host_end);
  if (behind.empty() || behind == ":") return authority;
  const std::optional<uint16_t> port = ParsePort(behind.substr(1));
  if (behind[0] != ':' || !port) return Refuse("not a port", text);
  authority.port = *port;
  return authority;
}

std::string Url::AuthorityText() const {
  if (authority.port == DefaultPort(scheme)) return authority.host;
  return authority.host + ':' + std::to_string(authority.port);
}

std::string Url::ToString() const { return scheme + "://" + AuthorityText() + target.ToString(); }

bool Url::SameOrigin(const Url& other) const {
  return scheme == other.scheme && authority == other.authority;
}

Result<Url> ParseUrl(std::string_view text) {
  const std::string_view whole = text;
  text = text.substr(0, text.find('#'));
  std::string scheme = SchemeOf(text);
  if (DefaultPort(scheme) == 0) return Refuse("a URL begins with http:// or https://", whole);
  text.remove_prefix(scheme.size() + 1);
  if (!text.starts_with("//")) return Refuse("a URL needs // behind its scheme", whole);
  return ParseBehindScheme(std::move(scheme), text);
}

Result<Url> Resolve(const Url& base, std::string_view reference) {
  reference = reference.substr(0, reference.find('#'));
  if (!SchemeOf(reference).empty()) return ParseUrl(reference);
  if (reference.starts_with("//")) return ParseBehindScheme(base.scheme, reference);
  if (reference.empty()) return base;
  std::string text;
  if (reference[0] == '?') {
    text = base.target.path;
  } else if (reference[0] != '/') {
    text = base.target.path.substr(0, base.target.path.rfind('/') + 1);
  }
  text += reference;
  Result<Target> target = MakeTarget(text);
  if (!target) return Fail(std::move(target.error()));
  return Url{base.scheme, base.authority, std::move(*target)};
}

std::vector<QueryPart> SplitQuery(std::string_view query) {
  std::vector<QueryPart> parts;
  for (bool more = true; more;) {
    const size_t end = std::min(query.find('&'), query.size());
    const std::string_view piece = query.substr(0, end);
    more = end < query.size();
    query.remove_prefix(std::min(end + 1, query.size()));
    const size_t equals = piece.find('=');
    if (equals == std::string_view::npos) {
      parts.push_back({piece, std::nullopt});
    } else {
      parts.push_back({piece.substr(0, equals), piece.substr(equals + 1)});
    }
  }
  return parts;
}

std::string JoinQuery(const std::vector<QueryPart>& parts) {
  std::string query;
  for (const QueryPart& part : parts) {
    if (&part != &parts.front()) query += '&';
    query += part.name;
    if (part.value) query.append("=").append(*part.value);
  }
  return query;
}

}  // namespace skerry::http
