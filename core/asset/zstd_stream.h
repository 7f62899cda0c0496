// zstd streams, plain and with a dictionary. Private to this room: use encoder.h and
// decoder.h.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/asset/encoder.h"
#include "core/base/bytes.h"

namespace skerry::asset {

// REQUIRES: 1 <= level <= 19, here and below.
std::unique_ptr<Encoder> MakeZstdEncoder(int level);
Result<std::string> CompressZstd(int level, std::string_view bytes);
// A frame that refers to `dictionary` as raw content.
Result<std::string> CompressZstdWith(int level, std::string_view dictionary,
                                     std::string_view bytes);
// `dictionary` may be empty.
Result<std::string> DecodeZstd(std::string_view dictionary, std::string_view coded,
                               ByteCount limit);

// Library and version that CompressZstd uses.
std::string ZstdVersion();

}  // namespace skerry::asset
