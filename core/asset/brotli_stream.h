// Brotli streams. Private to this room: use encoder.h and decoder.h.
#pragma once

#include <memory>
#include <string>
#include <string_view>

#include "core/asset/encoder.h"
#include "core/base/bytes.h"

namespace skerry::asset {

// REQUIRES: 2 <= level <= 11.
std::unique_ptr<Encoder> MakeBrotliEncoder(int level);
Result<std::string> CompressBrotli(int level, std::string_view bytes);
Result<std::string> DecodeBrotli(std::string_view coded, ByteCount limit);

// Library and version that CompressBrotli uses.
std::string BrotliVersion();

}  // namespace skerry::asset
