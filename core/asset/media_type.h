// Media types: which one a file name stands for, and which are worth compressing.
#pragma once

#include <string_view>

namespace skerry::asset {

// By extension, whatever its case: "/a/B.SVG" is "image/svg+xml". Without parameters: HTML
// and CSS name their charset themselves. "application/octet-stream" when unknown. A
// file "x.html.br" is what its last extension says, so callers strip codings first.
std::string_view MediaTypeOf(std::string_view file_name);

// Whether text-like bytes of this type shrink. `type` may carry parameters and any
// case, as in Content-Type: "Text/HTML; charset=utf-8" does; images, audio, video,
// archives and WOFF fonts are compressed already; an empty or unknown type does not.
bool IsCompressible(std::string_view type);

}  // namespace skerry::asset
