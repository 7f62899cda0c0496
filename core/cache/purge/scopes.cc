#include "core/cache/purge/scopes.h"

#include <algorithm>
#include <array>
#include <optional>

#include "core/base/bytes.h"
#include "core/base/digest.h"
#include "core/cache/key.h"
#include "core/http/no_vary_search.h"

namespace skerry::cache {
namespace {

enum Seed : uint64_t {
  kTagSeed = 0x746167,
  kHostSeed = 0x686f7374,
  kUrlSeed = 0x75726c,
  kSearchSeed = 0x71
};

uint64_t Hash(std::string_view text, Seed seed) {
  const uint64_t hash = Xxh3(text, seed);
  return hash != 0 ? hash : 1;
}

class TagList {
 public:
  void Add(std::string_view tag) {
    if (tag.empty() || tag.size() > kMaxTagBytes || hashes_.size() >= kMaxTags) return;
    const uint64_t hash = TagHash(tag);
    if (std::find(hashes_.begin(), hashes_.end(), hash) == hashes_.end()) hashes_.push_back(hash);
  }
  std::vector<uint64_t> Take() { return std::move(hashes_); }

 private:
  std::vector<uint64_t> hashes_;
};

void AddSplit(std::string_view value, std::string_view separators, TagList& to) {
  while (!value.empty()) {
    const size_t end = value.find_first_of(separators);
    to.Add(http::TrimBlanks(value.substr(0, end)));
    if (end == std::string_view::npos) return;
    value.remove_prefix(end + 1);
  }
}

void SkipBlanks(std::string_view& rest) {
  while (!rest.empty() && (rest.front() == ' ' || rest.front() == '\t')) rest.remove_prefix(1);
}

// RFC 9651 4.2.5. Nothing when it is not a string.
std::optional<std::string> TakeString(std::string_view& rest) {
  if (rest.empty() || rest.front() != '"') return std::nullopt;
  rest.remove_prefix(1);
  std::string value;
  while (!rest.empty()) {
    const char c = rest.front();
    rest.remove_prefix(1);
    if (c == '"') return value;
    if (c < 0x20 || c > 0x7e) return std::nullopt;
    if (c != '\\') {
      value += c;
      continue;
    }
    if (rest.empty() || (rest.front() != '"' && rest.front() != '\\')) return std::nullopt;
    value += rest.front();
    rest.remove_prefix(1);
  }
  return std::nullopt;
}

// Parameters mean nothing here (RFC 9875 2); they are passed over, not checked.
bool SkipParameters(std::string_view& rest) {
  while (!rest.empty() && rest.front() == ';') {
    rest.remove_prefix(1);
    while (!rest.empty() && rest.front() != ',' && rest.front() != ';') {
      if (rest.front() != '"') {
        rest.remove_prefix(1);
      } else if (!TakeString(rest)) {
        return false;
      }
    }
  }
  return true;
}

// A list of strings (RFC 9651 4.2.1); nothing at all unless the whole field parses.
std::vector<std::string> ParseGroups(std::string_view rest) {
  std::vector<std::string> groups;
  SkipBlanks(rest);
  while (!rest.empty()) {
    std::optional<std::string> group = TakeString(rest);
    if (!group || !SkipParameters(rest)) return {};
    groups.push_back(std::move(*group));
    SkipBlanks(rest);
    if (rest.empty()) return groups;
    if (rest.front() != ',') return {};
    rest.remove_prefix(1);
    SkipBlanks(rest);
    if (rest.empty()) return {};  // a trailing comma
  }
  return groups;
}

}  // namespace

uint64_t TagHash(std::string_view tag) { return Hash(tag, kTagSeed); }
uint64_t HostHash(std::string_view host) { return Hash(host, kHostSeed); }
uint64_t UrlHash(std::string_view url_without_scheme) { return Hash(url_without_scheme, kUrlSeed); }

size_t SearchPart(std::string_view path) { return Xxh3(path, kSearchSeed) % kSearchParts; }

uint64_t SearchHash(std::string_view host, size_t part) {
  return Xxh3(host, kSearchSeed + part) | 1;
}

uint64_t SearchHash(std::string_view url) {
  const std::string_view host = PurgeHost(url);
  const size_t question = std::min(url.find('?'), url.size());
  return SearchHash(host, SearchPart(url.substr(host.size(), question - host.size())));
}

namespace {

// Bytes of a path and a query that normalising leaves alone, wherever they stand.
constexpr std::array<bool, 256> kPlain = [] {
  std::array<bool, 256> plain{};
  for (size_t c = 0x21; c < 0x7f; ++c) plain[c] = c != '%' && c != '#';
  return plain;
}();

}  // namespace

bool IsPlainUrl(std::string_view url) {
  constexpr std::string_view kSchemes[] = {"https://", "http://"};
  const bool secure = url.starts_with(kSchemes[0]);
  if (!secure && !url.starts_with(kSchemes[1])) return false;
  url.remove_prefix(kSchemes[secure ? 0 : 1].size());
  size_t at = 0;
  for (; at < url.size() && url[at] != '/'; ++at) {
    const char c = url[at];
    const bool fits =
        (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '.' || c == '_';
    if (!fits) return false;
  }
  if (at == 0 || at > 255 || at == url.size()) return false;
  bool plain = true;  // without a branch for each byte
  for (; at < url.size(); ++at) {
    const char c = url[at];
    plain &= kPlain[static_cast<unsigned char>(c)] & !(c == '.' && url[at - 1] == '/');
  }
  return plain;
}

std::vector<uint64_t> TagsOf(const http::Fields& response) {
  TagList tags;
  for (const http::Field& line : response) {
    if (line.name == "cache-tag") AddSplit(line.value, ",", tags);
    if (line.name == "surrogate-key") AddSplit(line.value, " \t", tags);
  }
  if (const std::optional<std::string> groups = response.Combined("cache-groups")) {
    for (const std::string& group : ParseGroups(*groups)) tags.Add(group);
  }
  return tags.Take();
}

std::vector<std::string> GroupTags(std::string_view url, std::string_view groups) {
  const size_t host = url.find("://");
  const size_t path = host == url.npos ? url.npos : url.find_first_of("/?", host + 3);
  std::vector<std::string> tags;
  for (const std::string& group : ParseGroups(groups)) {
    if (tags.size() == kMaxTags) break;
    // NUL: neither a backend nor an origin can name such a tag.
    tags.push_back("skerry-group:" + std::string(url.substr(0, path)) + '\0' + group);
  }
  return tags;
}

std::vector<uint64_t> TagsOf(const http::Fields& response, std::string_view url) {
  std::vector<uint64_t> tags = TagsOf(response);
  const auto add = [&tags](uint64_t hash) {
    if (std::find(tags.begin(), tags.end(), hash) == tags.end()) tags.push_back(hash);
  };
  if (const std::optional<std::string> groups = response.Combined("cache-groups")) {
    for (const std::string& tag : GroupTags(url, *groups)) add(TagHash(tag));
  }
  if (response.Has("no-vary-search") && !http::ParseNoVarySearch(response).empty()) {
    const std::string_view name = PurgeUrl(url);
    add(UrlHash(name.substr(0, name.find('?'))));
    add(SearchHash(name));
  }
  return tags;
}

std::string SiteTag(std::string_view site) { return "skerry-site:" + std::string(site); }
std::string SiteMissTag(std::string_view site) { return "skerry-miss:" + std::string(site); }

// A path may hold commas, which Cache-Tag splits at.
std::string SitePathTag(std::string_view site, std::string_view path) {
  std::string both(site);
  both += '\0';
  both += path;
  std::string hash;
  PutBe64(hash, Xxh3(both, kUrlSeed));
  return "skerry-path:" + ToHex(hash);
}

}  // namespace skerry::cache
