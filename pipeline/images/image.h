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

// 8-bit pixels of sRGB or Display P3, row by row without gaps: 3 bytes each, or 4 with straight
// alpha.
struct Pixels {
  uint32_t width = 0;
  uint32_t height = 0;
  bool alpha = false;
  std::string bytes = {};
  bool p3 = false;

  uint32_t stride() const { return width * (alpha ? 4 : 3); }
};

// What a file's header says. Width and height as shown: orientation is applied.
struct ImageInfo {
  uint32_t width = 0;
  uint32_t height = 0;
  uint32_t frames = 1;
  bool graphics = false;  // PNG or GIF: drawn rather than photographed
  bool wide = false;      // brings a profile of more colours than sRGB's (icc.h)
  bool operator==(const ImageInfo&) const = default;
};

// What may be read at all; checked on the header, before anything is allocated.
struct ImageLimits {
  uint64_t pixels = 0;  // of a frame
  uint64_t frames = 0;
  uint64_t bytes = 0;  // of the file
};

// Call once before anything else of this header. Scaling then uses the calling thread
// alone, so that bytes do not depend on the number of cores.
Status StartImages();
// Frees what libvips holds for the calling thread.
void LeaveImages();

// "vips-8.14.1": part of every recipe's key.
std::string DecoderVersion();

// Reads only the header. kLimit names the limit that the picture is over; kInvalid when it is
// broken or none of JPEG, PNG, GIF and WebP, with the library's words.
Result<ImageInfo> Probe(std::string_view file, const ImageLimits& limits);

struct ScaleOptions {
  // What part of the picture is kept, so that its shape is `aspect` (width / height): the part
  // of that shape around the focal point, given in parts of the width and height. 0: all of it.
  double aspect = 0;
  double focus_x = 0.5;
  double focus_y = 0.5;
  bool p3 = false;  // a wide picture becomes Display P3 instead of sRGB
};

// The size of what `options` keep of a picture.
ImageInfo Part(ImageInfo info, const ScaleOptions& options);

// The picture at each of `widths` (descending, none above the source's): decoded once as a
// stream, orientation applied, converted to sRGB (or Display P3), alpha premultiplied while
// scaling; each level is made from the one before by Lanczos 3. A width equal to the source's is
// not scaled. Only levels are held in memory, unless the file is interlaced or must be turned.
Result<std::vector<Pixels>> Pyramid(std::string_view file, const std::vector<uint32_t>& widths,
                                    const ScaleOptions& options = {});

// An animation (GIF or WebP) as WebP of the same size and timing. `quality` 0 to 100.
Result<std::string> AnimatedWebp(std::string_view file, double quality);

}  // namespace skerry::pipeline
