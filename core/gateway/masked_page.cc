#include "core/gateway/masked_page.h"

#include <algorithm>
#include <array>

namespace skerry::gateway {
namespace {

constexpr std::array<std::string_view, 31> kFiles = {
    "avif", "bmp", "css",  "csv", "doc",  "docx", "eot",  "gif",   "gz",  "ico", "jpeg",
    "jpg",  "js",  "json", "map", "mjs",  "mp3",  "mp4",  "otf",   "pdf", "png", "svg",
    "ttf",  "txt", "wasm", "wav", "webm", "webp", "woff", "woff2", "zip"};

}  // namespace

bool IsMaskedPage(std::string_view path, const http::ResponseHead& response) {
  if (response.status < 200 || response.status >= 300) return false;
  path = path.substr(0, path.find('?'));
  const size_t dot = path.rfind('.');
  if (dot == path.npos || path.size() - dot > 6) return false;
  const std::string ending = http::AsciiLower(path.substr(dot + 1));
  if (std::find(kFiles.begin(), kFiles.end(), ending) == kFiles.end()) return false;
  const std::string type = http::AsciiLower(response.fields.Find("content-type").value_or(""));
  return type.starts_with("text/html") || type.starts_with("application/xhtml+xml");
}

cache::Policy PolicyOfMaskedPage(cache::Policy policy) {
  policy.edge_ttl.reset();
  policy.default_ttl.reset();
  policy.browser_ttl.reset();
  policy.swr.reset();
  policy.sie.reset();
  policy.immutable = false;
  policy.heuristics = false;
  return policy;
}

}  // namespace skerry::gateway
