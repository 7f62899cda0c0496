// References of a web application manifest: the "src" of icons and screenshots.
#include <optional>

#include "pipeline/references/reference.h"

namespace skerry::pipeline {
namespace {

// A JSON string at text[at] == '"': its contents' end, or nothing when it never closes.
std::optional<size_t> StringEnd(std::string_view text, size_t at) {
  for (size_t i = at + 1; i < text.size(); ++i) {
    if (text[i] == '\\') {
      ++i;
    } else if (text[i] == '"') {
      return i;
    }
  }
  return std::nullopt;
}

// Undoes the escapes that URLs are written with. \u escapes stay: such a URL does not
// resolve to a file name and is reported.
std::string Unescaped(std::string_view raw) {
  std::string value;
  for (size_t i = 0; i < raw.size(); ++i) {
    if (raw[i] == '\\' && i + 1 < raw.size() && (raw[i + 1] == '/' || raw[i + 1] == '"')) ++i;
    value.push_back(raw[i]);
  }
  return value;
}

}  // namespace

Document ReadWebManifest(std::string_view json) {
  Fragment fragment{0, json.size(), std::string(json), false, {}};
  bool after_src = false;  // the last string was "src"
  bool is_value = false;   // and a colon followed
  for (size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (c == '"') {
      const std::optional<size_t> end = StringEnd(json, i);
      if (!end) break;
      const std::string_view raw = json.substr(i + 1, *end - i - 1);
      if (after_src && is_value) {
        fragment.references.push_back({i + 1, raw.size(), Unescaped(raw), Quoting::kJson});
      }
      after_src = raw == "src" && !is_value;
      is_value = false;
      i = *end;
    } else if (c == ':') {
      is_value = true;
    } else if (c == ',' || c == '{' || c == '}' || c == '[' || c == ']') {
      after_src = is_value = false;
    }
  }
  Document document;
  document.fragments.push_back(std::move(fragment));
  return document;
}

}  // namespace skerry::pipeline
