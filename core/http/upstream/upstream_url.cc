#include "core/http/upstream/upstream.h"
#include "core/http/url.h"

namespace skerry::http {
namespace {

tl::unexpected<Error> NotAnUpstream(std::string_view text) {
  return Fail(
      Code::kInvalid, Side::kConfig,
      "\"" + std::string(text.substr(0, 200)) +
          "\" is no upstream: expected http://HOST[:PORT][/PATH] or https://HOST[:PORT][/PATH]");
}

}  // namespace

Result<UpstreamUrl> UpstreamUrl::Parse(std::string_view text) {
  Result<Url> url = ParseUrl(text);
  if (!url || url->target.query || text.find('#') != std::string_view::npos) {
    return NotAnUpstream(text);
  }
  UpstreamUrl upstream;
  upstream.scheme = std::move(url->scheme);
  upstream.host = std::move(url->authority.host);
  if (upstream.host.starts_with('['))
    upstream.host = upstream.host.substr(1, upstream.host.size() - 2);
  upstream.port = url->authority.port;
  upstream.base_path = std::move(url->target.path);
  if (upstream.base_path.ends_with('/')) upstream.base_path.pop_back();
  return upstream;
}

std::string UpstreamUrl::authority() const {
  std::string text = host.find(':') == std::string::npos ? host : "[" + host + "]";
  if (port != DefaultPort(scheme)) text += ":" + std::to_string(port);
  return text;
}

}  // namespace skerry::http
