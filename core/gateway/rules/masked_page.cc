#include "core/gateway/rules/masked_page.h"

#include <algorithm>
#include <array>

namespace skerry::gateway {
namespace {

constexpr std::array<std::string_view, 37> kFiles = {
    "apng", "avif", "bmp",  "css",  "csv",   "doc", "docx", "eot", "gif", "gz",
    "ico",  "jpeg", "jpg",  "js",   "json",  "jxl", "m4a",  "map", "mjs", "mp3",
    "mp4",  "ogg",  "ogv",  "otf",  "pdf",   "png", "svg",  "ttf", "txt", "wasm",
    "wav",  "webm", "webp", "woff", "woff2", "xml", "zip"};
// Of these JSON is what the name says, or may be.
constexpr std::array<std::string_view, 3> kJsonFiles = {"json", "map", "txt"};

bool Among(const auto& list, std::string_view name) {
  return std::find(list.begin(), list.end(), name) != list.end();
}

}  // namespace

bool IsMaskedPage(std::string_view path, const http::ResponseHead& response) {
  if (response.status < 200 || response.status >= 300) return false;
  path = path.substr(0, path.find('?'));
  const size_t dot = path.rfind('.');
  if (dot == path.npos || path.size() - dot > 6) return false;
  const std::string ending = http::AsciiLower(path.substr(dot + 1));
  if (!Among(kFiles, ending)) return false;
  std::string type = http::AsciiLower(response.fields.Find("content-type").value_or(""));
  type.resize(std::min(type.find_first_of("; \t,"), type.size()));
  const bool json = type == "application/json" || type.ends_with("+json");
  if (json) return !Among(kJsonFiles, ending);
  return type == "text/html" || type == "application/xhtml+xml";
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
