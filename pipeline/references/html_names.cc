#include "pipeline/references/html_names.h"

#include <algorithm>

namespace skerry::pipeline {
namespace {

struct UrlAttribute {
  std::string_view tag;
  std::string_view attribute;
  Use use;
};

constexpr UrlAttribute kUrlAttributes[] = {
    {"a", "href", Use::kNavigate},
    {"area", "href", Use::kNavigate},
    {"audio", "src", Use::kLoad},
    {"body", "background", Use::kLoad},
    {"embed", "src", Use::kLoad},
    {"feimage", "href", Use::kLoad},
    {"frame", "src", Use::kNavigate},
    {"iframe", "src", Use::kNavigate},
    {"image", "href", Use::kLoad},
    {"image", "src", Use::kLoad},
    {"img", "src", Use::kLoad},
    {"input", "src", Use::kLoad},
    {"lineargradient", "href", Use::kLoad},
    {"mpath", "href", Use::kLoad},
    {"object", "data", Use::kLoad},
    {"pattern", "href", Use::kLoad},
    {"radialgradient", "href", Use::kLoad},
    {"script", "href", Use::kLoad},
    {"script", "src", Use::kLoad},
    {"source", "src", Use::kLoad},
    {"table", "background", Use::kLoad},
    {"td", "background", Use::kLoad},
    {"textpath", "href", Use::kLoad},
    {"th", "background", Use::kLoad},
    {"tr", "background", Use::kLoad},
    {"track", "src", Use::kLoad},
    {"use", "href", Use::kLoad},
    {"video", "poster", Use::kLoad},
    {"video", "src", Use::kLoad},
};

constexpr std::string_view kLoadingRels[] = {"apple-touch-icon",
                                             "apple-touch-icon-precomposed",
                                             "apple-touch-startup-image",
                                             "fluid-icon",
                                             "icon",
                                             "manifest",
                                             "mask-icon",
                                             "modulepreload",
                                             "preload",
                                             "stylesheet"};
constexpr std::string_view kOriginRels[] = {"dns-prefetch", "preconnect"};

bool HasWord(const std::string& words, std::string_view wanted) {
  size_t at = 0;
  while (at < words.size()) {
    const size_t begin = words.find_first_not_of(" \t\n\f\r", at);
    if (begin == std::string::npos) return false;
    const size_t end = std::min(words.find_first_of(" \t\n\f\r", begin), words.size());
    if (std::string_view(words).substr(begin, end - begin) == wanted) return true;
    at = end;
  }
  return false;
}

}  // namespace

std::optional<Use> UseOfLink(const std::string& rel) {
  for (const std::string_view word : kLoadingRels) {
    if (HasWord(rel, word)) return Use::kLoad;
  }
  for (const std::string_view word : kOriginRels) {
    if (HasWord(rel, word)) return std::nullopt;
  }
  return Use::kNavigate;
}

std::optional<Use> UseOfMeta(const std::string& words) {
  for (const std::string_view property :
       {"og:image", "og:image:url", "og:image:secure_url", "og:audio", "og:video", "twitter:image",
        "twitter:image:src", "image", "thumbnailurl", "msapplication-tileimage",
        "msapplication-config"}) {
    if (HasWord(words, property)) return Use::kMention;
  }
  return std::nullopt;
}

std::optional<Use> UseOfAttribute(std::string_view tag, std::string_view attribute) {
  for (const UrlAttribute& known : kUrlAttributes) {
    if (known.tag == tag && known.attribute == attribute) return known.use;
  }
  return std::nullopt;
}

}  // namespace skerry::pipeline
