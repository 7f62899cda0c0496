#include "pipeline/references/reference.h"

namespace skerry::pipeline {
namespace {

using Reader = Document (*)(std::string_view);

Reader ReaderOf(std::string_view type) {
  if (type == "text/html" || type == "application/xhtml+xml" || type == "image/svg+xml") {
    return &ReadHtml;
  }
  if (type == "text/css") return &ReadCss;
  if (type == "application/manifest+json") return &ReadWebManifest;
  if (type == "text/javascript") return &ReadScript;
  return nullptr;
}

}  // namespace

bool HasReferences(std::string_view type) { return ReaderOf(type) != nullptr; }

Document ReadReferences(std::string_view type, std::string_view text) {
  const Reader reader = ReaderOf(type);
  return reader == nullptr ? Document{} : reader(text);
}

}  // namespace skerry::pipeline
