#include "pipeline/references/rewrite.h"

#include <algorithm>

#include "core/base/result.h"

namespace skerry::pipeline {
namespace {

std::string Escaped(std::string_view text, std::string_view special) {
  std::string out;
  for (const char c : text) {
    if (special.find(c) != std::string_view::npos) out.push_back('\\');
    out.push_back(c);
  }
  return out;
}

// URLs hold no newlines or control characters, so one backslash escapes what is special.
std::string Quoted(std::string_view url, Quoting quoting) {
  switch (quoting) {
    case Quoting::kPlain: return std::string(url);
    case Quoting::kCssUrl: return Escaped(url, "\"'()\\ \t");
    case Quoting::kCssDouble: return Escaped(url, "\"\\");
    case Quoting::kCssSingle: return Escaped(url, "'\\");
    case Quoting::kJson: return Escaped(url, "\"\\");
  }
  return std::string(url);
}

// Percent-encoded so that no context needs more quoting: attributes in any quotes or
// none, srcset lists, CSS and JSON.
std::string EncodedName(std::string_view name) {
  static constexpr char kDigits[] = "0123456789ABCDEF";
  std::string out;
  for (const char c : name) {
    const bool plain = (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
                       std::string_view("-._~@+").find(c) != std::string_view::npos;
    if (plain) {
      out.push_back(c);
    } else {
      out.push_back('%');
      out.push_back(kDigits[static_cast<uint8_t>(c) >> 4]);
      out.push_back(kDigits[static_cast<uint8_t>(c) & 15]);
    }
  }
  return out;
}

// The edits inside a fragment's text.
std::vector<Edit> InnerEdits(const Fragment& fragment, const Renamer& rename) {
  std::vector<Edit> edits;
  for (const Reference& reference : fragment.references) {
    const std::optional<std::string> url = rename(reference);
    if (!url || *url == reference.url) continue;
    edits.push_back({reference.offset, reference.length, Quoted(*url, reference.quoting)});
  }
  return edits;
}

}  // namespace

std::string EscapeAttribute(std::string_view text) {
  std::string out;
  for (const char c : text) {
    switch (c) {
      case '&': out += "&amp;"; break;
      case '<': out += "&lt;"; break;
      case '>': out += "&gt;"; break;
      case '"': out += "&quot;"; break;
      case '\'': out += "&#39;"; break;
      default: out.push_back(c);
    }
  }
  return out;
}

std::vector<Edit> RenameEdits(std::string_view file, const Document& document,
                              const Renamer& rename) {
  std::vector<Edit> edits;
  for (const Fragment& fragment : document.fragments) {
    std::vector<Edit> inner = InnerEdits(fragment, rename);
    if (inner.empty()) continue;
    const bool verbatim = file.substr(fragment.offset, fragment.length) == fragment.text;
    if (verbatim) {
      for (Edit& edit : inner) {
        edits.push_back({fragment.offset + edit.offset, edit.length, std::move(edit.text)});
      }
    } else {
      // Offsets in the decoded value are not offsets in the file: write it anew.
      edits.push_back({fragment.offset, fragment.length,
                       EscapeAttribute(Apply(fragment.text, std::move(inner)))});
    }
  }
  return edits;
}

std::string Apply(std::string_view file, std::vector<Edit> edits) {
  std::stable_sort(edits.begin(), edits.end(),
                   [](const Edit& a, const Edit& b) { return a.offset < b.offset; });
  std::string out;
  size_t at = 0;
  for (const Edit& edit : edits) {
    SKERRY_CHECK(edit.offset >= at && edit.offset + edit.length <= file.size());
    out.append(file.substr(at, edit.offset - at));
    out.append(edit.text);
    at = edit.offset + edit.length;
  }
  out.append(file.substr(at));
  return out;
}

std::string WithFileName(std::string_view url, size_t path_length, std::string_view path) {
  const std::string_view url_path = url.substr(0, path_length);
  const size_t slash = url_path.rfind('/');
  const size_t keep = slash == std::string_view::npos ? 0 : slash + 1;
  const std::string name = EncodedName(path.substr(path.rfind('/') + 1));
  return std::string(url_path.substr(0, keep)) + name + std::string(url.substr(path_length));
}

}  // namespace skerry::pipeline
