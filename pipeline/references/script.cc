// Scripts are opaque: only the source map comment at their end is a reference.
#include "pipeline/references/reference.h"
#include "pipeline/references/source_map.h"

namespace skerry::pipeline {

Document ReadScript(std::string_view script) {
  Document document;
  Fragment fragment{0, script.size(), std::string(script), false, {}};
  for (const std::string_view opening : {"//# sourceMappingURL=", "//@ sourceMappingURL="}) {
    const size_t at = script.rfind(opening);
    const bool on_last_line =
        at != std::string_view::npos &&
        script.find_first_not_of(" \t\r\n", std::min(script.find('\n', at), script.size())) ==
            std::string_view::npos;
    if (!on_last_line) continue;
    if (std::optional<Reference> map = SourceMapReference(script.substr(at))) {
      map->offset += at;
      fragment.references.push_back(*std::move(map));
      break;
    }
  }
  // The comment itself is no mention: it is rewritten.
  const size_t end =
      fragment.references.empty() ? script.size() : fragment.references.front().offset;
  document.scripts.emplace_back(script.substr(0, end));
  document.fragments.push_back(std::move(fragment));
  return document;
}

}  // namespace skerry::pipeline
