#include "core/gateway/early_hints.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <vector>

namespace skerry::gateway {
namespace {

constexpr size_t kMostLinks = 16;
constexpr size_t kMostBytes = 4096;
constexpr std::array<std::string_view, 3> kUseful = {"preload", "modulepreload", "preconnect"};

// The parts of `text` between separators that stand outside of <…> and "…".
std::vector<std::string_view> Split(std::string_view text, char separator) {
  std::vector<std::string_view> parts;
  bool quoted = false;
  bool in_uri = false;
  size_t begin = 0;
  for (size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : separator;
    if (i < text.size() && quoted) {
      if (c == '\\') ++i;
      quoted = c != '"';
    } else if (i < text.size() && in_uri) {
      in_uri = c != '>';
    } else if (c == separator) {
      parts.push_back(http::TrimBlanks(text.substr(begin, i - begin)));
      begin = i + 1;
    } else {
      quoted = c == '"';
      in_uri = c == '<';
    }
  }
  return parts;
}

// "rel=preload", "rel=\"preload prefetch\"": the first rel counts (RFC 8288 3.3).
bool IsUseful(std::string_view link) {
  const std::vector<std::string_view> parts = Split(link, ';');
  if (parts.empty() || parts[0].size() < 3 || parts[0].front() != '<' || parts[0].back() != '>') {
    return false;
  }
  for (const std::string_view part : parts) {
    const size_t equals = std::min(part.find('='), part.size());
    if (!http::EqualsIgnoreCase(http::TrimBlanks(part.substr(0, equals)), "rel")) continue;
    std::string value = http::AsciiLower(part.substr(std::min(equals + 1, part.size())));
    std::replace(value.begin(), value.end(), '"', ' ');
    return std::any_of(kUseful.begin(), kUseful.end(), [&](std::string_view word) {
      return (" " + value + " ").find(" " + std::string(word) + " ") != std::string::npos;
    });
  }
  return false;
}

}  // namespace

http::Fields EarlyHints(const http::Fields& stored) {
  http::Fields hints;
  size_t bytes = 0;
  for (const http::Field& field : stored) {
    if (field.name != "link") continue;
    for (const std::string_view link : Split(field.value, ',')) {
      if (!IsUseful(link)) continue;
      bytes += link.size();
      if (hints.size() == kMostLinks || bytes > kMostBytes) return hints;
      hints.Add("link", link);
    }
  }
  return hints;
}

}  // namespace skerry::gateway
