// One pair of functions an image library. Private to this folder: use encode.h.
#pragma once

#include <string>
#include <string_view>

#include "core/base/result.h"
#include "pipeline/images/image.h"

namespace skerry::pipeline {

// The ICC profile that Pixels::p3 are tagged with where the format has no shorter word for it.
const std::string& DisplayP3Profile();

// `quantizer` 0 to 63 in halves. A whole step is about two points of the score; a half is made by
// flatter quantisation matrices.
Result<std::string> EncodeAvif(const Pixels& pixels, double quantizer, bool full_chroma);
Result<Pixels> DecodeAvif(std::string_view file, bool alpha);
std::string AvifVersion();

// `quality` 0 to 100.
Result<std::string> EncodeWebp(const Pixels& pixels, double quality, bool graphics);
Result<std::string> EncodeWebpLossless(const Pixels& pixels);
Result<Pixels> DecodeWebp(std::string_view file, bool alpha);
std::string WebpVersion();

// 4:2:0, optimised tables, sequential or progressive, whichever is smaller. `quality` 1 to
// 100 scales our own quantisation table. Alpha is put on white.
Result<std::string> EncodeJpeg(const Pixels& pixels, double quality);
Result<Pixels> DecodeJpeg(std::string_view file);
std::string JpegVersion();

// Without loss and at its smallest: palette, grey or no alpha where that is exact, the filter
// of each row chosen, deflated by libdeflate 12.
Result<std::string> EncodePng(const Pixels& pixels);
std::string PngVersion();

}  // namespace skerry::pipeline
