#include "core/asset/media_type.h"

#include <algorithm>
#include <string>

#include "core/base/ascii.h"

namespace skerry::asset {
namespace {

struct Extension {
  std::string_view name;
  std::string_view type;
};

// Sorted by name, for binary search.
constexpr Extension kExtensions[] = {
    {"aac", "audio/aac"},
    {"apng", "image/apng"},
    {"atom", "application/atom+xml"},
    {"avif", "image/avif"},
    {"bmp", "image/bmp"},
    {"bz2", "application/x-bzip2"},
    {"cjs", "text/javascript"},
    {"css", "text/css"},
    {"csv", "text/csv"},
    {"eot", "application/vnd.ms-fontobject"},
    {"flac", "audio/flac"},
    {"geojson", "application/geo+json"},
    {"gif", "image/gif"},
    {"glb", "model/gltf-binary"},
    {"gltf", "model/gltf+json"},
    {"gz", "application/gzip"},
    {"htm", "text/html"},
    {"html", "text/html"},
    {"ico", "image/x-icon"},
    {"ics", "text/calendar"},
    {"jpeg", "image/jpeg"},
    {"jpg", "image/jpeg"},
    {"js", "text/javascript"},
    {"json", "application/json"},
    {"jsonld", "application/ld+json"},
    {"jxl", "image/jxl"},
    {"m4a", "audio/mp4"},
    {"map", "application/json"},
    {"md", "text/markdown"},
    {"mid", "audio/midi"},
    {"mjs", "text/javascript"},
    {"mov", "video/quicktime"},
    {"mp3", "audio/mpeg"},
    {"mp4", "video/mp4"},
    {"oga", "audio/ogg"},
    {"ogg", "audio/ogg"},
    {"ogv", "video/ogg"},
    {"opus", "audio/ogg"},
    {"otf", "font/otf"},
    {"pdf", "application/pdf"},
    {"png", "image/png"},
    {"rss", "application/rss+xml"},
    {"svg", "image/svg+xml"},
    {"tar", "application/x-tar"},
    {"tif", "image/tiff"},
    {"tiff", "image/tiff"},
    {"ttc", "font/collection"},
    {"ttf", "font/ttf"},
    {"txt", "text/plain"},
    {"vtt", "text/vtt"},
    {"wasm", "application/wasm"},
    {"wav", "audio/wav"},
    {"weba", "audio/webm"},
    {"webm", "video/webm"},
    {"webmanifest", "application/manifest+json"},
    {"webp", "image/webp"},
    {"woff", "font/woff"},
    {"woff2", "font/woff2"},
    {"xhtml", "application/xhtml+xml"},
    {"xml", "application/xml"},
    {"xsl", "application/xslt+xml"},
    {"xz", "application/x-xz"},
    {"yaml", "application/yaml"},
    {"yml", "application/yaml"},
    {"zip", "application/zip"},
    {"zst", "application/zstd"},
};
static_assert(std::is_sorted(std::begin(kExtensions), std::end(kExtensions),
                             [](const Extension& a, const Extension& b) {
                               return a.name < b.name;
                             }));

constexpr std::string_view kCompressible[] = {
    "application/dash+xml",
    "application/ecmascript",
    "application/graphql",
    "application/javascript",
    "application/json",
    "application/ndjson",
    "application/sql",
    "application/vnd.apple.mpegurl",
    "application/vnd.ms-fontobject",
    "application/wasm",
    "application/x-javascript",
    "application/x-ndjson",
    "application/xml",
    "application/yaml",
    "font/collection",
    "font/otf",
    "font/ttf",
    "image/bmp",
    "image/vnd.microsoft.icon",
    "image/x-icon",
};
static_assert(std::is_sorted(std::begin(kCompressible), std::end(kCompressible)));

}  // namespace

std::string_view MediaTypeOf(std::string_view file_name) {
  constexpr std::string_view kUnknown = "application/octet-stream";
  const std::string_view name = file_name.substr(file_name.rfind('/') + 1);
  const size_t dot = name.rfind('.');
  if (dot == std::string_view::npos) return kUnknown;
  const std::string extension = AsciiLower(name.substr(dot + 1));
  const auto* found = std::lower_bound(
      std::begin(kExtensions), std::end(kExtensions), extension,
      [](const Extension& a, const std::string& wanted) { return a.name < wanted; });
  if (found == std::end(kExtensions) || found->name != extension) return kUnknown;
  return found->type;
}

bool IsCompressible(std::string_view type) {
  type = type.substr(0, type.find(';'));
  const size_t from = type.find_first_not_of(" \t");
  if (from == std::string_view::npos) return false;
  type = type.substr(from, type.find_last_not_of(" \t") + 1 - from);
  const std::string lower = AsciiLower(type);
  // An event stream is sent as it comes: compression would hold events back.
  if (lower == "text/event-stream") return false;
  if (lower.starts_with("text/") || lower.ends_with("+json") || lower.ends_with("+xml")) {
    return true;
  }
  return std::binary_search(std::begin(kCompressible), std::end(kCompressible), lower);
}

}  // namespace skerry::asset
