// Any bytes in any of the languages: every reference lies within its fragment, and
// renaming all of them leaves a document that names the new ones.
#include <cstdint>
#include <string>

#include "core/base/result.h"
#include "pipeline/references/reference.h"
#include "pipeline/references/rewrite.h"

namespace {

using skerry::pipeline::Document;
using skerry::pipeline::Fragment;
using skerry::pipeline::Reference;

void Check(std::string_view file, const Document& document) {
  for (const Fragment& fragment : document.fragments) {
    SKERRY_CHECK(fragment.offset + fragment.length <= file.size());
    for (const Reference& reference : fragment.references) {
      SKERRY_CHECK(reference.offset + reference.length <= fragment.text.size());
    }
  }
  skerry::pipeline::Apply(file, skerry::pipeline::RenameEdits(file, document, [](const Reference&) {
                            return std::optional<std::string>("renamed.12345678.css");
                          }));
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  if (size == 0) return 0;
  const std::string_view file(reinterpret_cast<const char*>(data) + 1, size - 1);
  switch (data[0] % 4) {
    case 0: Check(file, skerry::pipeline::ReadHtml(file)); break;
    case 1: Check(file, skerry::pipeline::ReadCss(file)); break;
    case 2: Check(file, skerry::pipeline::ReadWebManifest(file)); break;
    default: Check(file, skerry::pipeline::ReadScript(file)); break;
  }
  return 0;
}
