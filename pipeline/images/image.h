// Pictures in memory, decoding and scaling (libvips stays in decode.cc).
#pragma once

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "core/base/result.h"

namespace skerry::pipeline {

// 8-bit sRGB pixels, row by row without gaps: 3 bytes each, or 4 with straight alpha.
struct Pixels {
  uint32_t width = 0;
  uint32_t height = 0;
  bool alpha = false;
  std::string bytes = {};

  uint32_t stride() const { return width * (alpha ? 4 : 3); }
};

// What a file's header says. Width and height as shown: orientation is applied.
struct ImageInfo {
  uint32_t width = 0;
  uint32_t height = 0;
  bool graphics = false;  // PNG: drawn rather than photographed
  bool animated = false;
};

// Call once before anything else of this header. Scaling then uses the calling thread
// alone, so that bytes do not depend on the number of cores.
Status StartImages();
// Frees what libvips holds for the calling thread.
void LeaveImages();

// "vips-8.14.1": part of every recipe's key.
std::string DecoderVersion();

// Reads only the header. kLimit when the picture has more than `max_pixels`; kInvalid
// when it is broken or no JPEG or PNG, with the library's words.
Result<ImageInfo> Probe(std::string_view file, uint64_t max_pixels);

// The picture at each of `widths` (descending, none above the source's): decoded once,
// orientation applied, converted to sRGB, alpha premultiplied while scaling; each level is
// made from the one before by Lanczos 3. A width equal to the source's is not scaled.
Result<std::vector<Pixels>> Pyramid(std::string_view file, const std::vector<uint32_t>& widths);

}  // namespace skerry::pipeline
