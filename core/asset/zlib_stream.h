// gzip streams. Private to this room: use encoder.h and decoder.h.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/asset/encoder.h"
#include "core/base/bytes.h"

namespace skerry::asset {

// REQUIRES: 1 <= level <= 9.
std::unique_ptr<Encoder> MakeGzipEncoder(int level);
// REQUIRES: 1 <= level <= 12.
Result<std::string> CompressGzip(int level, std::string_view bytes);
Result<std::string> DecodeGzip(std::string_view coded, ByteCount limit);

// Library and version that CompressGzip uses.
std::string GzipVersion();

}  // namespace skerry::asset
