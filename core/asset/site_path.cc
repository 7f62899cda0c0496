#include "core/asset/site_path.h"

#include <cstdint>
#include <vector>

#include "core/asset/utf8.h"
#include "core/base/ascii.h"

namespace skerry::asset {
namespace {

bool StaysInUrl(char c) {
  if ((c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9')) return true;
  return std::string_view("-._~/!$&'()*+,;=:@").find(c) != std::string_view::npos;
}

// An encoded slash would become a separator that the client did not write.
std::optional<std::string> Decoded(std::string_view segment) {
  std::string out;
  for (size_t i = 0; i < segment.size(); ++i) {
    if (segment[i] != '%') {
      out.push_back(segment[i]);
      continue;
    }
    if (i + 2 >= segment.size()) return std::nullopt;
    const int high = HexValue(segment[i + 1]);
    const int low = HexValue(segment[i + 2]);
    if (high < 0 || low < 0) return std::nullopt;
    const char c = static_cast<char>(high * 16 + low);
    if (c == '/') return std::nullopt;
    out.push_back(c);
    i += 2;
  }
  return out;
}

}  // namespace

std::string_view WhyNotSitePath(std::string_view path) {
  if (path.empty()) return "is empty";
  if (path.front() != '/') return "does not begin with '/'";
  if (path.size() > kLongestSitePath) return "is longer than 1024 bytes";
  for (const char c : path) {
    if (static_cast<uint8_t>(c) < 0x20 || c == 0x7f) return "has a control character";
    if (c == '\\') return "has a backslash";
  }
  if (!IsUtf8(path)) return "is not UTF-8";
  for (size_t at = 1; at <= path.size();) {
    const size_t end = std::min(path.find('/', at), path.size());
    const std::string_view segment = path.substr(at, end - at);
    if (segment.empty()) {
      return end == path.size() ? "ends with '/'" : "has an empty segment";
    }
    if (segment == "." || segment == "..") return "has a '.' or '..' segment";
    at = end + 1;
  }
  return "";
}

std::optional<std::string> SitePathOfUrl(std::string_view url_path) {
  if (!url_path.starts_with('/')) return std::nullopt;
  std::vector<std::string> segments;
  bool directory = false;
  for (size_t at = 1; at <= url_path.size();) {
    const size_t end = std::min(url_path.find('/', at), url_path.size());
    std::optional<std::string> segment = Decoded(url_path.substr(at, end - at));
    if (!segment) return std::nullopt;
    const bool last = end == url_path.size();
    directory = last && (segment->empty() || *segment == "." || *segment == "..");
    if (*segment == "..") {
      if (!segments.empty()) segments.pop_back();
    } else if (*segment != "." && !(segment->empty() && last)) {
      segments.push_back(std::move(*segment));
    }
    at = end + 1;
  }
  if (directory) segments.push_back("index.html");
  std::string path;
  for (const std::string& segment : segments) path += "/" + segment;
  if (!WhyNotSitePath(path).empty()) return std::nullopt;
  return path;
}

std::string UrlOfSitePath(std::string_view path) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string url;
  for (const char c : path) {
    if (StaysInUrl(c)) {
      url.push_back(c);
    } else {
      url.push_back('%');
      url.push_back(kDigits[static_cast<uint8_t>(c) >> 4]);
      url.push_back(kDigits[static_cast<uint8_t>(c) & 15]);
    }
  }
  return url;
}

}  // namespace skerry::asset
