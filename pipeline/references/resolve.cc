#include "pipeline/references/resolve.h"

#include <algorithm>
#include <optional>

#include "core/asset/site_path.h"

namespace skerry::pipeline {
namespace {

bool HasScheme(std::string_view url) {
  const size_t colon = url.find(':');
  if (colon == std::string_view::npos || colon == 0) return false;
  for (size_t i = 0; i < colon; ++i) {
    const char c = url[i];
    const bool letter = (c | 0x20) >= 'a' && (c | 0x20) <= 'z';
    const bool other = (c >= '0' && c <= '9') || c == '+' || c == '-' || c == '.';
    if (!letter && (i == 0 || !other)) return false;
  }
  return true;
}

// "https://example.com/a" -> "/a" where the origin is the site's own.
std::optional<std::string_view> WithinOrigin(std::string_view url, std::string_view origin) {
  std::string_view rest;
  if (!origin.empty() && url.starts_with(origin)) {
    rest = url.substr(origin.size());
  } else if (const size_t slashes = origin.find("//");
             slashes != std::string_view::npos && url.starts_with(origin.substr(slashes))) {
    rest = url.substr(origin.size() - slashes);
  } else {
    return std::nullopt;
  }
  if (!rest.starts_with('/')) return std::nullopt;
  return rest;
}

std::string_view WithoutQuery(std::string_view url) {
  return url.substr(0, std::min(url.find_first_of("?#"), url.size()));
}

// The URL path that relative references start from, up to its last slash.
std::optional<std::string> BaseFolder(std::string_view document, std::string_view base,
                                      std::string_view origin) {
  std::string folder = asset::UrlOfSitePath(document);
  folder.resize(folder.rfind('/') + 1);
  if (base.empty()) return folder;
  std::string_view path = WithoutQuery(base);
  if (HasScheme(base) || base.starts_with("//")) {
    const std::optional<std::string_view> within = WithinOrigin(base, origin);
    if (!within) return std::nullopt;
    path = WithoutQuery(*within);
  }
  std::string joined = path.starts_with('/') ? std::string(path) : folder + std::string(path);
  joined.resize(joined.rfind('/') + 1);
  return joined;
}

}  // namespace

Resolved Resolve(std::string_view document, std::string_view base, std::string_view origin,
                 std::string_view url) {
  std::string_view text = url;
  size_t before = 0;  // bytes of scheme and host
  if (HasScheme(url) || url.starts_with("//")) {
    const std::optional<std::string_view> within = WithinOrigin(url, origin);
    if (!within) return {};
    before = url.size() - within->size();
    text = *within;
  }
  const std::string_view path = WithoutQuery(text);
  if (path.empty()) return {};  // "#part" and "?query" mean the document itself
  std::string full(path);
  if (!path.starts_with('/')) {
    const std::optional<std::string> folder = BaseFolder(document, base, origin);
    if (!folder) return {};
    full = *folder + full;
  }
  std::optional<std::string> site_path = asset::SitePathOfUrl(full);
  if (!site_path) return {Where::kMalformed, {}, 0};
  return {Where::kSite, *std::move(site_path), before + path.size()};
}

}  // namespace skerry::pipeline
