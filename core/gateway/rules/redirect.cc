#include "core/gateway/rules/redirect.h"

#include <algorithm>
#include <optional>

#include "core/http/url.h"

namespace skerry::gateway {
namespace {

// Calls `literal` with each run of text and `capture` with the number of each "$n".
template <class Literal, class Capture>
void Split(std::string_view to, const Literal& literal, const Capture& capture) {
  size_t begin = 0;
  for (size_t i = 0; i + 1 < to.size(); ++i) {
    if (to[i] != '$' || to[i + 1] < '1' || to[i + 1] > '9') continue;
    literal(to.substr(begin, i - begin));
    capture(static_cast<size_t>(to[i + 1] - '0'));
    begin = ++i + 1;
  }
  literal(to.substr(begin));
}

std::string Filled(std::string_view to, const std::vector<std::string_view>& captured) {
  std::string text;
  Split(
      to, [&](std::string_view literal) { text += literal; },
      [&](size_t number) {
        if (number <= captured.size()) text += captured[number - 1];
      });
  return text;
}

// Where the path begins in a URL or a path; npos if there is none.
size_t PathStart(std::string_view to) {
  const size_t scheme = to.find("://");
  return scheme == to.npos ? 0 : to.find('/', scheme + 3);
}

}  // namespace

Status CheckRedirectTarget(std::string_view to, size_t stars) {
  const auto refuse = [&](const std::string& why) {
    return Fail(Code::kInvalid, Side::kConfig, why + ", found \"" + std::string(to) + "\"");
  };
  const bool path = to.starts_with('/') && !to.starts_with("//");
  const bool url = to.starts_with("https://") || to.starts_with("http://");
  if (!path && !url) return refuse("expected \"/path\" or \"https://host/path\"");
  const size_t start = PathStart(to);
  if (to.substr(0, start).find('$') != to.npos) {
    return refuse("$1, $2, … stand behind the host only");
  }
  // Without a path behind the host a capture would lengthen the host.
  size_t most = 0;
  Split(
      to, [](std::string_view) {}, [&](size_t number) { most = std::max(most, number); });
  if (most > stars) {
    return refuse("$" + std::to_string(most) + " needs as many * in every path of match");
  }
  const std::string sample = Filled(to, std::vector<std::string_view>(9, "x"));
  const auto parsed = http::ParseUrl(path ? "https://host" + sample : sample);
  if (!parsed) return refuse(parsed.error().context);
  return {};
}

std::string LocationOf(const Redirect& redirect, const cache::Target& target) {
  std::optional<std::vector<std::string_view>> captured;
  for (const Glob& glob : redirect.from) {
    captured = glob.Capture(target.path);
    if (captured) break;
  }
  std::string location;
  if (redirect.to.starts_with('/')) location = target.scheme + "://" + target.host;
  location += Filled(redirect.to, captured.value_or(std::vector<std::string_view>{}));
  if (redirect.keep_query && target.has_query && !target.query.empty()) {
    const size_t fragment = std::min(location.find('#'), location.size());
    const bool has_query = location.find('?') < fragment;
    location.insert(fragment, (has_query ? "&" : "?") + target.query);
  }
  return location;
}

std::string HttpsLocation(const cache::Target& target, uint16_t port) {
  cache::Target https = target;
  https.scheme = "https";
  const size_t bracket = https.host.rfind(']');
  const size_t colon = https.host.rfind(':');
  if (colon != https.host.npos && (bracket == https.host.npos || colon > bracket)) {
    https.host.resize(colon);
  }
  if (port != 443) https.host += ":" + std::to_string(port);
  return https.Url();
}

}  // namespace skerry::gateway
